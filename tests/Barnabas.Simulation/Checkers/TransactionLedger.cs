using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Transactions;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of all transactions that a coordinator decides, over all lives of the node: what clients did and were told, what the
/// coordinators' logs say, and which markers came. Owned by the world.
/// </summary>
internal sealed class TransactionLedger(SimWorld world)
{
    /// <summary>What the records of a transaction begin with.</summary>
    private const string Prefix = "tx";

    private readonly Dictionary<string, TransactionUnit> _units = [];
    private readonly Dictionary<(long ProducerId, short Epoch), TransactionUnit> _byEpoch = [];
    private readonly Dictionary<long, (TransactionLog Log, long Offset, bool IsCommit, short Epoch)> _decided = [];
    private readonly Dictionary<string, TransactionUnit> _ending = [];
    private readonly Dictionary<PartitionHistory, Dictionary<long, List<TransactionUnit>>> _open = [];
    private readonly Dictionary<(PartitionHistory History, long Offset), TransactionUnit> _ofBatch = [];
    private readonly Dictionary<(string Group, int Piece, long Offset), TransactionUnit> _offsets = [];
    private readonly Dictionary<(string Group, int Piece), long> _lastOffset = [], _seen = [];

    /// <summary>Transactions that were begun, committed and aborted.</summary>
    public (int Begun, int Committed, int Aborted) Count => (
        _units.Count, _units.Values.Count(unit => unit.IsCommitted), _units.Values.Count(unit => unit.Decision is { IsCommit: false }));

    /// <summary>A client begins a transaction.</summary>
    public TransactionUnit Begin(ProducerIdentity identity)
    {
        var unit = new TransactionUnit($"{Prefix}{_units.Count}", identity.Id, identity.ProducerId, identity.Epoch)
        {
            BegunUs = world.Clock.MonotonicUs,
        };
        _units.Add(unit.Key, unit);
        _byEpoch[(identity.ProducerId, identity.Epoch)] = unit;
        return unit;
    }

    /// <summary>The next offset that a transaction commits for a piece of its group's work.</summary>
    public long NextOffset(string group, int piece, TransactionUnit unit)
    {
        var offset = _lastOffset[(group, piece)] = _lastOffset.GetValueOrDefault((group, piece)) + 1;
        _offsets[(group, piece, offset)] = unit;
        return offset;
    }

    /// <summary>The client was told how its transaction ends: it is decided so, and stays so.</summary>
    public void Tell(TransactionUnit unit, bool isCommit)
    {
        unit.Told = isCommit;
        ViolationException.Unless(
            unit.Decision is { } decision && decision.IsCommit == isCommit && decision.Offset < decision.Log.CommittedEnd,
            $"{unit} was told that it is {Name(isCommit)}, and is decided as {unit.Decision} of {unit.Decision?.Log.CommittedEnd}");
    }

    /// <summary>What somebody who asks now for a group's offset has to be told at least.</summary>
    public long AtLeast(string group, int piece) => _seen.GetValueOrDefault((group, piece), -1);

    /// <summary>Somebody was told a group's offset, having asked when it was at least something.</summary>
    public void Fetched(string group, int piece, long offset, long atLeast)
    {
        ViolationException.Unless(offset >= atLeast, $"{group}: offset {offset} of piece {piece} was told, {atLeast} was told before");
        if (offset >= 0)
        {
            var unit = _offsets[(group, piece, offset)];
            ViolationException.Unless(unit.IsCommitted, $"{group}: offset {offset} of piece {piece} was told, and {unit} is not committed");
            _seen[(group, piece)] = Math.Max(offset, AtLeast(group, piece));
        }
    }

    /// <summary>A coordinator's log says how a transaction ends.</summary>
    public void Decided(TransactionLog log, long offset, string id, TransactionValue value)
    {
        var isCommit = value.State == TransactionState.PrepareCommit;
        _decided[value.ProducerId] = (log, offset, isCommit, value.Epoch);

        if (UnitOf(value) is { IsOver: false } unit && unit.Id == id)
        {
            ViolationException.Unless(
                (unit.Told ?? isCommit) == isCommit && (unit.Decision?.IsCommit ?? isCommit) == isCommit,
                $"{unit} was told {unit.Told}, was decided as {unit.Decision}, and is {Name(isCommit)} now");
            unit.Decision = (log, offset, isCommit);
            _ending[id] = unit;
        }
    }

    /// <summary>A coordinator's log says that every marker is written.</summary>
    public void Completed(string id, TransactionValue prepared)
    {
        foreach (var (history, open) in _open)
        {
            ViolationException.Unless(
                !open.ContainsKey(prepared.ProducerId) || IsGone(history),
                $"{history.Name}: the transaction of {id} ({prepared.ProducerId}) is over and has no marker here");
        }

        if (_ending.Remove(id, out var unit))
        {
            unit.IsOver = true;
        }
    }

    /// <summary>A producer id has gone with its last epoch, and another taken its place.</summary>
    public void UsedUp() => world.Faults.Add("producer id used up");

    /// <summary>A coordinator's log has lost its end.</summary>
    public void Forget(TransactionLog log, long end)
    {
        foreach (var unit in _units.Values.Where(unit => unit.Decision is { } decision && decision.Log == log && decision.Offset >= end))
        {
            unit.Decision = null;
        }

        foreach (var (producerId, decided) in _decided.ToList())
        {
            if (decided.Log == log && decided.Offset >= end)
            {
                _decided.Remove(producerId);
            }
        }
    }

    /// <summary>Is told of every batch of a partition.</summary>
    public void Watch(PartitionHistory history)
    {
        if (!world.Scenario.IsOfCoordinators)
        {
            return;
        }

        _open[history] = [];
        history.Appended = batch => Add(history, batch, isNew: true);
        history.Cut = batches =>
        {
            _open[history].Clear();
            foreach (var unit in _units.Values)
            {
                unit.Outcomes.Remove(history);
            }

            foreach (var batch in batches)
            {
                Add(history, batch, isNew: false);
            }
        };
    }

    /// <summary>At the end, when all is settled: every transaction is there or not, in all of its partitions and in its offsets.</summary>
    public void CheckAll()
    {
        foreach (var unit in _units.Values)
        {
            var isCommit = unit.Decision?.IsCommit;
            ViolationException.Unless(unit.Told is null || unit.Told == isCommit, $"{unit} was told {unit.Told} and is {isCommit}");
            foreach (var (topic, history) in unit.Written.Where(written => !written.Topic.IsDeleteAsked))
            {
                ViolationException.Unless(
                    unit.Outcomes.TryGetValue(history, out var outcome) && outcome == isCommit,
                    $"{history.Name}: {unit} is {isCommit}, and the marker {outcome}");
            }

            foreach (var (piece, offset) in unit.Offsets)
            {
                var there = world.Shadows.CommittedOffset(GroupOf(unit.Id), GroupPartition.Topic, piece);
                ViolationException.Unless(
                    isCommit == true ? there >= offset : there != offset,
                    $"{GroupOf(unit.Id)}: {unit} is {isCommit} with offset {offset} of piece {piece}, {there} is committed");
            }
        }
    }

    /// <summary>The group whose offsets are committed with a transactional id.</summary>
    public static string GroupOf(string id) => $"of-{id}";

    private void Add(PartitionHistory history, LoggedBatch batch, bool isNew)
    {
        if (!batch.IsTransactional)
        {
            return;
        }

        var open = _open[history];
        if (batch.IsControl)
        {
            if (open.Remove(batch.ProducerId, out var ended))
            {
                End(history, batch, ended, isNew);
            }
        }
        else if (UnitOf(history, batch, isNew) is { } unit)
        {
            ViolationException.Unless(
                !isNew || !unit.Outcomes.ContainsKey(history), $"{history.Name}: {batch} of {unit} came after its marker");
            if (!open.TryGetValue(batch.ProducerId, out var units))
            {
                open[batch.ProducerId] = units = [];
            }

            if (!units.Contains(unit))
            {
                units.Add(unit);
                ViolationException.Unless(
                    units.Count == 1, $"{history.Name}: {string.Join(" and ", units)} are in one transaction");
            }
        }
    }

    private void End(PartitionHistory history, LoggedBatch marker, List<TransactionUnit> ended, bool isNew)
    {
        var isCommit = !marker.IsAbort;
        var decided = _decided.GetValueOrDefault(marker.ProducerId);
        ViolationException.Unless(
            !isNew || (decided.Log is not null && decided.IsCommit == isCommit && decided.Epoch == marker.ProducerEpoch
                && decided.Offset < decided.Log.CommittedEnd),
            $"{history.Name}: a marker in epoch {marker.ProducerEpoch} says {Name(isCommit)}, {marker.ProducerId} is {decided}");
        foreach (var unit in ended)
        {
            unit.Outcomes[history] = isCommit;
            ViolationException.Unless(
                (unit.Told ?? isCommit) == isCommit && unit.Outcomes.Values.All(outcome => outcome == isCommit),
                $"{history.Name}: {unit} is {Name(isCommit)}, was told {unit.Told}, elsewhere {string.Join(' ', unit.Outcomes.Values)}");
        }
    }

    // Where the end has raised the epoch, nobody can have begun with it yet.
    private TransactionUnit? UnitOf(TransactionValue prepared) =>
        _byEpoch.GetValueOrDefault((prepared.ProducerId, prepared.Epoch))
            ?? _byEpoch.GetValueOrDefault((prepared.ProducerId, (short)(prepared.Epoch - 1)));

    private TransactionUnit? UnitOf(PartitionHistory history, LoggedBatch batch, bool isNew)
    {
        if (history.IsInternal)
        {
            // By the older protocol the next transaction has the same epoch: when the batch was new it was known whose it is.
            if (isNew && _byEpoch.TryGetValue((batch.ProducerId, batch.ProducerEpoch), out var current))
            {
                _ofBatch[(history, batch.BaseOffset)] = current;
            }

            return _ofBatch.GetValueOrDefault((history, batch.BaseOffset));
        }

        var at = batch.Values[0].IndexOf('/', StringComparison.Ordinal);
        return at < 0 ? null : _units.GetValueOrDefault(batch.Values[0][..at]);
    }

    private bool IsGone(PartitionHistory history) =>
        world.Topics.Exists(topic => topic.IsDeleteAsked && history.Name.StartsWith(topic.Name + "-", StringComparison.Ordinal));

    private static string Name(bool isCommit) => isCommit ? "committed" : "aborted";
}
