using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>Offsets that a producer commits in its transaction: for which members, and what becomes of them.</summary>
public sealed class TransactionalOffsetTests
{
    private const long Producer = 9;
    private readonly GroupBench _bench;

    public TransactionalOffsetTests()
    {
        var log = GroupBench.NewLog();
        log.Records.AddRange(
        [
            new ForeignRecord("foreign", ForeignKind.Share, "x", IsTombstone: false),
            new ForeignRecord("foreign-empty", ForeignKind.Share, null, IsTombstone: false),
        ]);
        log.HighWatermark = log.EndOffset;
        _bench = new GroupBench(log: log) { Image = ConsumerBench.Topics(("t", 4)) };
    }

    [Theory]
    [InlineData("none", "", -1, null, ErrorCode.None)]
    [InlineData("none", "m", 3, null, ErrorCode.IllegalGeneration)]
    [InlineData("empty", "m", -1, null, ErrorCode.None)]
    [InlineData("empty", "", 3, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "", -1, null, ErrorCode.None)]
    [InlineData("g", "$", 1, null, ErrorCode.None)]
    [InlineData("g", "$", 2, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "$", -1, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "u", 1, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "u", -1, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "", -1, "i1", ErrorCode.UnknownMemberId)]
    [InlineData("consumer", "m1", 2, null, ErrorCode.None)]
    [InlineData("consumer", "m1", 1, null, ErrorCode.IllegalGeneration)]
    [InlineData("consumer", "mX", -1, null, ErrorCode.UnknownMemberId)]
    [InlineData("consumer-empty", "mX", -1, null, ErrorCode.None)]
    [InlineData("foreign", "", -1, null, ErrorCode.None)]
    [InlineData("foreign", "m", -1, null, ErrorCode.UnknownMemberId)]
    [InlineData("foreign-empty", "m", -1, null, ErrorCode.None)]
    [InlineData("foreign-empty", "m", 3, null, ErrorCode.UnknownMemberId)]
    public void Whoever_names_a_member_has_to_be_it(string group, string member, int generation, string? instance, ErrorCode expected)
    {
        _bench.CommitOffset("empty", "t", 0, 1);
        var (a, _) = _bench.Stable("g");
        _bench.Enter("consumer", "m1", "t");
        _bench.Enter("consumer-empty", "m1", "t");
        _bench.Beat("consumer-empty", "m1", -1, null);
        Assert.Equal(expected, Commit(group, 0, 5, member == "$" ? a : member, generation, instance));
    }

    [Fact]
    public void Too_much_metadata_is_refused()
    {
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, Commit("g", 0, 5, metadata: new string('x', 4_097)));
        Assert.Equal(ErrorCode.None, Commit("g", 0, 5, metadata: new string('x', 4_096)));
    }

    [Fact]
    public void What_is_committed_twice_in_a_transaction_is_stable_when_that_has_ended()
    {
        Commit("g", 0, 5);
        Commit("g", 0, 6);
        Assert.Equal(ErrorCode.UnstableOffsetCommit, _bench.Fetch("g", "t", 0, stable: true).ErrorCode);
        End();
        var fetched = _bench.Fetch("g", "t", 0, stable: true, topicId: TopicId("t"));
        Assert.Equal((ErrorCode.None, 6), (fetched.ErrorCode, fetched.CommittedOffset));
    }

    [Fact]
    public void With_a_topic_go_its_offsets_that_are_pending_and_those_that_say_no_topic_id()
    {
        Commit("g", 0, 5);
        End();
        Commit("g", 1, 6);
        Commit("g", 1, 7, topic: "other");
        _bench.Run(() => _bench.Coordinator.ForgetTopic("t", TopicId("t")));
        Assert.Equal(-1, _bench.Fetch("g", "t", 0).CommittedOffset);
        End();
        Assert.Equal((-1, 7), (_bench.Fetch("g", "t", 1).CommittedOffset, _bench.Fetch("g", "other", 1).CommittedOffset));
    }

    [Fact]
    public void An_offset_that_a_transaction_may_change_does_not_expire()
    {
        _bench.CommitOffset("g", "t", 0, 5);
        Commit("g", 0, 6);
        _bench.Advance(30L * 24 * 3600 * 1000);
        Assert.Equal(5, _bench.Fetch("g", "t", 0).CommittedOffset);
    }

    private ErrorCode Commit(
        string group, int partition, long offset, string member = "", int generation = -1, string? instance = null,
        string? metadata = null, string topic = "t")
    {
        var request = new TxnOffsetCommitRequest
        {
            GroupId = group, TransactionalId = "x", ProducerId = Producer, MemberId = member, GenerationId = generation,
            GroupInstanceId = instance,
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions = [new() { PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = metadata }],
                },
            ],
        };
        return _bench.Ask<TxnOffsetCommitResponse>(reply => new CommitInTransactionOperation(request, reply))
            .Now.Topics[0].Partitions[0].ErrorCode;
    }

    private void End()
    {
        var record = new TransactionEndRecord(Producer, IsCommit: true);
        _bench.Log.Records.Add(record);
        _bench.Run(() => _bench.Host.Follow(record, _bench.Log.EndOffset - 1));
    }
}
