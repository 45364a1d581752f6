using Barnabas.Broker.Coordinators;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Broker.Handlers.Groups;

/// <summary>The APIs of groups and committed offsets.</summary>
internal static class GroupHandlers
{
    /// <summary>Serves them all.</summary>
    /// <param name="table">Of a client listener.</param>
    /// <param name="coordinators">The broker's.</param>
    /// <param name="metadata">Says who leads.</param>
    /// <param name="createTopic">Asks the controller for one of the broker's own topics, and returns at once.</param>
    public static HandlerTable AddGroups(
        this HandlerTable table, GroupCoordinators coordinators, MetadataPublisher metadata, Action<string> createTopic) => table
        .Add(new FindCoordinatorHandler(metadata, createTopic))
        .Add(new JoinGroupHandler(coordinators))
        .Add(new SyncGroupHandler(coordinators))
        .Add(new HeartbeatHandler(coordinators))
        .Add(new LeaveGroupHandler(coordinators))
        .Add(new OffsetCommitHandler(coordinators))
        .Add(new OffsetFetchHandler(coordinators))
        .Add(new OffsetDeleteHandler(coordinators))
        .Add(new ListGroupsHandler(coordinators))
        .Add(new DescribeGroupsHandler(coordinators))
        .Add(new DeleteGroupsHandler(coordinators))
        .Add(new ConsumerGroupHeartbeatHandler(coordinators))
        .Add(new ConsumerGroupDescribeHandler(coordinators));
}
