using Barnabas.Base;
using Barnabas.Broker.Handlers.Partitions;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Partitions;

namespace Barnabas.Tests.Handlers.Partitions;

public sealed class OffsetQuestionTests
{
    [Fact]
    public void A_log_that_is_closed_under_a_look_up_is_not_taken_for_one_without_such_a_record()
    {
        using var bench = new ReplicaBench(inSync: [1]);
        bench.Append();
        Assert.Equal((ErrorCode.None, 0), Ask(bench, 0));
        Assert.Equal((ErrorCode.None, -1), Ask(bench, long.MaxValue));
        bench.Turn(() => bench.Replica.Fail(new ReplicaFailure(ErrorCode.KafkaStorageError, "test")));
        bench.Replica.Log.Abandon();
        Assert.Equal(ErrorCode.KafkaStorageError, Ask(bench, 0).Error);
    }

    private static (ErrorCode Error, long Offset) Ask(ReplicaBench bench, long timestamp)
    {
        var asked = new ListOffsetsRequest.ListOffsetsPartition { Timestamp = timestamp };
        var answer = new ListOffsetsResponse.ListOffsetsPartitionResponse();
        new OffsetQuestion("t", asked, answer) { Replica = bench.Replica }.LookUp(ReadLimit.HighWatermark);
        return (answer.ErrorCode, answer.Offset);
    }
}
