using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// The partitions of one fetch in their order, and what was found in each. Owned by its <see cref="FetchWork"/>.
/// </summary>
internal sealed class FetchReads
{
    private FetchPartition[] _wanted = new FetchPartition[8];
    private FetchRead[] _reads = new FetchRead[8];
    private int _minBytes;
    private int _bytesMax;
    private ReadLimit _limit;

    public int Count { get; private set; }

    /// <summary>True when every partition is answered, false when only those with news are.</summary>
    public bool TellsAll { get; set; } = true;

    /// <summary>True when the client reads committed: it wants the aborted transactions.</summary>
    public bool ReadsCommitted => _limit == ReadLimit.LastStable;

    /// <summary>True for a fetch that says it comes from a replica: no other node has one of ours.</summary>
    public bool IsFromReplica { get; set; }

    /// <summary>True when one of the partitions that are wanted is here.</summary>
    public bool HasReplica => Array.Exists(_wanted, wanted => wanted?.Replica is not null);

    public void Begin(int minBytes, int bytesMax, ReadLimit limit)
    {
        IsFromReplica = false;
        _minBytes = minBytes;
        _bytesMax = bytesMax;
        _limit = limit;
        TellsAll = true;
    }

    public FetchPartition Wanted(int index) => _wanted[index];

    public ref FetchRead Result(int index) => ref _reads[index];

    public void Add(FetchPartition wanted)
    {
        if (Count == _wanted.Length)
        {
            Array.Resize(ref _wanted, Count * 2);
            Array.Resize(ref _reads, Count * 2);
        }

        _wanted[Count++] = wanted;
    }

    /// <summary>Looks up the replicas that are not known.</summary>
    public void Find(ReplicaTable table)
    {
        for (var i = 0; i < Count; i++)
        {
            _wanted[i].Find(table);
        }
    }

    /// <summary>True when the answer need not wait: enough bytes, an error, or a log that parts from the client's. Reads no file.</summary>
    public bool IsEnough()
    {
        long bytes = 0;
        for (var i = 0; i < Count; i++)
        {
            var wanted = _wanted[i];
            if (IsFromReplica || wanted.Replica is not { } replica || replica.CheckLeader(wanted.CurrentLeaderEpoch) != ErrorCode.None)
            {
                return true;
            }

            var view = replica.View;
            if (wanted.LastFetchedEpoch > view.Epochs.Latest || wanted.FetchOffset > view.LogEndOffset
                || wanted.FetchOffset < view.LogStartOffset || Diverges(wanted, view, out _, out _))
            {
                return true;
            }

            bytes += Math.Min(view.BytesFrom(wanted.FetchOffset, _limit), wanted.BytesMax);
            if (bytes >= _minBytes && bytes > 0)
            {
                return true;
            }
        }

        return bytes >= _minBytes;
    }

    /// <summary>
    /// Reads every partition from memory and the page cache; the records are leased until they are given away. False, with nothing held,
    /// where the disk would have to be waited for.
    /// </summary>
    public bool TryRead() => TryRead(null, _bytesMax);

    /// <summary>Reads every partition and waits for the disk where it must, so that sending will not. Never on an I/O loop.</summary>
    public void Read(AsideReads aside) => TryRead(aside, Math.Min(_bytesMax, AsideReads.AnswerBytesMax));

    /// <summary>Lets go of what was read and is not wanted any more.</summary>
    public void Release() => Release(Count);

    private void Release(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _reads[i].Release();
        }
    }

    private bool TryRead(AsideReads? aside, int left)
    {
        var isFirst = true;
        for (var i = 0; i < Count; i++)
        {
            ref var read = ref _reads[i];
            read = default;
            read.DivergingEpoch = -1;
            read.DivergingEndOffset = -1;
            if (!TryReadOne(_wanted[i], ref read, aside, left, isFirst))
            {
                Release(i);
                return false;
            }

            if (read.RecordBytes > 0)
            {
                left = Math.Max(0, left - read.RecordBytes);
                isFirst = false;
            }

            read.IsTold = TellsAll || HasNews(_wanted[i], read);
        }

        return true;
    }

    /// <summary>
    /// For a client that reads committed, finds the aborted transactions beside what was read. False where an index would have to be read
    /// from the disk and <paramref name="mayRead"/>, which is not for I/O loops, is not set; what was found is kept.
    /// </summary>
    public bool TryListAborted(bool mayRead)
    {
        var isComplete = true;
        for (var i = 0; ReadsCommitted && i < Count; i++)
        {
            ref var read = ref _reads[i];
            if (read is { IsTold: true, Aborted: null, View: { } view, Found.IsTooSmall: false })
            {
                isComplete &= TryListAborted(_wanted[i], view, mayRead, ref read);
            }
        }

        return isComplete;
    }

    /// <summary>Forgets the partitions; nothing may be leased.</summary>
    public void Clear()
    {
        Array.Clear(_wanted, 0, Count);
        Array.Clear(_reads, 0, Count);
        Count = 0;
    }

    private bool TryReadOne(FetchPartition wanted, ref FetchRead read, AsideReads? aside, int bytesLeft, bool isFirst)
    {
        if (wanted.Replica is not { } replica)
        {
            read.Error = wanted.TopicId == Uuid.Zero ? ErrorCode.UnknownTopicOrPartition : ErrorCode.UnknownTopicId;
            return true;
        }

        read.Error = IsFromReplica ? ErrorCode.NotLeaderOrFollower : replica.CheckLeader(wanted.CurrentLeaderEpoch);
        if (read.Error == ErrorCode.None && wanted.LastFetchedEpoch > replica.View.Epochs.Latest)
        {
            read.Error = ErrorCode.OffsetOutOfRange;
        }

        if (read.Error != ErrorCode.None)
        {
            return true;
        }

        try
        {
            return TryReadLog(wanted, ref read, aside, bytesLeft, isFirst);
        }
        catch (IOException e)
        {
            read.Release();
            replica.ReadFailed(e);
            read.Error = ErrorCode.KafkaStorageError;
            read.View = null;
            return true;
        }
    }

    private bool TryReadLog(FetchPartition wanted, ref FetchRead read, AsideReads? aside, int bytesLeft, bool isFirst)
    {
        // A view may be so old that its segment is closed; the next one is not.
        LogSlice slice;
        do
        {
            read.View = wanted.Replica!.View;
            if (Diverges(wanted, read.View, out read.DivergingEpoch, out read.DivergingEndOffset))
            {
                return true;
            }

            var bytesMax = Math.Min(wanted.BytesMax, bytesLeft);
            if (aside is not null)
            {
                slice = read.View.Slice(wanted.FetchOffset, bytesMax, _limit, isFirst);
            }
            else if (!read.View.TrySlice(wanted.FetchOffset, bytesMax, _limit, isFirst, out slice))
            {
                return false;
            }
        }
        while (slice.IsStale);
        read.Error = slice.ErrorCode;
        read.Records = slice.Bytes;
        read.Found = slice;
        if (read.Error != ErrorCode.None)
        {
            read.View = null;
        }
        else if (!read.Records.IsEmpty && aside?.Read(read.Records) is { } bytes)
        {
            read.Aside = bytes;
            read.Records.Release();
            read.Records = default;
        }

        return true;
    }

    private static bool TryListAborted(FetchPartition wanted, LogView view, bool mayRead, ref FetchRead read)
    {
        try
        {
            if (!view.TryListAborted(read.Found, wanted.FetchOffset, mayRead, out var aborted))
            {
                return false;
            }

            read.Aborted = aborted;
        }
        catch (IOException e)
        {
            wanted.Replica!.ReadFailed(e);
            read.Release();
            read = new FetchRead { Error = ErrorCode.KafkaStorageError, DivergingEpoch = -1, DivergingEndOffset = -1, IsTold = true };
        }

        return true;
    }

    private static bool Diverges(FetchPartition wanted, LogView view, out int epoch, out long endOffset)
    {
        epoch = -1;
        endOffset = -1;
        if (wanted.LastFetchedEpoch < 0)
        {
            return false;
        }

        (epoch, endOffset) = view.Epochs.EndOffsetFor(wanted.LastFetchedEpoch, view.LogEndOffset);
        if (epoch == wanted.LastFetchedEpoch && endOffset >= wanted.FetchOffset)
        {
            epoch = -1;
            endOffset = -1;
            return false;
        }

        return true;
    }

    private static bool HasNews(FetchPartition wanted, in FetchRead read) =>
        read.Error != ErrorCode.None || read.RecordBytes > 0 || read.DivergingEpoch >= 0
        || read.View!.HighWatermark != wanted.ToldHighWatermark || read.View.LogStartOffset != wanted.ToldLogStart;
}
