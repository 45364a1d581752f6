using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Conformance.Operator;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Shared;

namespace Barnabas.Conformance.Groups;

/// <summary>
/// A classic group becomes a consumer group while it rebalances: what its members worked on is theirs until they give it up. Kafka is asked
/// the same.
/// </summary>
[Trait("Category", "Slow")]
public sealed class UpgradeInRebalanceTests
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["offsets.topic.num.partitions"] = "2", ["group.initial.rebalance.delay.ms"] = "0",
    };

    [BrokerTheory(Need.Program, Need.Peer, Apis = [Api.ConsumerGroupHeartbeat, Api.JoinGroup])]
    [InlineData("Barnabas", false)]
    [InlineData("Kafka", false)]
    [InlineData("Barnabas", true)]
    [InlineData("Kafka", true)]
    public async Task Members_keep_what_they_worked_on(string kind, bool hasJoinedAgain)
    {
        using var broker = BrokerProcess.Start(Enum.Parse<BrokerKind>(kind), Settings);
        using var first = new MessageConnection(broker.Port);
        using var second = new MessageConnection(broker.Port);
        MovedGroup.CreateTopic(first);
        var joined = Join(first, "");
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.Equal(ErrorCode.None, first.Call<SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = "moved-group",
                GenerationId = joined.GenerationId,
                MemberId = joined.MemberId,
                Assignments = [new() { MemberId = joined.MemberId, Assignment = Everything() }],
            },
            2).ErrorCode);
        var other = Task.Run(() => Join(second, ""));
        MovedGroup.Until(() => first.Call<HeartbeatResponse>(
            new HeartbeatRequest { GroupId = "moved-group", GenerationId = joined.GenerationId, MemberId = joined.MemberId }, 2)
            .ErrorCode == ErrorCode.RebalanceInProgress);
        if (hasJoinedAgain)
        {
            Assert.Equal(ErrorCode.None, Join(first, joined.MemberId).ErrorCode);
            await other;
        }

        using var third = new MessageConnection(broker.Port);
        var (_, partitions) = MovedGroup.Follow(third, "c1", 0, []);
        Assert.Empty(partitions);
        var member = MovedGroup.Describe(third).Members.Single(each => each.MemberId == joined.MemberId);
        Assert.Equal([0, 1, 2, 3], member.Assignment.TopicPartitions.SelectMany(topic => topic.Partitions).Order());
        await other;
    }

    private static JoinGroupResponse Join(MessageConnection connection, string member)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(1);
        new ConsumerProtocolSubscription { Topics = ["moved"] }.Write(writer, 1);
        return connection.Call<JoinGroupResponse>(
            new JoinGroupRequest
            {
                GroupId = "moved-group",
                SessionTimeoutMs = 45_000,
                RebalanceTimeoutMs = 60_000,
                MemberId = member,
                ProtocolType = "consumer",
                Protocols = [new() { Name = "range", Metadata = writer.Written.ToArray() }],
            },
            3);
    }

    private static byte[] Everything()
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(1);
        new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "moved", Partitions = [0, 1, 2, 3] }] }.Write(writer, 1);
        return writer.Written.ToArray();
    }
}
