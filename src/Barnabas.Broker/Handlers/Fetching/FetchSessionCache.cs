using Barnabas.Base.Seams;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// The fetch sessions of one broker, at most <c>max.incremental.fetch.session.cache.slots</c>. Shared by all I/O loops under a lock that is
/// held for a dictionary look-up, and longer only when a session is made.
/// </summary>
internal sealed class FetchSessionCache(int slotsMax, IClock clock, Randomness randomness)
{
    // Kafka's own minimum: a session that was used within this time is not put out for another.
    private const long EvictionAgeUs = 120_000_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    public FetchSession? Find(int id)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(id, out var session))
            {
                return null;
            }

            session.LastUsedUs = clock.MonotonicUs;
            return session;
        }
    }

    /// <summary>A new session that the caller has entered, or null when the cache is full of younger ones.</summary>
    public FetchSession? TryCreate(bool usesTopicIds)
    {
        lock (_lock)
        {
            if (_sessions.Count >= slotsMax && !TryEvict())
            {
                return null;
            }

            int id;
            do
            {
                id = (int)(randomness.NextUInt64() & int.MaxValue);
            }
            while (id == 0 || _sessions.ContainsKey(id));
            var session = new FetchSession(id, usesTopicIds) { LastUsedUs = clock.MonotonicUs };
            session.TryEnter();
            _sessions.Add(id, session);
            return session;
        }
    }

    public void Remove(int id)
    {
        lock (_lock)
        {
            _sessions.Remove(id);
        }
    }

    private bool TryEvict()
    {
        FetchSession? oldest = null;
        foreach (var session in _sessions.Values)
        {
            if (oldest is null || session.LastUsedUs < oldest.LastUsedUs)
            {
                oldest = session;
            }
        }

        return oldest is not null && clock.MonotonicUs - oldest.LastUsedUs > EvictionAgeUs && _sessions.Remove(oldest.Id);
    }
}
