using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Cluster.Groups;

namespace Barnabas.Tests.Cluster.Transactions;

/// <summary>
/// A transaction coordinator on a loop, a clock, a journal and a writer of markers that the test drives; time stands still unless the test
/// moves it. Markers wait in <see cref="Orders"/> until the test answers them, unless <see cref="AutoMarkers"/>.
/// </summary>
internal sealed class TransactionBench : IClock, ILoopHost
{
    private readonly Queue<Loop> _scheduled = new();
    private readonly TransactionConfig _config;

    public TransactionBench(TransactionConfig? config = null, TransactionLog? log = null, long wallMs = 1_000_000_000)
    {
        _config = config ?? new TransactionConfig();
        WallMs = wallMs;
        MonotonicUs = wallMs * 1000;
        Log = log ?? new TransactionLog();
        Loop = new Loop("test", this, this);
        Coordinator = new TransactionCoordinator(_config, Loop);
        Host = new MachineHost<TransactionCoordinator, TransactionRecord>(
            Coordinator, Log,
            new MachineRefusals(ErrorCode.NotCoordinator, ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorNotAvailable));
        Coordinator.Attach(new TransactionWorld
        {
            Submit = operation => Host.Submit(operation, Loop.NowWallMs),
            TransactionVersion = () => Level,
            CoordinatorEpoch = () => 7,
            NewProducerId = answer => Asked.Enqueue(answer),
            WriteMarkers = (order, done) => Orders.Enqueue((order, done)),
            Report = Reports.Add,
        });
        Loop.TurnEnd = () =>
        {
            if (AutoCommit)
            {
                Log.HighWatermark = Log.EndOffset;
                Host.Release();
                Log.HighWatermark = Log.EndOffset;
            }
        };
        Load();
    }

    public TransactionLog Log { get; }

    public Loop Loop { get; }

    public TransactionCoordinator Coordinator { get; }

    public MachineHost<TransactionCoordinator, TransactionRecord> Host { get; }

    public short Level { get; set; } = 2;

    public bool AutoCommit { get; set; } = true;

    public bool AutoMarkers { get; set; } = true;

    public bool AutoIds { get; set; } = true;

    public long NextProducerId { get; set; } = 1000;

    public Queue<Action<ErrorCode, long>> Asked { get; } = new();

    public Queue<(MarkerOrder Order, Action<MarkerOutcome> Done)> Orders { get; } = new();

    /// <summary>Every order that was carried out by itself.</summary>
    public List<MarkerOrder> Written { get; } = [];

    public List<string> Reports { get; } = [];

    public long WallMs { get; set; }

    public long MonotonicUs { get; private set; }

    public void Schedule(Loop loop) => _scheduled.Enqueue(loop);

    public void DueChanged(Loop loop)
    {
    }

    /// <summary>Replays the log from its start, as whoever becomes leader does.</summary>
    public void Load() => Run(() =>
    {
        Host.BeginLoad(0);
        for (var i = 0; i < Log.Records.Count; i++)
        {
            Host.Load(Log.Records[i], i);
        }

        Host.EndLoad(WallMs);
    });

    public void Unload(ErrorCode error) => Run(() => Host.Unload(error));

    /// <summary>Commits all there is.</summary>
    public void Commit() => Run(() =>
    {
        Log.HighWatermark = Log.EndOffset;
        Host.Release();
    });

    /// <summary>Moves time in steps, so that timers fire in their order.</summary>
    public void Advance(long ms)
    {
        var end = MonotonicUs + (ms * 1000);
        while (MonotonicUs < end)
        {
            var next = Math.Min(end, Math.Max(MonotonicUs + 1000, Loop.NextDueUs == long.MaxValue ? end : Loop.NextDueUs));
            WallMs += (next - MonotonicUs) / 1000;
            MonotonicUs = next;
            Loop.Tick();
            Drain();
        }
    }

    public void Run(Action action)
    {
        Loop.PostOrRun(new ActionTask(action));
        Drain();
    }

    /// <summary>Answers the oldest order: these partitions failed, the others have their marker.</summary>
    public MarkerOrder Answer(params (TopicPartition, ErrorCode)[] failed)
    {
        var (order, done) = Orders.Dequeue();
        Run(() => done(new MarkerOutcome(failed)));
        return order;
    }

    /// <summary>Gives the oldest request for a producer id its answer.</summary>
    public void Bring(ErrorCode error = ErrorCode.None) =>
        Run(() => Asked.Dequeue()(error, error == ErrorCode.None ? NextProducerId++ : -1));

    public Awaited<InitProducerIdResponse> Init(string id, long producerId = -1, short epoch = -1, int timeoutMs = 60_000) =>
        Ask<InitProducerIdResponse>(reply => new InitProducerIdOperation(
            new InitProducerIdRequest
            {
                TransactionalId = id, ProducerId = producerId, ProducerEpoch = epoch, TransactionTimeoutMs = timeoutMs,
            },
            reply));

    public Awaited<AddedPartitions> Add(AddPartitions request) => Ask<AddedPartitions>(reply => new AddPartitionsOperation(request, reply));

    /// <summary>Adds partitions of topic "t" as a client of that version does.</summary>
    public ErrorCode Add(string id, long producerId, short epoch, short clientVersion = 2, params int[] partitions) =>
        Add(new AddPartitions(id, producerId, epoch, At(partitions)) { ClientVersion = clientVersion }).Now.Error;

    public Awaited<EndTxnResponse> End(string id, long producerId, short epoch, bool commit, bool raises = true) =>
        Ask<EndTxnResponse>(reply => new EndTransactionOperation(
            new EndTxnRequest { TransactionalId = id, ProducerId = producerId, ProducerEpoch = epoch, Committed = commit }, raises, reply));

    public DescribeTransactionsResponse.TransactionStateData Describe(string id) =>
        Ask<DescribeTransactionsResponse.TransactionStateData>(reply => new DescribeTransactionOperation(id, reply)).Now;

    public ListTransactionsResponse List(ListTransactionsRequest request, Predicate<string>? matches = null) =>
        Ask<ListTransactionsResponse>(reply => new ListTransactionsOperation(request, matches, reply)).Now;

    public string StateOf(string id) => Describe(id).TransactionState;

    public static TopicPartition[] At(params int[] partitions) => [.. partitions.Select(p => new TopicPartition("t", p))];

    /// <summary>Puts what a former coordinator has written into the log and loads it.</summary>
    public void Found(string id, TransactionValue value)
    {
        Unload(ErrorCode.NotCoordinator);
        Log.Append([new TransactionRecord(id, value)], WallMs);
        Log.HighWatermark = Log.EndOffset;
        Load();
    }

    /// <summary>Decides something in a turn of its own.</summary>
    public void Submit(Operation<TransactionCoordinator, TransactionRecord> operation) => Run(() => Host.Submit(operation, Loop.NowWallMs));

    private Awaited<T> Ask<T>(Func<Action<T>, TransactionRequest<T>> make)
        where T : class
    {
        var awaited = new Awaited<T>();
        var operation = make(awaited.Set);
        Submit(operation);
        return awaited;
    }

    private void Drain()
    {
        do
        {
            while (_scheduled.TryDequeue(out var loop))
            {
                loop.RunTurn();
            }

            while (AutoIds && Asked.TryDequeue(out var asked))
            {
                asked(ErrorCode.None, NextProducerId++);
            }

            while (AutoMarkers && Orders.TryDequeue(out var next))
            {
                Written.Add(next.Order);
                next.Done(new MarkerOutcome([]));
            }
        }
        while (_scheduled.Count > 0);
    }
}

/// <summary>A journal that keeps its records as the bytes that the log would have, so that a load reads what was written.</summary>
internal sealed class TransactionLog : IJournal<TransactionRecord>
{
    private readonly TransactionRecordCodec _codec = new();

    public List<TransactionRecord> Records { get; } = [];

    public JournalAppend? Fails { get; set; }

    /// <summary>Records of the largest append until now.</summary>
    public int AppendMax { get; private set; }

    public long EndOffset => Records.Count;

    public long HighWatermark { get; set; }

    public JournalAppend Append(ReadOnlySpan<TransactionRecord> records, long nowMs)
    {
        if (Fails is { } failure)
        {
            return failure;
        }

        AppendMax = Math.Max(AppendMax, records.Length);
        Records.AddRange(RoundTrip(records, nowMs));
        return new JournalAppend(ErrorCode.None, EndOffset - 1);
    }

    /// <summary>The records as they are read back.</summary>
    public List<TransactionRecord> RoundTrip(ReadOnlySpan<TransactionRecord> records, long nowMs)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(_codec.OptionsOf(records));
        foreach (var record in records)
        {
            _codec.Write(record, nowMs, batch);
        }

        batch.End();
        Xunit.Assert.True(RecordBatchHeader.TryRead(bytes.Written, out var header));
        var reader = new RecordReader(bytes.Written, header);
        var read = new List<TransactionRecord>();
        while (reader.TryRead(out var record))
        {
            read.Add(_codec.Read(record, header)!);
        }

        return read;
    }
}
