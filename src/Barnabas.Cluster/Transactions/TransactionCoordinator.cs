using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Transactions.Chores;
using Barnabas.Cluster.Transactions.Markers;
using Barnabas.Cluster.Transactions.Records;

namespace Barnabas.Cluster.Transactions;

/// <summary>
/// The transactional ids of one partition of <c>__transaction_state</c>, as a function of its records. Knows who is here; what is done with
/// them stands with each operation. Owned by the loop of its partition's shard.
/// </summary>
public sealed class TransactionCoordinator : IMachine<TransactionRecord>
{
    private readonly Dictionary<string, Transaction> _transactions = [];
    private readonly Dictionary<string, MarkerRound> _rounds = [];
    private readonly SortedSet<string> _ongoing = new(StringComparer.Ordinal);
    private readonly TransactionTimer _timeouts, _expiry;
    private TransactionWorld? _world;
    private AgeClock? _ages;

    /// <summary>A coordinator without transactions.</summary>
    /// <param name="config">Limits and times.</param>
    /// <param name="loop">The loop that owns this coordinator; its wheel keeps the timers.</param>
    public TransactionCoordinator(TransactionConfig config, Loop loop)
    {
        Config = config;
        Loop = loop;
        _timeouts = new TransactionTimer(loop, AbortTimedOut);
        _expiry = new TransactionTimer(loop, () => Submit(new ExpireIdsChore(this)));
    }

    internal TransactionConfig Config { get; }

    internal Loop Loop { get; }

    internal TransactionWorld World => _world!;

    /// <summary>Every transactional id, in no order that anything may depend on.</summary>
    internal IReadOnlyCollection<Transaction> All => _transactions.Values;

    /// <summary>Ids without a transaction, those that were used longest ago first.</summary>
    internal IdleIds Idle { get; } = new();

    /// <summary>Requests that wait for a new producer id.</summary>
    internal ProducerIdWaits ProducerIds { get; } = new();

    /// <summary>True from the end of loading until the leadership is lost.</summary>
    internal bool IsActive { get; private set; }

    /// <summary>The time by which it is judged how old an id is, wall-clock milliseconds. While active.</summary>
    internal long NowForAgesMs => _ages!.NowMs(Loop.NowWallMs, Loop.NowUs);

    /// <summary>Says what is around the coordinator. Called once, before the first load.</summary>
    public void Attach(TransactionWorld world) => _world = world;

    /// <inheritdoc/>
    public void Replay(in TransactionRecord record, long offset)
    {
        var transaction = Find(record.TransactionalId);
        if (transaction is not null)
        {
            Idle.Remove(transaction);
            _ongoing.Remove(transaction.Id);
        }

        if (record.Value is not { } value)
        {
            _transactions.Remove(record.TransactionalId);
            return;
        }

        if (transaction is null)
        {
            _transactions[record.TransactionalId] = transaction = new Transaction(record.TransactionalId, value);
        }

        var before = transaction.Value;
        transaction.Value = value;
        if (value.State.IsIdle())
        {
            Idle.Add(transaction);
        }
        else if (value.State == TransactionState.Ongoing)
        {
            _ongoing.Add(transaction.Id);
            if (before.State != TransactionState.Ongoing)
            {
                transaction.DeadlineUs = Loop.NowUs + (value.TimeoutMs * 1000L);
            }
        }

        if (before.State.IsPreparing() && !value.State.IsPreparing())
        {
            Ended(transaction);
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _transactions.Clear();
        _ongoing.Clear();
        Idle.Clear();
    }

    /// <inheritdoc/>
    public void Loaded(long nowMs)
    {
        IsActive = true;
        _ages = new AgeClock(nowMs, Loop.NowUs);
        foreach (var transaction in _transactions.Values)
        {
            var value = transaction.Value;
            if (value.State == TransactionState.Ongoing)
            {
                // What it has left by the wall clock, but no more than it was given.
                var leftMs = Math.Min(value.StartMs + value.TimeoutMs - nowMs, value.TimeoutMs);
                transaction.DeadlineUs = Loop.NowUs + (leftMs * 1000);
            }
        }

        // What was decided is carried out once it is committed, which a new leader does not know of the end of its log.
        SubmitLater(new ResumeChore(this));
        _timeouts.Set(Config.TimeoutCheckIntervalMs);
        _expiry.Set(Config.ExpirationCheckIntervalMs);
    }

    /// <inheritdoc/>
    public void Unloaded(ErrorCode error)
    {
        IsActive = false;
        _timeouts.Cancel();
        _expiry.Cancel();
        foreach (var round in _rounds.Values)
        {
            round.Cancel();
        }

        _rounds.Clear();
        ProducerIds.Fail(error);
        foreach (var transaction in _transactions.Values)
        {
            foreach (var waiting in transaction.Waiting)
            {
                waiting.GiveUp(error);
            }

            transaction.Waiting.Clear();
        }
    }

    internal Transaction? Find(string transactionalId) => _transactions.GetValueOrDefault(transactionalId);

    /// <summary>The record of a change, in the form that the cluster's level of transaction.version writes.</summary>
    internal TransactionRecord Record(string transactionalId, TransactionValue? value) =>
        new(transactionalId, value, World.TransactionVersion() >= 1 ? (short)1 : (short)0);

    /// <summary>A decision to end a transaction is committed: its markers are written.</summary>
    internal void CarryOut(Transaction transaction)
    {
        if (transaction.Value.State.IsPreparing() && !_rounds.ContainsKey(transaction.Id))
        {
            var round = new MarkerRound(this, transaction.Id, transaction.Value);
            _rounds.Add(transaction.Id, round);
            round.Write();
        }
    }

    /// <summary>Decides an operation of the coordinator itself in a turn of its own.</summary>
    internal void SubmitLater(Operation<TransactionCoordinator, TransactionRecord> operation) => Loop.Post(new ActionTask(() =>
    {
        if (!operation.IsFinished)
        {
            Submit(operation);
        }
    }));

    /// <summary>Sets the timer of the next look for old ids.</summary>
    internal void ScheduleExpiry() => _expiry.Set(Config.ExpirationCheckIntervalMs);

    private void Submit(Operation<TransactionCoordinator, TransactionRecord> operation) => World.Submit(operation);

    private void AbortTimedOut()
    {
        foreach (var id in _ongoing)
        {
            if (Find(id)!.DeadlineUs <= Loop.NowUs)
            {
                SubmitLater(new AbortChore(this, id));
            }
        }

        _timeouts.Set(Config.TimeoutCheckIntervalMs);
    }

    private void Ended(Transaction transaction)
    {
        _rounds.Remove(transaction.Id);
        foreach (var waiting in transaction.Waiting)
        {
            SubmitLater(waiting);
        }

        transaction.Waiting.Clear();
    }
}
