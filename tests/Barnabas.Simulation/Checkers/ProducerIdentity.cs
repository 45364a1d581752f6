using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Checkers;

/// <summary>Which epochs a transactional id has given out: each to one producer, and only higher ones. Owned by the world.</summary>
internal sealed class ProducerEpochs(string id)
{
    private const long OnTheWayUsMax = 3_000_000; // longer than any request is held up

    private readonly List<long> _begunUs = [];
    private readonly HashSet<(long ProducerId, short Epoch)> _given = [];

    /// <summary>The newest that somebody was told.</summary>
    public (long ProducerId, short Epoch) Newest { get; private set; } = (-1, -1);

    /// <summary>A request to begin goes out at a time, in microseconds; gives its number.</summary>
    public int Begin(long nowUs)
    {
        _begunUs.Add(nowUs);
        return _begunUs.Count - 1;
    }

    /// <summary>True where another request to begin may have been decided after the one with a number.</summary>
    public bool MayHaveFenced(int begun) =>
        begun < _begunUs.Count - 1 || (begun > 0 && _begunUs[begun] - _begunUs[begun - 1] < OnTheWayUsMax);

    /// <summary>A producer was told its id and epoch, having asked when another was the newest.</summary>
    public void Give(long producerId, short epoch, (long ProducerId, short Epoch) newestThen)
    {
        ViolationException.Unless(
            IsNewer(producerId, epoch, newestThen), $"{id}: epoch {epoch} of {producerId} was given after {newestThen}");
        ViolationException.Unless(_given.Add((producerId, epoch)), $"{id}: epoch {epoch} of {producerId} was given twice");
        See(producerId, epoch);
    }

    /// <summary>Somebody was told an epoch.</summary>
    public void See(long producerId, short epoch)
    {
        if (IsNewer(producerId, epoch, Newest))
        {
            Newest = (producerId, epoch);
        }
    }

    // Ids are given in ascending order.
    private static bool IsNewer(long producerId, short epoch, (long ProducerId, short Epoch) than) =>
        (producerId, epoch).CompareTo(than) > 0;
}

/// <summary>Who a producer is to its coordinator. Owned by the client.</summary>
internal sealed class ProducerIdentity(SimWorld world, string id, ProducerEpochs epochs)
{
    public string Id => id;

    public ProducerEpochs Epochs => epochs;

    public long ProducerId { get; private set; } = -1;

    public short Epoch { get; private set; } = -1;

    /// <summary>True when a newer producer was told its epoch: nothing that is sent from now on may be taken.</summary>
    public bool IsFenced => epochs.Newest != (ProducerId, Epoch);

    /// <summary>It was told who it is.</summary>
    public void Become(long producerId, short epoch)
    {
        if (producerId != ProducerId && !world.Metadata.Knows(producerId))
        {
            world.Metadata.GaveProducerId(producerId);
        }

        (ProducerId, Epoch) = (producerId, epoch);
        ViolationException.Unless(
            world.Shadows.HasGiven(producerId, epoch), $"{id}: epoch {epoch} of {producerId} was given, and is not committed");
    }

    /// <summary>It is somebody new from here on.</summary>
    public void Forget() => (ProducerId, Epoch) = (-1, -1);
}
