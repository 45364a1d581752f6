using Barnabas.Base;
using Barnabas.Cluster.Transactions;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Records;
using Barnabas.Cluster.Transactions.Requests;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Machines;

namespace Barnabas.Tests.Cluster.Transactions;

/// <summary>
/// A transaction coordinator on a loop, a clock, a journal and a writer of markers that the test drives; time stands still unless the test
/// moves it. Markers wait in <see cref="Orders"/> until the test answers them, unless <see cref="AutoMarkers"/>.
/// </summary>
internal sealed class TransactionBench : MachineBench<TransactionCoordinator, TransactionRecord>
{
    public TransactionBench(TransactionConfig? config = null, MemoryLog<TransactionRecord>? log = null, long wallMs = 1_000_000_000)
        : base(
            log ?? new MemoryLog<TransactionRecord>(new TransactionRecordCodec()), wallMs,
            bench => new TransactionCoordinator(config ?? new TransactionConfig(), bench.Loop))
    {
        Coordinator.Attach(new TransactionWorld
        {
            Submit = operation => Host.Submit(operation, Loop.NowWallMs),
            TransactionVersion = () => Level,
            CoordinatorEpoch = () => 7,
            NewProducerId = answer => Asked.Enqueue(answer),
            WriteMarkers = (order, done) => Orders.Enqueue((order, done)),
            Report = Reports.Add,
        });
        Load();
    }

    public short Level { get; set; } = 2;

    public bool AutoMarkers { get; set; } = true;

    public bool AutoIds { get; set; } = true;

    public long NextProducerId { get; set; } = 1000;

    public Queue<Action<ErrorCode, long>> Asked { get; } = new();

    public Queue<(MarkerOrder Order, Action<MarkerOutcome> Done)> Orders { get; } = new();

    /// <summary>Every order that was carried out by itself.</summary>
    public List<MarkerOrder> Written { get; } = [];

    public List<string> Reports { get; } = [];

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

    protected override void Rest()
    {
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

    private Awaited<T> Ask<T>(Func<Action<T>, TransactionRequest<T>> make)
        where T : class
    {
        var awaited = new Awaited<T>();
        var operation = make(awaited.Set);
        Submit(operation);
        return awaited;
    }
}
