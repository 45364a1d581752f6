using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Messages;

namespace Barnabas.Conformance.Operator;

using Owned = List<ConsumerGroupHeartbeatRequest.TopicPartitionsData>;

/// <summary>The group "moved-group" of four partitions, request by request. Owned by the test.</summary>
internal static class MovedGroup
{
    /// <summary>Makes the topic, and waits until the group has a coordinator.</summary>
    public static void CreateTopic(MessageConnection connection)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 10_000 };
        request.Topics.Add(new() { Name = "moved", NumPartitions = 4, ReplicationFactor = 1 });
        Assert.Equal(ErrorCode.None, connection.Call<CreateTopicsResponse>(request, 7).Topics[0].ErrorCode);
        Until(() => IsCoordinated(connection) && Describe(connection).ErrorCode == ErrorCode.GroupIdNotFound);
    }

    /// <summary>True when there is a coordinator; asking has the broker make its topic.</summary>
    public static bool IsCoordinated(MessageConnection connection) =>
        connection.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["moved-group"] }, 6)
            .Coordinators[0].ErrorCode == ErrorCode.None;

    /// <summary>A heartbeat, and what a client has after it: it does at once what it is told.</summary>
    public static (int Epoch, Owned Partitions) Follow(MessageConnection connection, string member, int epoch, Owned owned)
    {
        var answer = Beat(connection, member, epoch, owned);
        Assert.True(answer.ErrorCode == ErrorCode.None, $"{member} {epoch}: {answer.ErrorCode} {answer.ErrorMessage}");
        var has = answer.Assignment?.TopicPartitions.ConvertAll(topic => new ConsumerGroupHeartbeatRequest.TopicPartitionsData
        {
            TopicId = topic.TopicId, Partitions = topic.Partitions,
        });
        return (answer.MemberEpoch, has ?? owned);
    }

    public static ConsumerGroupHeartbeatResponse Beat(MessageConnection connection, string member, int epoch, Owned? owned) =>
        connection.Call<ConsumerGroupHeartbeatResponse>(
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = "moved-group",
                MemberId = member,
                MemberEpoch = epoch,
                RebalanceTimeoutMs = epoch == 0 ? 60_000 : -1,
                SubscribedTopicNames = epoch == 0 ? ["moved"] : null,
                TopicPartitions = owned,
            },
            1);

    public static ErrorCode Commit(MessageConnection connection, string member, (int Epoch, Owned Partitions) owned, long offset)
    {
        var request = new OffsetCommitRequest { GroupId = "moved-group", MemberId = member, GenerationIdOrMemberEpoch = owned.Epoch };
        request.Topics.Add(new()
        {
            Name = "moved", Partitions = [new() { PartitionIndex = owned.Partitions[0].Partitions[0], CommittedOffset = offset }],
        });
        return connection.Call<OffsetCommitResponse>(request, 9).Topics[0].Partitions[0].ErrorCode;
    }

    public static ConsumerGroupDescribeResponse.DescribedGroup Describe(MessageConnection connection) =>
        connection.Call<ConsumerGroupDescribeResponse>(new ConsumerGroupDescribeRequest { GroupIds = ["moved-group"] }, 1).Groups[0];

    public static string Text(ConsumerGroupDescribeResponse.DescribedGroup group) => string.Join(
        '\n',
        group.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal).Select(member =>
            $"{member.MemberId} {member.MemberEpoch} {Text(member.Assignment)} of {Text(member.TargetAssignment)}")
            .Prepend($"{group.GroupState} {group.GroupEpoch} {group.AssignmentEpoch} {group.AssignorName}"));

    public static string Text(ConsumerGroupDescribeResponse.Assignment assignment) => string.Join(
        ';', assignment.TopicPartitions.Select(topic => $"{topic.TopicName}:{string.Join(',', topic.Partitions)}"));

    public static void Until(Func<bool> seen)
    {
        var watch = Stopwatch.StartNew();
        while (!seen())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "the group did not settle");
            Thread.Sleep(50);
        }
    }
}
