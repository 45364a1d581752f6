using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;
using Barnabas.Messages;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>Commits offsets that only grow, for a group without members, some at a time.</summary>
internal sealed class OffsetCommitter(string group, string topic, Randomness random) : LoadActor($"group {group}", random)
{
    private const short Version = 8;
    private const int WindowMax = 4;
    private long _lastSent;
    private long _lastAcknowledged = -1;

    /// <inheritdoc/>
    public override void Verify(MessageConnection connection, Promise promise)
    {
        if (_lastSent == 0)
        {
            return;
        }

        var request = new OffsetFetchRequest { GroupId = group, Topics = [new() { Name = topic, PartitionIndexes = [0] }] };
        OffsetFetchResponse answer;
        do
        {
            answer = connection.Call<OffsetFetchResponse>(request, 7);
        }
        while (answer.ErrorCode is ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable);

        var partition = answer.Topics[0].Partitions[0];
        CheckDone(partition.ErrorCode, "its offset");
        LossException.Unless(
            partition.CommittedOffset <= _lastSent && (partition.CommittedOffset >= _lastAcknowledged || promise.MayLose),
            $"{Name}: committed {partition.CommittedOffset}, was told that {_lastAcknowledged} is, and asked for {_lastSent}");
        _lastAcknowledged = partition.CommittedOffset;
    }

    /// <inheritdoc/>
    protected override void Work(MessageConnection connection)
    {
        var onTheirWay = new Queue<long>();
        FindCoordinator(connection);
        while (true)
        {
            while (onTheirWay.Count < WindowMax)
            {
                _lastSent += 1 + Random.Next(5);
                onTheirWay.Enqueue(_lastSent);
                connection.Send(Request(_lastSent), Version);
                HasSent();
            }

            var error = connection.Receive<OffsetCommitResponse>(Version).Topics[0].Partitions[0].ErrorCode;
            var offset = onTheirWay.Dequeue();
            CheckDone(error, $"committing {offset}");
            _lastAcknowledged = offset;
            HasAnswer();
        }
    }

    // Makes the topic of the offsets where there is none yet.
    private void FindCoordinator(MessageConnection connection)
    {
        ErrorCode error;
        do
        {
            error = connection.Call<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = group }, 3).ErrorCode;
        }
        while (error == ErrorCode.CoordinatorNotAvailable);

        CheckDone(error, "its coordinator");
        do
        {
            error = connection.Call<OffsetCommitResponse>(Request(_lastSent), Version).Topics[0].Partitions[0].ErrorCode;
        }
        while (error is ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable);

        CheckDone(error, "its first commit");
    }

    private OffsetCommitRequest Request(long offset) => new()
    {
        GroupId = group,
        MemberId = "",
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, CommittedOffset = offset, CommittedMetadata = "" }] }],
    };
}
