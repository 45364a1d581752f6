using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Shared;
using static Barnabas.Conformance.Operator.MovedGroup;

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
            Until(() => IsCoordinated(connection) && Describe(connection).ErrorCode == ErrorCode.None);
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

    [BrokerTheory(Need.Program, Need.Peer, Apis = [Api.ConsumerGroupHeartbeat, Api.ConsumerGroupDescribe, Api.JoinGroup])]
    [InlineData("Barnabas", "Kafka")]
    [InlineData("Kafka", "Barnabas")]
    [Trait("Category", "Slow")]
    public void A_member_of_the_classic_protocol_goes_on_among_them(string first, string second)
    {
        using var writer = BrokerProcess.Start(Enum.Parse<BrokerKind>(first), Settings);
        string before;
        var classic = new MovedClassicMember();
        (int Epoch, Owned Partitions) other;
        using (var connection = new MessageConnection(writer.Port))
        {
            CreateTopic(connection);
            other = Follow(connection, "m1", 0, []);
            classic.Join(connection);
            Until(() =>
            {
                other = Follow(connection, "m1", other.Epoch, other.Partitions);
                classic.Follow(connection);
                return Describe(connection).GroupState == "Stable" && classic.Partitions.Count == 2;
            });
            before = Text(Describe(connection));
        }

        writer.Terminate();
        using var reader = BrokerProcess.Start(Enum.Parse<BrokerKind>(second), Settings, writer.DataFolder, writer.ControllerPort);
        using (var connection = new MessageConnection(reader.Port))
        {
            Until(() => IsCoordinated(connection) && Describe(connection).ErrorCode == ErrorCode.None);
            Assert.Equal(before, Text(Describe(connection)));
            Assert.Equal(ErrorCode.None, classic.Heartbeat(connection));
            Assert.Equal((other.Epoch, 1), (Follow(connection, "m1", other.Epoch, other.Partitions).Epoch, other.Partitions.Count));

            // With the last of the consumer protocol the group goes back to the classic one, and who is left joins anew.
            Beat(connection, "m1", -1, null);
            Until(() => classic.Heartbeat(connection) == ErrorCode.RebalanceInProgress);
            classic.Join(connection);
            Assert.True(classic.Leads);
            Assert.Equal(ErrorCode.GroupIdNotFound, Describe(connection).ErrorCode);
        }

        reader.Terminate();
    }
}
