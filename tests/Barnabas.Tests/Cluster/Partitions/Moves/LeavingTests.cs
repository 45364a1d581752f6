using Barnabas.Base;

namespace Barnabas.Tests.Cluster.Partitions.Moves;

/// <summary>A partition that goes, and one that comes under its name.</summary>
public sealed class LeavingTests : IDisposable
{
    private readonly MovesBench _bench = new();
    private readonly Uuid _topic;

    public LeavingTests()
    {
        _topic = _bench.CreateTopic("t");
        _bench.Fill(2);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void One_of_the_same_name_waits_until_the_jobs_that_name_its_files_have_run()
    {
        _bench.DeleteTopic(_topic);
        var next = _bench.CreateTopic("t", id: 8, pumps: false);
        _bench.Pump(all: false);
        Assert.Null(_bench.Find());
        Assert.Equal(["t-0"], _bench.Held("a"));
        _bench.Advance(1);
        Assert.Equal((next, 0L), (_bench.Find()!.TopicId, _bench.Find()!.View.LogEndOffset));
    }

    [Fact]
    public void One_of_the_same_name_waits_until_a_move_has_ended()
    {
        _bench.MoveUntilAsked(_bench.B);
        _bench.DeleteTopic(_topic);
        var next = _bench.CreateTopic("t", id: 8);
        _bench.Advance(1_000);
        Assert.Null(_bench.Find());
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((next, 0L), (_bench.Find()!.TopicId, _bench.Find()!.View.LogEndOffset));
        Assert.Equal(1, _bench.Held("a").Length + _bench.Held("b").Length);
    }

    [Fact]
    public void A_directory_counts_what_lies_in_it()
    {
        Assert.Equal((1, 0), (_bench.A.PartitionCount, _bench.B.PartitionCount));
        _bench.DeleteTopic(_topic);
        _bench.Pump();
        Assert.Equal((0, 0), (_bench.A.PartitionCount, _bench.B.PartitionCount));
    }

    [Fact]
    public void Nothing_is_done_to_a_directory_that_is_offline()
    {
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Pump();
        _bench.DeleteTopic(_topic);
        _bench.Advance(1);
        Assert.Null(_bench.Find());
        Assert.Equal(["t-0"], _bench.Held("a"));
    }
}
