using Barnabas.Base;
using Barnabas.Messages;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>What Apache Kafka 4.3.1 answers to reassignments on one broker.</summary>
public sealed class ReassignmentTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.Start();
        _node.CreateTopic("x", partitions: 2);
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory, InlineData(0), InlineData(1)]
    public void The_assignment_that_there_is_is_accepted_and_no_other(short version)
    {
        Assert.Equal(
            [
                (ErrorCode.None, null),
                (ErrorCode.NoReassignmentInProgress, null),
                (ErrorCode.UnknownTopicOrPartition, "Unable to find partition x:5."),
                (ErrorCode.InvalidReplicaAssignment,
                    "The manual partition assignment includes broker 2, but no such broker is registered."),
                (ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes an empty replica list."),
                (ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes the broker 1 more than once."),
            ],
            Reassign("x", version, (0, [1]), (1, null), (5, [1]), (0, [1, 2]), (1, []), (0, [1, 1])));
        Assert.Equal(
            [(ErrorCode.UnknownTopicOrPartition, "Unable to find a topic named nope.")], Reassign("nope", version, (0, [1])));
    }

    [Fact]
    public void None_are_going_on()
    {
        var answer = _client.Call<ListPartitionReassignmentsResponse>(new ListPartitionReassignmentsRequest { Topics = null }, 0);
        Assert.Equal((ErrorCode.None, 0), (answer.ErrorCode, answer.Topics.Count));
    }

    private List<(ErrorCode Error, string? Message)> Reassign(string topic, short version, params (int Index, int[]? Replicas)[] partitions)
    {
        var request = new AlterPartitionReassignmentsRequest
        {
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions = [.. partitions.Select(p => new AlterPartitionReassignmentsRequest.ReassignablePartition
                    {
                        PartitionIndex = p.Index, Replicas = p.Replicas?.ToList(),
                    })],
                },
            ],
        };
        var answer = _client.Call<AlterPartitionReassignmentsResponse>(request, version);
        Assert.Equal((ErrorCode.None, null), (answer.ErrorCode, answer.ErrorMessage));
        return [.. answer.Responses.Single().Partitions.Select(p => (p.ErrorCode, p.ErrorMessage))];
    }
}
