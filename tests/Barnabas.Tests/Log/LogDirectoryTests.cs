using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Log;

public sealed class LogDirectoryTests : IDisposable
{
    private static readonly Uuid Topic = new(0x1234, 0x5678), Other = new(0x9999, 0x1111);
    private readonly TempFolder _folder = new();
    private readonly FileDisk _disk = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_empty_directory_is_formatted_and_a_strange_one_is_refused_by_name()
    {
        Assert.Equal(DirectoryKind.Empty, LogDirectory.Inspect(_disk, _folder.At("none")));
        Assert.Equal(DirectoryKind.Empty, LogDirectory.Inspect(_disk, _folder.Path));
        Format();
        Assert.Equal(DirectoryKind.Kafka, LogDirectory.Inspect(_disk, _folder.Path));
        Directory.CreateDirectory(_folder.At("home"));
        File.WriteAllText(_folder.At("home/letter.txt"), "");
        var refused = Assert.Throws<LogDirectoryException>(() => LogDirectory.Inspect(_disk, _folder.At("home")));
        Assert.Contains("letter.txt", refused.Message);
        Assert.Throws<LogDirectoryException>(() => LogDirectory.Inspect(_disk, _folder.At("home/letter.txt")));
    }

    [Fact]
    public void Meta_properties_of_Kafka_are_read_and_a_missing_directory_id_is_added()
    {
        const string Text = "#\n#Sat Nov 21 10:00:00 UTC 2026\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\nversion=1\nnode.id=7\n";
        File.WriteAllText(_folder.At("meta.properties"), Text);
        using (var opened = LogDirectory.Open(_disk, _folder.Path, Other))
        {
            Assert.Equal(new MetaProperties("MkU3OEVBNTcwNTJENDM2Qg", 7, Other), opened.Meta);
        }

        using var again = LogDirectory.Open(_disk, _folder.Path, Topic);
        Assert.Equal(Other, again.Meta.DirectoryId);
    }

    [Theory, InlineData("version=0\nbroker.id=1\n"), InlineData("version=1\ncluster.id=x\n"), InlineData(""),
        InlineData("version=1\ncluster.id=x\nnode.id=1\ndirectory.id=zz\n")]
    public void Wrong_meta_properties_are_said_by_path(string text)
    {
        File.WriteAllText(_folder.At("meta.properties"), text);
        Assert.Contains(_folder.Path, Assert.Throws<LogDirectoryException>(() => LogDirectory.Open(_disk, _folder.Path, Other)).Message);
    }

    [Fact]
    public void A_directory_is_used_by_one_broker_at_a_time()
    {
        Format();
        using (LogDirectory.Open(_disk, _folder.Path, Other))
        {
            Assert.Throws<LogDirectoryException>(() => LogDirectory.Open(_disk, _folder.Path, Other));
        }

        LogDirectory.Open(_disk, _folder.Path, Other).Dispose();
    }

    [Fact]
    public void A_clean_shutdown_is_remembered_once()
    {
        Format();
        var first = LogDirectory.Open(_disk, _folder.Path, Other);
        Assert.Equal((false, -1L), (first.WasClean, first.PreviousBrokerEpoch));
        first.CloseClean(801);
        Assert.Equal("{\"version\":0,\"brokerEpoch\":801}", File.ReadAllText(_folder.At(".kafka_cleanshutdown")));
        Assert.False(File.Exists(_folder.At(".lock")));
        var second = LogDirectory.Open(_disk, _folder.Path, Other);
        Assert.Equal((true, 801L), (second.WasClean, second.PreviousBrokerEpoch));
        second.Dispose();

        // That start was refused: nothing has been opened.
        var third = LogDirectory.Open(_disk, _folder.Path, Other);
        Assert.True(third.WasClean);
        third.Begin();
        third.Dispose();
        using var fourth = LogDirectory.Open(_disk, _folder.Path, Other);
        Assert.False(fourth.WasClean);
    }

    [Fact]
    public void Partitions_are_made_found_again_and_taken_away()
    {
        Format();
        var first = LogDirectory.Open(_disk, _folder.Path, Other);
        first.CreateLog(new("a", 0), Topic, LogConfig.Default, 1).Log.Close();
        first.CreateLog(new("b-c", 12), Topic, LogConfig.Default, 1).Log.Close();
        Assert.Equal($"version: 0\ntopic_id: {Topic}", File.ReadAllText(_folder.At("a-0/partition.metadata")));
        Assert.Equal(_folder.At("a-0.00000000000099990000000000001111-delete"), first.MarkDeleted(new("a", 0), Other));
        first.CreateLog(new("s", 3), Topic, LogConfig.Default, 1).Log.Abandon();
        Assert.EndsWith("-stray", first.MarkStray(_folder.At("s-3"), new("s", 3), Other));
        first.Dispose();
        using var second = LogDirectory.Open(_disk, _folder.Path, Other);
        var found = Assert.Single(second.Partitions);
        Assert.Equal((new TopicPartition("b-c", 12), (Uuid?)Topic), (found.Partition, found.TopicId));
        second.Remove(Assert.Single(second.Leftovers));
        Assert.Equal(["b-c-12", "s-3.00000000000099990000000000001111-stray"],
            Directory.GetDirectories(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_long_name_is_cut_so_that_the_deleted_one_fits()
    {
        var name = DirectoryListing.AsideName(new(new string('x', 249), 0), Other, DirectoryListing.DeletedSuffix);
        Assert.Equal(255, name.Length);
        Assert.EndsWith(".00000000000099990000000000001111-delete", name);
    }

    [Fact]
    public void A_directory_that_is_no_partition_is_refused_by_name()
    {
        Format();
        Directory.CreateDirectory(_folder.At("holiday pictures"));
        Assert.Contains("holiday", Assert.Throws<LogDirectoryException>(() => LogDirectory.Open(_disk, _folder.Path, Other)).Message);
    }

    [Fact]
    public void Checkpoints_are_Kafkas_and_are_used_at_the_next_start()
    {
        Format();
        var first = LogDirectory.Open(_disk, _folder.Path, Other);
        first.CreateLog(new("a", 0), Topic, LogConfig.Default, 1).Log.Close();
        first.WriteRecoveryPoints([new(new("a", 0), 0), new(new("b", 1), 7)]);
        first.WriteHighWatermarks([new(new("b", 1), 5)]);
        first.WriteLogStarts([new(new("a", 0), 3)]);
        first.CloseClean(1);
        Assert.Equal("0\n2\na 0 0\nb 1 7\n", File.ReadAllText(_folder.At("recovery-point-offset-checkpoint")));
        File.WriteAllText(_folder.At("cleaner-offset-checkpoint"), "");
        using var second = LogDirectory.Open(_disk, _folder.Path, Other);
        Assert.Equal(5, second.HighWatermarkOf(new("b", 1)));
        var log = second.OpenLog(second.Partitions[0], LogConfig.Default, 1).Log;
        Assert.Equal((3L, 3L), (log.View.LogStartOffset, log.View.LogEndOffset));
        log.Abandon();
    }

    [Fact]
    public void A_malformed_checkpoint_is_a_fault_of_the_disk()
    {
        Format();
        File.WriteAllText(_folder.At("replication-offset-checkpoint"), "0\n2\na 0 1\n");
        Assert.Contains("replication-offset-checkpoint",
            Assert.ThrowsAny<IOException>(() => LogDirectory.Open(_disk, _folder.Path, Other)).Message);
        LogDirectoryIsFree();
    }

    private void LogDirectoryIsFree()
    {
        using var held = _disk.TryLock(_folder.At(".lock"));
        Assert.NotNull(held);
    }

    private void Format() => LogDirectory.Format(_disk, _folder.Path, new MetaProperties("MkU3OEVBNTcwNTJENDM2Qg", 1, Other));
}
