using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// Reads one to three partitions from their start on, with and without a session, and compares every record with the history. Owned by the
/// world.
/// </summary>
internal sealed class FetchClient : SimClient
{
    private readonly List<Cursor> _cursors = [];
    private readonly bool _usesSession;
    private readonly bool _readsCommitted;
    private readonly short _namingVersion;
    private short _version;
    private int _sessionId;
    private int _sessionEpoch;
    private FetchRequest? _waiting;

    public FetchClient(SimWorld world, string name, Randomness workload)
        : base(world, name, workload)
    {
        _usesSession = workload.Chance(0.5);
        _readsCommitted = workload.Chance(0.5);
        _namingVersion = (short)(workload.Chance(0.5) ? 12 : 13 + workload.Next(5));
    }

    /// <summary>While the history heals it goes on to the high watermarks that are there.</summary>
    public override bool IsDone => _waiting is null && _cursors.TrueForAll(IsThrough);

    /// <summary>
    /// Everything is quiet: a fetch that waits though there is enough for it was not woken.
    /// </summary>
    public void CheckNotForgotten()
    {
        if (_waiting is null)
        {
            return;
        }

        long bytes = 0;
        foreach (var cursor in _cursors)
        {
            var replica = World.FindReplica(cursor.Topic.Id, cursor.Partition);
            ViolationException.Unless(
                replica?.CheckLeader(-1) == ErrorCode.None, $"{Name}: a fetch waits for {cursor}, which is not led here");
            var slice = replica!.View.Slice(cursor.Offset, cursor.BytesMax, Limit, minOneBatch: true);
            bytes += Math.Min(slice.Bytes.Length, cursor.BytesMax);
            slice.Bytes.Release();
        }

        ViolationException.Unless(
            bytes == 0 || bytes < _waiting.MinBytes,
            $"{Name}: a fetch waits for {_waiting.MinBytes} bytes, {bytes} are there and nobody is about to wake it");
    }

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_waiting is not null)
        {
            return;
        }

        if (_cursors.RemoveAll(cursor => cursor.Topic.IsDeleteAsked) > 0)
        {
            _sessionEpoch = 0;
        }

        if (_cursors.Count == 0 || Random.Chance(0.02))
        {
            ChooseTopics();
        }

        if (_cursors.Count > 0 && !(World.IsHealing && IsDone))
        {
            Fetch();
        }
    }

    /// <inheritdoc/>
    protected override void OnDisconnected()
    {
        _waiting = null;
        _sessionId = 0;
        _sessionEpoch = 0;
    }

    private bool IsThrough(Cursor cursor) =>
        cursor.Topic.IsDeleteAsked
        || World.FindReplica(cursor.Topic.Id, cursor.Partition) is not { } replica || cursor.Offset >= replica.View.OffsetOf(Limit);

    private ReadLimit Limit => _readsCommitted ? ReadLimit.LastStable : ReadLimit.HighWatermark;

    private void ChooseTopics()
    {
        _cursors.Clear();
        _sessionEpoch = 0;
        for (var i = 1 + Random.Next(3); i > 0; i--)
        {
            if (World.ChooseTopic(Random) is { } topic)
            {
                var partition = Random.Next(topic.Partitions);
                if (!_cursors.Exists(cursor => cursor.Topic == topic && cursor.Partition == partition))
                {
                    _cursors.Add(new Cursor(topic, partition) { BytesMax = Random.Chance(0.8) ? 1 << 20 : 200 + Random.Next(2_000) });
                }
            }
        }
    }

    private void Fetch()
    {
        var version = _cursors.Exists(cursor => cursor.Topic.NeedsId) ? Math.Max((short)13, _namingVersion) : _namingVersion;
        if (version != _version)
        {
            // A session keeps to names or to ids.
            _version = version;
            _sessionEpoch = 0;
        }

        var request = new FetchRequest
        {
            ReplicaId = -1,
            IsolationLevel = (sbyte)(_readsCommitted ? 1 : 0),
            MaxWaitMs = World.IsHealing ? 100 : Random.Next(4) switch { 0 => 0, 1 => 100, 2 => 1_000, _ => 30_000 },
            MinBytes = Random.Chance(0.7) ? 1 : Random.Next(800),
            MaxBytes = Random.Chance(0.8) ? 1 << 20 : 200 + Random.Next(2_000),
            SessionId = _sessionId,
            SessionEpoch = _usesSession ? _sessionEpoch : -1,
        };
        foreach (var group in _cursors.GroupBy(cursor => cursor.Topic))
        {
            request.Topics.Add(new FetchRequest.FetchTopic
            {
                Topic = group.Key.Name,
                TopicId = group.Key.Id,
                Partitions = [.. group.Select(cursor => new FetchRequest.FetchPartition
                {
                    Partition = cursor.Partition,
                    FetchOffset = cursor.Offset,
                    CurrentLeaderEpoch = -1,
                    PartitionMaxBytes = cursor.BytesMax,
                })],
            });
        }

        _waiting = request;
        Call<FetchResponse>(request, _version, Answered);
    }

    private void Answered(FetchResponse reply)
    {
        _waiting = null;
        World.Fetched++;
        if (reply.ErrorCode is ErrorCode.FetchSessionIdNotFound or ErrorCode.InvalidFetchSessionEpoch)
        {
            _sessionId = 0;
            _sessionEpoch = 0;
            return;
        }

        ViolationException.Unless(reply.ErrorCode == ErrorCode.None, $"{Name}: a fetch was answered with {reply.ErrorCode}");
        _sessionId = reply.SessionId;
        _sessionEpoch = reply.SessionId == 0 ? 0 : _sessionEpoch + 1;
        foreach (var topic in reply.Responses)
        {
            foreach (var partition in topic.Partitions)
            {
                var cursor = _cursors.Find(c => c.Partition == partition.PartitionIndex
                    && (_version >= 13 ? c.Topic.Id == topic.TopicId : c.Topic.Name == topic.Topic));
                ViolationException.Unless(
                    cursor is not null, $"{Name}: {topic.Topic}{topic.TopicId}-{partition.PartitionIndex} was not asked for");
                Take(cursor!, partition);
            }
        }
    }

    private void Take(Cursor cursor, FetchResponse.PartitionData reply)
    {
        var history = World.HistoryOf(cursor.Topic.Id, cursor.Partition, cursor.Topic.Name);
        if (reply.ErrorCode != ErrorCode.None)
        {
            TakeError(cursor, reply, history);
            return;
        }

        ViolationException.Unless(
            reply.LastStableOffset == history.Transactions.StableAt(reply.HighWatermark, reply.LogStartOffset),
            $"{history.Name}: a fetch tells that {reply.LastStableOffset} is stable of {reply.HighWatermark}");
        ViolationException.Unless(
            reply.HighWatermark <= history.End,
            $"{history.Name}: a fetch tells high watermark {reply.HighWatermark}, the end is {history.End}");
        var limit = _readsCommitted ? reply.LastStableOffset : reply.HighWatermark;
        var aborted = new AbortedFilter(reply.AbortedTransactions ?? []);
        foreach (var batch in LoggedBatch.Read(reply.Records ?? [], $"{Name}, {history.Name}"))
        {
            history.Match(batch, "a fetch");
            ViolationException.Unless(
                !_readsCommitted || aborted.Drops(batch) == history.Transactions.IsAborted(batch),
                $"{history.Name}: a reader of committed records takes {batch} for what it is not");
            ViolationException.Unless(
                batch.LastOffset >= cursor.Offset && (batch.BaseOffset <= cursor.Offset || IsGap(history, cursor.Offset, batch.BaseOffset)),
                $"{history.Name}: at {cursor.Offset} came {batch}");
            ViolationException.Unless(
                batch.LastOffset < limit, $"{history.Name}: {batch} came to a reader below {limit} of {reply.HighWatermark}");
            cursor.Offset = batch.LastOffset + 1;
        }
    }

    // What is there now was there when it was fetched.
    private static bool IsGap(PartitionHistory history, long from, long to) => history.Compaction?.HasAny(from, to) == false;

    private void TakeError(Cursor cursor, FetchResponse.PartitionData reply, PartitionHistory history)
    {
        switch (reply.ErrorCode)
        {
            case ErrorCode.OffsetOutOfRange:
                var start = World.FindReplica(cursor.Topic.Id, cursor.Partition)?.View.LogStartOffset ?? 0;
                ViolationException.Unless(
                    cursor.Offset < start || history.Losses > cursor.Losses, $"{history.Name}: offset {cursor.Offset} is out of range");
                cursor.Offset = start;
                cursor.Losses = history.Losses;
                break;
            case ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId:
                ViolationException.Unless(World.MayBeGone(cursor.Topic), $"{Name}: {reply.ErrorCode} for {cursor}, which is there");
                break;
            case ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError:
                break;
            default:
                throw new ViolationException($"{Name}: {reply.ErrorCode} for {history.Name} at {cursor.Offset}");
        }
    }

    /// <summary>What a client that reads committed records only does with the answer to one fetch.</summary>
    private sealed class AbortedFilter(List<FetchResponse.AbortedTransaction> aborted)
    {
        private readonly HashSet<long> _dropped = [];

        public bool Drops(LoggedBatch batch)
        {
            foreach (var transaction in aborted.Where(transaction => transaction.FirstOffset <= batch.LastOffset).ToList())
            {
                _dropped.Add(transaction.ProducerId);
                aborted.Remove(transaction);
            }

            if (batch.IsControl)
            {
                _dropped.Remove(batch.ProducerId);
            }

            return batch is { IsTransactional: true, IsControl: false } && _dropped.Contains(batch.ProducerId);
        }
    }

    /// <summary>How far one partition is read.</summary>
    private sealed class Cursor(TopicModel topic, int partition)
    {
        public TopicModel Topic => topic;

        public int Partition => partition;

        public int BytesMax { get; init; }

        public long Offset { get; set; }

        public int Losses { get; set; }

        /// <inheritdoc/>
        public override string ToString() => $"{topic.Name}-{partition}";
    }
}
