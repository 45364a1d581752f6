using Barnabas.Base.Loops;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Which changes of the metadata the replicas have taken in, each a round over the shards that it touches. Owned by the loop of
/// <see cref="LocalReplicas"/>.
/// </summary>
internal sealed class ChangeRounds(Loop loop)
{
    private readonly Queue<ChangeRound> _rounds = new();
    private readonly List<(long Offset, Action Done)> _waiting = [];
    private Action? _whenNone;
    private long _appliedOffset = -1;

    /// <summary>A change begins that brings the metadata to this end offset.</summary>
    internal ChangeRound Begin(long offset)
    {
        var round = new ChangeRound(this, offset);
        _rounds.Enqueue(round);
        return round;
    }

    /// <summary>Runs an action once all up to an offset is taken in; at once where it is.</summary>
    internal void WhenApplied(long offset, Action done)
    {
        if (_appliedOffset >= offset)
        {
            done();
            return;
        }

        _waiting.Add((offset, done));
    }

    /// <summary>Runs an action once no round is under way; at once where none is.</summary>
    internal void WhenNone(Action done)
    {
        _whenNone = done;
        TellNone();
    }

    /// <summary>The last shard of a round is done. Any thread.</summary>
    internal void Ended() => loop.Post(new ActionTask(Take));

    // Rounds may end out of order; an offset is applied when all up to it have ended.
    private void Take()
    {
        while (_rounds.TryPeek(out var round) && round.HasEnded)
        {
            _rounds.Dequeue();
            _appliedOffset = Math.Max(_appliedOffset, round.Offset);
        }

        var ready = _waiting.FindAll(w => w.Offset <= _appliedOffset);
        _waiting.RemoveAll(w => w.Offset <= _appliedOffset);
        foreach (var (_, done) in ready)
        {
            done();
        }

        TellNone();
    }

    private void TellNone()
    {
        if (_rounds.Count == 0)
        {
            _whenNone?.Invoke();
            _whenNone = null;
        }
    }
}

/// <summary>
/// The countdown over the shards that one change of the metadata touches; owned by nobody, the last to be done reports.
/// </summary>
internal sealed class ChangeRound(ChangeRounds rounds, long offset)
{
    private int _left = 1;

    internal long Offset => offset;

    internal bool HasEnded => Volatile.Read(ref _left) == 0;

    internal void Begin() => Interlocked.Increment(ref _left);

    internal void Done()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            rounds.Ended();
        }
    }
}
