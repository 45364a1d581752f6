using System.Text;
using Barnabas.Base;
using Barnabas.Log.Epochs;

namespace Barnabas.Tests.Log;

public sealed class LeaderEpochsTests
{
    private static readonly LeaderEpochs History = LeaderEpochs.Empty.With(2, 10).With(4, 20).With(7, 20).With(9, 35);

    [Theory]
    [InlineData(1, 1, 10)] // older than all: itself, and where the oldest begins
    [InlineData(2, 2, 20)]
    [InlineData(3, 2, 20)]
    [InlineData(7, 7, 35)]
    [InlineData(8, 7, 35)]
    [InlineData(9, 9, 50)] // the newest ends at the log end
    [InlineData(10, -1, -1)]
    [InlineData(-1, -1, -1)]
    public void The_end_of_an_epoch_is_where_the_next_begins(int asked, int epoch, long end) =>
        Assert.Equal(new EpochEntry(epoch, end), History.EndOffsetFor(asked, 50));

    [Fact]
    public void An_epoch_without_records_gives_way_to_the_next_at_its_offset() =>
        Assert.Equal([(2, 10L), (7, 20L), (9, 35L)], History.Entries.Select(e => (e.Epoch, e.StartOffset)));

    [Fact]
    public void Truncation_drops_epochs_that_begin_at_or_behind_the_end()
    {
        Assert.Equal([2, 7], History.TruncatedTo(35).Entries.Select(e => e.Epoch));
        Assert.Equal([2], History.TruncatedTo(20).Entries.Select(e => e.Epoch));
        Assert.Same(History, History.TruncatedTo(36));
    }

    [Fact]
    public void A_log_start_cuts_the_epoch_that_holds_it()
    {
        Assert.Equal([(7, 25L), (9, 35L)], History.StartingAt(25).Entries.Select(e => (e.Epoch, e.StartOffset)));
        Assert.Equal([(9, 40L)], History.StartingAt(40).Entries.Select(e => (e.Epoch, e.StartOffset)));
        Assert.Same(History, History.StartingAt(10));
    }

    [Fact]
    public void The_epoch_of_an_offset_is_the_last_that_began_at_or_before_it() =>
        Assert.Equal([-1, 2, 2, 7, 9], new long[] { 9, 10, 19, 20, 99 }.Select(History.EpochOf));

    [Fact]
    public void The_file_is_Kafkas()
    {
        Assert.Equal("0\n3\n2 10\n7 20\n9 35\n", Encoding.UTF8.GetString(History.ToBytes()));
        Assert.Equal(History.Entries, LeaderEpochs.FromBytes(History.ToBytes(), "x").Entries);
        Assert.Empty(LeaderEpochs.FromBytes([], "x").Entries);
        foreach (var bad in new[] { "1\n0\n", "0\n2\n1 1\n", "0\n1\n1 x\n", "0\n1\n1\n", "hello" })
        {
            Assert.Throws<MalformedException>(() => LeaderEpochs.FromBytes(Encoding.UTF8.GetBytes(bad), "x"));
        }
    }
}
