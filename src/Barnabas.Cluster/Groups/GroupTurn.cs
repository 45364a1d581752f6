using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups;

/// <summary>What the parts of one decision hand each other. Valid until the decision is over.</summary>
internal readonly ref struct GroupTurn(GroupCoordinator coordinator, Decision<GroupRecord> decision, long nowMs)
{
    public GroupCoordinator Coordinator { get; } = coordinator;

    public Decision<GroupRecord> Decision { get; } = decision;

    /// <summary>Wall-clock milliseconds.</summary>
    public long NowMs { get; } = nowMs;
}
