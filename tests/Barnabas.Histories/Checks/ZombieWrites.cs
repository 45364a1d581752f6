using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>When a producer has taken over a transactional id, nothing that its predecessors begin after that is accepted.</summary>
public static class ZombieWrites
{
    /// <summary>What a fenced producer got acknowledged.</summary>
    public static IEnumerable<Anomaly> Find(History history)
    {
        var takeovers = history.Of(Operation.Init).Where(init => init.Result == Outcome.Ok)
            .ToLookup(init => history.Clients[init.Who].TransactionalId);
        return
            from entry in history.Entries
            where entry.Op is Operation.Send or Operation.Offsets or Operation.Commit && entry.Result == Outcome.Ok && entry.Txn.Length > 0
            let client = history.Clients[entry.Who]
            let successor = takeovers[client.TransactionalId].FirstOrDefault(init => init.From > client.From && init.Who != entry.Who
                && init.To < entry.From)
            where successor is not null
            select new Anomaly(nameof(ZombieWrites),
                $"{entry.Who} had a {entry.Op} of {entry.Txn} accepted that began at {entry.From}; "
                + $"{successor.Who} had taken over at {successor.To}");
    }
}
