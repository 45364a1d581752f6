using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;
using Barnabas.Messages;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>Deletes the first records of a partition, again and again, up to some way before its end.</summary>
internal sealed class RecordDeleter(PartitionModel partition, Randomness random) : LoadActor($"deleter of {partition}", random)
{
    /// <inheritdoc/>
    public override void Verify(MessageConnection connection, Promise promise)
    {
        // A deletion that no checkpoint has seen may be undone, as in Kafka; what was not asked for is for the partition to judge.
    }

    /// <inheritdoc/>
    protected override void Work(MessageConnection connection)
    {
        while (true)
        {
            var (start, end) = LogReader.Bounds(connection, partition.Topic, partition.Number);
            var offset = start + ((end - start) / (2 + Random.Next(8)));
            partition.DeletesBelow = Math.Max(partition.DeletesBelow, offset);
            var request = new DeleteRecordsRequest
            {
                TimeoutMs = 30_000,
                Topics =
                [
                    new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Number, Offset = offset }] },
                ],
            };
            HasSent();
            var answer = connection.Call<DeleteRecordsResponse>(request, 2).Topics[0].Partitions[0];
            CheckDone(answer.ErrorCode, $"deleting below {offset}");
            HasAnswer();
            LossException.Unless(answer.LowWatermark >= offset, $"{Name}: starts at {answer.LowWatermark} after deleting below {offset}");
        }
    }
}
