using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups;

/// <summary>What a group coordinator decides of its own accord.</summary>
internal abstract class GroupChore : CoordinatorChore<GroupCoordinator, GroupRecord, GroupConfig>;

/// <summary>What a client asks of a group coordinator.</summary>
/// <inheritdoc cref="CoordinatorRequest{TMachine,TRecord,TConfig,TResponse}"/>
public abstract class GroupRequest<TResponse>(Action<TResponse> reply)
    : CoordinatorRequest<GroupCoordinator, GroupRecord, GroupConfig, TResponse>(reply)
    where TResponse : class;
