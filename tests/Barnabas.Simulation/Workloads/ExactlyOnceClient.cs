using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// A producer that leaves its transactions to a coordinator: batches in several partitions, offsets of a group, a commit or an abort, each
/// sent again until it is answered. Two clients have one transactional id and fence one another. Owned by the world.
/// </summary>
internal sealed class ExactlyOnceClient : SimClient
{
    private const short OlderProduce = 11, NewProduce = 12;
    private readonly ProducerIdentity _who;
    private readonly bool _isOlder;
    private readonly Queue<TransactionStep> _plan = new();
    private readonly Dictionary<(string Topic, int Partition), int> _sequences = [];
    private TransactionUnit? _unit;
    private bool _waits;
    private bool _knowsCoordinators;
    private bool _lingers;
    private bool _hasJoined;
    private bool _beginsAnew;
    private bool _wasFenced;
    private int _timeoutMs;
    private int _begun;
    private int _number;

    public ExactlyOnceClient(SimWorld world, string name, ProducerEpochs epochs, string id, Randomness workload)
        : base(world, name, workload)
    {
        _who = new ProducerIdentity(world, id, epochs);
        _isOlder = workload.Next(100) < world.Scenario.OlderPercent;
    }

    /// <inheritdoc/>
    public override bool IsDone => !_waits && _unit is null;

    /// <inheritdoc/>
    protected override int ThinkUs() => World.IsHealing ? 100_000
        : _unit is not null && _lingers ? Random.Next(1_500_000)
        : Random.Next(_unit is null && Random.Chance(0.3) ? 600_000 : 20_000);

    /// <inheritdoc/>
    protected override void OnDisconnected() => _waits = false;

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_waits || (World.IsHealing && _unit is null))
        {
            return;
        }

        if (!_knowsCoordinators)
        {
            FindCoordinators();
        }
        else if (_who.ProducerId < 0)
        {
            BeginAnew();
        }
        else if (_unit is null)
        {
            Between();
        }
        else if (World.IsHealing && _plan.Peek() is not TransactionStep.End)
        {
            GiveUp();
        }
        else
        {
            Do(_unit, _plan.Peek());
        }
    }

    private void Between()
    {
        if (Random.Chance(0.3))
        {
            FetchOffset();
        }
        else if (Random.Chance(0.05))
        {
            // The process dies and comes again.
            _who.Forget();
        }
        else
        {
            MakePlan();
        }
    }

    private void MakePlan()
    {
        var unit = World.Ledger.Begin(_who);
        _plan.Clear();
        var joined = new HashSet<(string, int)>();
        for (var i = Random.Next(5); i > 0; i--)
        {
            if (World.ChooseTopic(Random) is { NeedsId: false, IsCompacted: false } topic)
            {
                var partition = Random.Next(topic.Partitions);
                if (_isOlder && joined.Add((topic.Name, partition)))
                {
                    _plan.Enqueue(new TransactionStep.Join(topic, partition));
                }

                _plan.Enqueue(new TransactionStep.Write(topic, partition));
            }
        }

        if (_plan.Count == 0 || Random.Chance(0.5))
        {
            if (_isOlder)
            {
                _plan.Enqueue(new TransactionStep.JoinOffsets());
            }

            var piece = Random.Next(GroupModel.Pieces);
            _plan.Enqueue(new TransactionStep.Commit(piece, World.Ledger.NextOffset(TransactionLedger.GroupOf(_who.Id), piece, unit)));
        }

        _plan.Enqueue(new TransactionStep.End(Random.Chance(0.65)));
        _lingers = Random.Chance(0.15);
        _hasJoined = false;
        _unit = unit;
    }

    // By the older protocol nobody may end what nothing has joined.
    private void GiveUp()
    {
        if (_isOlder && !_hasJoined)
        {
            _beginsAnew = false;
            _unit = null;
            _who.Forget();
            return;
        }

        // Which of its batches are in is not known any more: what follows needs an epoch of its own.
        _beginsAnew = _isOlder;
        _plan.Clear();
        _plan.Enqueue(new TransactionStep.End(IsCommit: false));
    }

    private void FindCoordinators() => Ask<FindCoordinatorResponse>(
        new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [_who.Id] }, 4, "finding the coordinator", reply =>
        {
            Ask<FindCoordinatorResponse>(
                new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [TransactionLedger.GroupOf(_who.Id)] }, 4, "finding that",
                group => _knowsCoordinators = Heed(reply.Coordinators[0].ErrorCode, "finding") is Outcome.Done
                    && Heed(group.Coordinators[0].ErrorCode, "finding the group's") is Outcome.Done);
        });

    private void BeginAnew()
    {
        var newestThen = _who.Epochs.Newest;
        _begun = _who.Epochs.Begin(World.Clock.MonotonicUs);
        _timeoutMs = 500 + Random.Next(2_500);
        _sequences.Clear();
        Ask<InitProducerIdResponse>(ExactlyOnceRequests.Begin(_who.Id, _timeoutMs), _isOlder ? (short)4 : (short)5, "beginning", reply =>
        {
            if (Heed(reply.ErrorCode, "beginning") == Outcome.Done)
            {
                _who.Become(reply.ProducerId, reply.ProducerEpoch);
                _who.Epochs.Give(reply.ProducerId, reply.ProducerEpoch, newestThen);
            }
        });
    }

    private void FetchOffset()
    {
        var piece = Random.Next(GroupModel.Pieces);
        var group = TransactionLedger.GroupOf(_who.Id);
        var atLeast = World.Ledger.AtLeast(group, piece);
        Ask<OffsetFetchResponse>(ExactlyOnceRequests.Fetch(_who.Id, piece, Random.Chance(0.5)), 8, "fetching offsets", reply =>
        {
            if (Heed(reply.Groups[0].ErrorCode, "fetching offsets") == Outcome.Done)
            {
                var answer = reply.Groups[0].Topics[0].Partitions[0];
                if (answer.ErrorCode != ErrorCode.UnstableOffsetCommit)
                {
                    World.Ledger.Fetched(group, piece, answer.CommittedOffset, atLeast);
                }
            }
        });
    }

    private void Do(TransactionUnit unit, TransactionStep step)
    {
        switch (step)
        {
            case TransactionStep.Join join:
                Ask<AddPartitionsToTxnResponse>(
                    ExactlyOnceRequests.Join(_who, join.Topic.Name, join.Partition), 3, $"joining {join.Topic.Name}-{join.Partition}",
                    reply => Took(unit, step, reply.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode), isSafe: true);
                break;
            case TransactionStep.JoinOffsets:
                Ask<AddOffsetsToTxnResponse>(
                    ExactlyOnceRequests.JoinOffsets(_who), 4, "joining offsets", reply => Took(unit, step, reply.ErrorCode), isSafe: true);
                break;
            case TransactionStep.Write write:
                Write(unit, write);
                break;
            case TransactionStep.Commit commit:
                Ask<TxnOffsetCommitResponse>(
                    ExactlyOnceRequests.Commit(_who, commit.Piece, commit.Offset), _isOlder ? (short)4 : (short)5, "committing offsets",
                    reply => Took(unit, step, reply.Topics[0].Partitions[0].ErrorCode), isSafe: !_isOlder);
                break;
            case TransactionStep.End end:
                End(unit, end);
                break;
        }
    }

    private void Write(TransactionUnit unit, TransactionStep.Write write)
    {
        if (write.Batch is null)
        {
            var values = new string[1 + Random.Next(3)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = $"{unit.Key}/{_number++}-{new string('x', Random.Next(120))}";
            }

            var sequence = _sequences.GetValueOrDefault((write.Topic.Name, write.Partition));
            write.Values = values;
            write.Batch = ExactlyOnceRequests.Batch(_who, sequence, World.Clock.WallMs, values);
            World.Sent.Sent(values, isIdempotent: true);
        }

        var request = ExactlyOnceRequests.Produce(_who.Id, write.Topic.Name, write.Partition, write.Batch, 500 + Random.Next(2_000));
        Ask<ProduceResponse>(request, _isOlder ? OlderProduce : NewProduce, $"{write.Values[0].TrimEnd('x')}", reply =>
        {
            var answer = reply.Responses[0].PartitionResponses[0];
            if (Took(unit, write, answer.ErrorCode))
            {
                var history = World.HistoryOf(write.Topic.Id, write.Partition, write.Topic.Name);
                history.MatchAcknowledged(answer.BaseOffset, write.Values);
                _sequences[(write.Topic.Name, write.Partition)] =
                    _sequences.GetValueOrDefault((write.Topic.Name, write.Partition)) + write.Values.Length;
                unit.Written.Add((write.Topic, history));
                World.Acknowledged++;
            }
        }, isSafe: true);
    }

    private void End(TransactionUnit unit, TransactionStep.End end)
    {
        var (producerId, epoch) = (_who.ProducerId, _who.Epoch);
        var what = end.IsCommit ? "committing" : "aborting";
        Ask<EndTxnResponse>(
            ExactlyOnceRequests.End(_who.Id, producerId, epoch, end.IsCommit), _isOlder ? (short)4 : (short)5, what, reply =>
            {
                if (!Took(unit, end, reply.ErrorCode))
                {
                    return;
                }

                World.Ledger.Tell(unit, end.IsCommit);
                World.Acknowledged++;
                _unit = null;
                if (_beginsAnew)
                {
                    _beginsAnew = false;
                    _who.Forget();
                    return;
                }

                if (!_isOlder)
                {
                    _sequences.Clear();
                    _who.Become(reply.ProducerId, reply.ProducerEpoch);
                    _who.Epochs.See(reply.ProducerId, reply.ProducerEpoch);
                }

                if (Random.Chance(0.1))
                {
                    EndOnceMore(producerId, epoch, end.IsCommit, reply);
                }
            }, isSafe: !_isOlder);
    }

    // The answer was lost, as far as the client knows; nothing else was asked meanwhile.
    private void EndOnceMore(long producerId, short epoch, bool isCommit, EndTxnResponse first)
    {
        Ask<EndTxnResponse>(
            ExactlyOnceRequests.End(_who.Id, producerId, epoch, isCommit), _isOlder ? (short)4 : (short)5, "ending once more", reply =>
            {
                var isSame = reply.ProducerId == first.ProducerId && reply.ProducerEpoch == first.ProducerEpoch;
                var isOtherwise = reply.ErrorCode is ErrorCode.ConcurrentTransactions or ErrorCode.NotCoordinator
                    or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress;
                ViolationException.Unless(
                    isOtherwise || (reply.ErrorCode == ErrorCode.None && isSame) || _who.Epochs.MayHaveFenced(_begun),
                    $"{Name}: the same end of {_who.Id} once more is answered with {reply.ErrorCode}, epoch {reply.ProducerEpoch}");
            });
    }

    // True for a step that is done; what cannot be done gives the transaction or the producer up.
    private bool Took(TransactionUnit unit, TransactionStep step, ErrorCode error)
    {
        if (unit != _unit || _plan.Count == 0 || !ReferenceEquals(_plan.Peek(), step))
        {
            return false;
        }

        switch (Heed(error, $"{step} of {unit}"))
        {
            case Outcome.Done:
                ViolationException.Unless(!_wasFenced, $"{Name}: {step} of {unit} is taken though it was fenced");
                _plan.Dequeue();
                _hasJoined = true;
                if (step is TransactionStep.Commit commit)
                {
                    World.Shadows.CheckCommitted(
                        TransactionLedger.GroupOf(_who.Id), GroupPartition.Topic, commit.Piece, commit.Offset);
                    unit.Offsets[commit.Piece] = commit.Offset;
                }

                return true;
            case Outcome.Abort:
            case Outcome.Fenced when error == ErrorCode.InvalidTxnState && step is TransactionStep.Commit:
                // The latter too where the group's partition changed hands while the transaction's coordinator was asked.
                GiveUp();
                break;
            case Outcome.Fenced:
                CheckMayBeFenced(unit, error);
                _beginsAnew = false;
                _unit = null;
                _who.Forget();
                break;
        }

        return false;
    }

    private void CheckMayBeFenced(TransactionUnit unit, ErrorCode error)
    {
        var hadMs = (World.Clock.MonotonicUs - unit.BegunUs) / 1000;
        ViolationException.Unless(
            _who.Epochs.MayHaveFenced(_begun) || hadMs >= _timeoutMs || World.Faults.Has("clock jump"),
            $"{Name}: {error} for {unit}, which is alone and had {hadMs} of {_timeoutMs} ms");
    }

    // One request at a time; what is taken was not fenced when it was sent.
    private void Ask<TResponse>(IMessage request, short version, string what, Action<TResponse> done, bool isSafe = false)
        where TResponse : IMessage<TResponse>
    {
        _waits = true;
        _wasFenced = _unit is not null && _who.IsFenced;
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {what} as ({_who.ProducerId}, {_who.Epoch})");
        Call<TResponse>(request, version, reply =>
        {
            _waits = false;
            done(reply);
        }, isSafe);
    }

    private Outcome Heed(ErrorCode error, string what)
    {
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {error} for {what}");
        switch (error)
        {
            case ErrorCode.None:
                return Outcome.Done;
            case ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress:
                _knowsCoordinators = false;
                return Outcome.Again;
            case ErrorCode.ConcurrentTransactions or ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError
                or ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicas:
                return Outcome.Again;
            case ErrorCode.UnknownTopicOrPartition or ErrorCode.OutOfOrderSequenceNumber or ErrorCode.InvalidTimestamp
                or ErrorCode.TransactionAbortable:
                return Outcome.Abort;
            case ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch or ErrorCode.InvalidTxnState
                or ErrorCode.InvalidProducerIdMapping:
                return Outcome.Fenced;
            default:
                throw new ViolationException($"{Name}: {error} for {what}");
        }
    }

    private enum Outcome
    {
        Done,
        Again,
        Abort,
        Fenced,
    }
}
