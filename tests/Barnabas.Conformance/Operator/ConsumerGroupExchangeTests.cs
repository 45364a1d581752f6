using System.Diagnostics;
using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

using Owned = List<ConsumerGroupHeartbeatRequest.TopicPartitionsData>;

/// <summary>
/// A directory with live groups of the consumer protocol goes to the other program: members go on in their epochs with what they have.
/// </summary>
public sealed class ConsumerGroupExchangeTests
{
    private static readonly Dictionary<string, string> Settings = new() { ["offsets.topic.num.partitions"] = "2" };

    [BrokerTheory(Need.Program, Need.Peer, Apis = [Api.ConsumerGroupHeartbeat, Api.ConsumerGroupDescribe])]
    [InlineData("Barnabas", "Kafka")]
    [InlineData("Kafka", "Barnabas")]
    [Trait("Category", "Slow")]
    public void Members_go_on_in_the_other_program(string first, string second)
    {
        using var writer = BrokerProcess.Start(Enum.Parse<BrokerKind>(first), Settings);
        string before;
        var owned = new Dictionary<string, (int Epoch, Owned Partitions)>();
        using (var connection = new MessageConnection(writer.Port))
        {
            CreateTopic(connection);
            owned["m1"] = Follow(connection, "m1", 0, []);
            owned["m2"] = Follow(connection, "m2", 0, []);
            Until(() =>
            {
                foreach (var (member, (epoch, partitions)) in owned.ToList())
                {
                    owned[member] = Follow(connection, member, epoch, partitions);
                }

                return Describe(connection).GroupState == "Stable" && owned.Values.All(each => each.Epoch == 3);
            });
            Assert.Equal(ErrorCode.None, Commit(connection, "m1", owned["m1"], 41));
            before = Text(Describe(connection));
        }

        writer.Terminate();
        var file = Directory.EnumerateFiles(writer.DataFolder, "*.log", SearchOption.AllDirectories)
            .First(name => name.Contains("__consumer_offsets-", StringComparison.Ordinal) && new FileInfo(name).Length > 0);
        using (var tools = new KafkaTools())
        {
            Assert.Matches(
                "\"type\":\"?8\"?,\"data\":.*\"groupId\":\"moved-group\"",
                tools.Run("dump-log", "--offsets-decoder", "--files", file));
        }

        using var reader = BrokerProcess.Start(Enum.Parse<BrokerKind>(second), Settings, writer.DataFolder, writer.ControllerPort);
        using (var connection = new MessageConnection(reader.Port))
        {
            Until(() => connection.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["moved-group"] }, 6)
                .Coordinators[0].ErrorCode == ErrorCode.None && Describe(connection).ErrorCode == ErrorCode.None);
            Assert.Equal(before, Text(Describe(connection)));
            foreach (var (member, (epoch, partitions)) in owned)
            {
                var (after, still) = Follow(connection, member, epoch, partitions);
                Assert.Equal((epoch, partitions.Count), (after, still.Count));
            }

            Assert.Equal(before, Text(Describe(connection)));
            Assert.Equal(ErrorCode.None, Commit(connection, "m1", owned["m1"], 42));
            Beat(connection, "m2", -1, null);
            Until(() =>
            {
                owned["m1"] = Follow(connection, "m1", owned["m1"].Epoch, owned["m1"].Partitions);
                return owned["m1"].Partitions.Sum(topic => topic.Partitions.Count) == 4;
            });
        }

        reader.Terminate();
    }

    private static void CreateTopic(MessageConnection connection)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 10_000 };
        request.Topics.Add(new() { Name = "moved", NumPartitions = 4, ReplicationFactor = 1 });
        Assert.Equal(ErrorCode.None, connection.Call<CreateTopicsResponse>(request, 7).Topics[0].ErrorCode);
        Until(() => connection.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["moved-group"] }, 6)
            .Coordinators[0].ErrorCode == ErrorCode.None
            && Describe(connection).ErrorCode == ErrorCode.GroupIdNotFound);
    }

    /// <summary>A heartbeat, and what a client has after it: it does at once what it is told.</summary>
    private static (int Epoch, Owned Partitions) Follow(MessageConnection connection, string member, int epoch, Owned owned)
    {
        var answer = Beat(connection, member, epoch, owned);
        Assert.True(answer.ErrorCode == ErrorCode.None, $"{member} {epoch}: {answer.ErrorCode} {answer.ErrorMessage}");
        var has = answer.Assignment?.TopicPartitions.ConvertAll(topic => new ConsumerGroupHeartbeatRequest.TopicPartitionsData
        {
            TopicId = topic.TopicId, Partitions = topic.Partitions,
        });
        return (answer.MemberEpoch, has ?? owned);
    }

    private static ConsumerGroupHeartbeatResponse Beat(MessageConnection connection, string member, int epoch, Owned? owned) =>
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

    private static ErrorCode Commit(MessageConnection connection, string member, (int Epoch, Owned Partitions) owned, long offset)
    {
        var request = new OffsetCommitRequest { GroupId = "moved-group", MemberId = member, GenerationIdOrMemberEpoch = owned.Epoch };
        request.Topics.Add(new()
        {
            Name = "moved", Partitions = [new() { PartitionIndex = owned.Partitions[0].Partitions[0], CommittedOffset = offset }],
        });
        return connection.Call<OffsetCommitResponse>(request, 9).Topics[0].Partitions[0].ErrorCode;
    }

    private static ConsumerGroupDescribeResponse.DescribedGroup Describe(MessageConnection connection) =>
        connection.Call<ConsumerGroupDescribeResponse>(new ConsumerGroupDescribeRequest { GroupIds = ["moved-group"] }, 1).Groups[0];

    private static string Text(ConsumerGroupDescribeResponse.DescribedGroup group) => string.Join(
        '\n',
        group.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal).Select(member =>
            $"{member.MemberId} {member.MemberEpoch} {Text(member.Assignment)} of {Text(member.TargetAssignment)}")
            .Prepend($"{group.GroupState} {group.GroupEpoch} {group.AssignmentEpoch} {group.AssignorName}"));

    private static string Text(ConsumerGroupDescribeResponse.Assignment assignment) => string.Join(
        ';', assignment.TopicPartitions.Select(topic => $"{topic.TopicName}:{string.Join(',', topic.Partitions)}"));

    private static void Until(Func<bool> seen)
    {
        var watch = Stopwatch.StartNew();
        while (!seen())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "the group did not settle");
            Thread.Sleep(50);
        }
    }
}
