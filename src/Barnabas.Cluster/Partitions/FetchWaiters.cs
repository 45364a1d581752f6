namespace Barnabas.Cluster.Partitions;

/// <summary>Fetches that wait for something new in one partition. Owned by the partition's shard.</summary>
internal sealed class FetchWaiters
{
    private FetchInterest? _first;

    public bool IsEmpty => _first is null;

    public void Add(FetchInterest interest)
    {
        interest.Previous = null;
        interest.Following = _first;
        if (_first is not null)
        {
            _first.Previous = interest;
        }

        _first = interest;
        interest.Linked = true;
    }

    /// <summary>Takes an interest out; nothing if it is not in.</summary>
    public void Remove(FetchInterest interest)
    {
        if (!interest.Linked)
        {
            return;
        }

        if (interest.Previous is null)
        {
            _first = interest.Following;
        }
        else
        {
            interest.Previous.Following = interest.Following;
        }

        if (interest.Following is not null)
        {
            interest.Following.Previous = interest.Previous;
        }

        interest.Previous = null;
        interest.Following = null;
        interest.Linked = false;
    }

    /// <summary>Wakes every fetch here that nobody has woken yet; they stay linked until they ask to be forgotten.</summary>
    public void WakeAll() => Wake(followersOnly: false);

    /// <summary>Wakes the fetches of followers: the log has grown, and nothing more is committed.</summary>
    public void WakeFollowers() => Wake(followersOnly: true);

    private void Wake(bool followersOnly)
    {
        for (var interest = _first; interest is not null;)
        {
            // A woken fetch may be answered on another thread at once, but unlinking is a task of this shard and comes later.
            var following = interest.Following;
            if ((interest.IsFollower || !followersOnly) && interest.Wait.TryWake())
            {
                interest.Wait.OnWoken();
            }

            interest = following;
        }
    }
}
