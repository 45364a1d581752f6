using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// A machine on its partition: loads it when this node comes to lead, drops it when it does not any more, and lets replies out as the high
/// watermark moves. Owned by the loop of the partition's shard.
/// </summary>
public sealed class PartitionMachine<TMachine, TRecord> : ReplicaResident
    where TMachine : class, IMachine<TRecord>
    where TRecord : class
{
    private const int PieceBytes = 512 * 1024;
    private const long ProgressEveryUs = 5_000_000;

    private readonly Replica _replica;
    private readonly PartitionJournal<TRecord> _journal;
    private readonly PartitionReplay<TRecord> _replay;
    private readonly RecordCodec<TRecord> _codec;
    private readonly Loop _background;
    private readonly Action<string> _report;
    private int _leaderEpoch = -1;
    private int _load;
    private long _loadBeganUs, _progressDueUs;

    /// <summary>A machine that is not loaded; <see cref="Changed"/> tells it to.</summary>
    /// <param name="replica">Where it lives.</param>
    /// <param name="machine">Its state.</param>
    /// <param name="codec">Its records in the log.</param>
    /// <param name="refusals">What it answers while it cannot decide.</param>
    /// <param name="background">A loop that may wait for the disk.</param>
    /// <param name="report">Takes a sentence about a log that cannot be replayed. In the shard's turn.</param>
    public PartitionMachine(
        Replica replica, TMachine machine, RecordCodec<TRecord> codec, MachineRefusals refusals, Loop background, Action<string> report)
    {
        _replica = replica;
        _background = background;
        _report = report;
        _codec = codec;
        _journal = new PartitionJournal<TRecord>(replica, codec);
        _replay = new PartitionReplay<TRecord>(replica, codec, PieceBytes);
        Host = new MachineHost<TMachine, TRecord>(machine, _journal, refusals) { Torn = () => Lose(ErrorCode.KafkaStorageError) };
    }

    /// <summary>Takes a sentence on a load that takes long, every five seconds and at its end. In the shard's turn.</summary>
    public Action<string> Progress { get; init; } = static _ => { };

    /// <summary>Decides for it.</summary>
    public MachineHost<TMachine, TRecord> Host { get; }

    /// <summary>The loop that owns it.</summary>
    public Loop Loop => _replica.Shard.Loop;

    /// <inheritdoc/>
    public override void Changed(ReplicaState state)
    {
        if (state.IsLeader && state.LeaderEpoch != _leaderEpoch && _replica.Failure is null)
        {
            // Somebody else may have led in between.
            Lose(ErrorCode.NotLeaderOrFollower);
            _leaderEpoch = state.LeaderEpoch;
            var start = _replica.View.LogStartOffset;
            Host.BeginLoad(start);
            _loadBeganUs = Loop.NowUs;
            _progressDueUs = _loadBeganUs + ProgressEveryUs;
            ReadOn(_load, start);
        }
        else if (!state.IsLeader)
        {
            Lose(ErrorCode.NotLeaderOrFollower);
        }
    }

    /// <inheritdoc/>
    public override void HighWatermarkAdvanced()
    {
        _journal.ReleaseWritten();
        Host.Release();
    }

    /// <inheritdoc/>
    public override void TransactionEnded(long producerId, bool isCommit, long offset)
    {
        if (_codec.ReadTransactionEnd(producerId, isCommit) is { } record)
        {
            Host.Follow(record, offset);
        }
    }

    /// <inheritdoc/>
    public override void Failed(ErrorCode error) => Lose(error);

    /// <summary>The partition is gone from this node.</summary>
    public override void Removed()
    {
        Lose(ErrorCode.NotLeaderOrFollower);
        _journal.Dispose();
    }

    /// <summary>
    /// Answers everyone who waits with the error, and lets a load that runs come to nothing: for a node that stops. Only the owner.
    /// </summary>
    public void Stop(ErrorCode error) => Lose(error);

    private void Lose(ErrorCode error)
    {
        _leaderEpoch = -1;
        _load++;
        Host.Unload(error);
    }

    private void ReadOn(int load, long offset) => _background.Post(new ActionTask(() =>
    {
        try
        {
            var piece = _replay.Read(offset);
            Loop.Post(new ActionTask(() => Take(load, piece)));
        }
        catch (Exception e) when (e is IOException or MalformedException)
        {
            if (e is IOException disk)
            {
                _replica.ReadFailed(disk);
            }

            Loop.Post(new ActionTask(() => GiveUp(load, e)));
        }
    }));

    private void Take(int load, ReplayedPiece<TRecord> piece)
    {
        // A node that stops unloads its machines while pieces may still be under way.
        if (load != _load)
        {
            return;
        }

        foreach (var (record, offset) in piece.Records)
        {
            Host.Load(record, offset);
        }

        if (piece.IsLast && piece.NextOffset >= _journal.EndOffset)
        {
            Host.EndLoad(Loop.NowWallMs);
            if (_progressDueUs > _loadBeganUs + ProgressEveryUs)
            {
                Progress($"loaded {_replica.Partition} in {(Loop.NowUs - _loadBeganUs) / 1000} ms");
            }
        }
        else
        {
            NoteProgress(piece.NextOffset);
            ReadOn(load, piece.NextOffset);
        }
    }

    private void NoteProgress(long offset)
    {
        if (Loop.NowUs >= _progressDueUs)
        {
            _progressDueUs = Loop.NowUs + ProgressEveryUs;
            Progress($"loading {_replica.Partition}: at offset {offset} of {_journal.EndOffset}");
        }
    }

    // Where the partition has gone meanwhile, as at a stop, its log was closed under the reader: nothing to report.
    private void GiveUp(int load, Exception cause)
    {
        if (load == _load)
        {
            _report($"cannot load {_replica.Partition}: {cause.Message}");
            Host.Unload(ErrorCode.NotLeaderOrFollower);
        }
    }
}
