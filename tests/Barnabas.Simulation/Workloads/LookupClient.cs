using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>Asks for offsets by timestamp, and compares the answers with the history. Owned by the world.</summary>
internal sealed class LookupClient(SimWorld world, string name, Randomness workload) : SimClient(world, name, workload)
{
    private const short Version = 7;
    private bool _waits;

    /// <inheritdoc/>
    public override bool IsDone => !_waits;

    /// <inheritdoc/>
    protected override int ThinkUs() => World.IsHealing ? 100_000 : Random.Next(50_000);

    /// <inheritdoc/>
    protected override void OnDisconnected() => _waits = false;

    /// <inheritdoc/>
    protected override void Act()
    {
        if (_waits || World.IsHealing || World.ChooseTopic(Random) is not { NeedsId: false, IsCompacted: false } topic)
        {
            return;
        }

        var partition = Random.Next(topic.Partitions);
        var history = World.HistoryOf(topic.Id, partition, topic.Name);
        var timestamp = history.SomeTimestamp(Random);
        var (start, end) = World.FindReplica(topic.Id, partition) is { } replica
            ? (replica.View.LogStartOffset, replica.View.HighWatermark)
            : (0, 0);
        var losses = history.Losses;
        _waits = true;
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics =
            [
                new()
                {
                    Name = topic.Name,
                    Partitions = [new() { PartitionIndex = partition, CurrentLeaderEpoch = -1, Timestamp = timestamp }],
                },
            ],
        };
        Call<ListOffsetsResponse>(request, Version, reply =>
        {
            _waits = false;
            var answer = reply.Topics[0].Partitions[0];
            World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {answer.ErrorCode}, {answer.Offset} for {timestamp} in {history.Name}");
            if (answer.ErrorCode == ErrorCode.None && history.Losses == losses)
            {
                history.MatchLookup(timestamp, answer.Timestamp, answer.Offset, start, end);
            }

            ViolationException.Unless(
                answer.ErrorCode is ErrorCode.None or ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError
                    or ErrorCode.OffsetNotAvailable || World.MayBeGone(topic),
                $"{Name}: {answer.ErrorCode} for {history.Name}");
        });
    }
}
