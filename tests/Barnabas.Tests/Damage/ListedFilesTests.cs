using Barnabas.Shared;

namespace Barnabas.Tests.Damage;

/// <summary>
/// Unknown and damaged files, one kind after the other: what a broker does with each is Kafka's treatment, but that records and topics are
/// never lost with a file beside them.
/// </summary>
public sealed class ListedFilesTests : IDisposable
{
    private const string Clean = "barnabas-0.1.0-first-clean", Killed = "barnabas-0.1.0-first-killed";
    private const string Rolling = "rolling-4-0", Metadata = "__cluster_metadata-0";
    private OpenedDirectory? _opened;

    public void Dispose() => _opened?.Dispose();

    [Theory, InlineData(Clean), InlineData(Killed)]
    public async Task Unknown_files_are_nobodys_business(string corpus)
    {
        var directory = Unpack(corpus);
        string[] names = ["letter.txt", $"{Rolling}/letter.txt", $"{Rolling}/letter.tmp", $"{Rolling}/42.log", $"{Metadata}/letter.txt"];
        foreach (var name in names)
        {
            directory.Write(name, "Dear Milena");
        }

        Assert.Equal("", await directory.OpenAsync());
        Assert.All(names, name => Assert.Equal("Dear Milena", File.ReadAllText(directory.At(name))));
    }

    [Fact]
    public async Task A_folder_that_is_no_partition_is_refused_by_name()
    {
        var directory = Unpack(Clean);
        Directory.CreateDirectory(directory.At("holiday pictures"));
        Assert.Contains(directory.At("holiday pictures"), await directory.RefusalAsync());
    }

    [Fact]
    public async Task A_partition_of_a_topic_that_nobody_knows_is_set_aside_whole()
    {
        var directory = Unpack(Clean);
        CorpusTests.CopyFolder(directory.At(Rolling), directory.At("unknown-7"));
        Assert.Equal("", await directory.OpenAsync());
        var aside = Assert.Single(Directory.GetDirectories(directory.At(""), "unknown-7.*-stray"));
        Assert.NotEmpty(Directory.GetFiles(aside, "*.log"));
        Assert.Contains(aside, directory.Log);
    }

    [Fact]
    public async Task Deleted_folders_go_and_copies_without_a_topic_are_set_aside_as_strays()
    {
        var directory = Unpack(Clean);
        string[] suffixes = ["delete", "stray", "future"];
        var names = suffixes.ToDictionary(suffix => suffix, suffix => $"gone-0.0123456789abcdef0123456789abcdef-{suffix}");
        foreach (var name in names.Values)
        {
            CorpusTests.CopyFolder(directory.At(Rolling), directory.At(name));
        }

        Assert.Equal("", await directory.OpenAsync());
        Assert.False(Directory.Exists(directory.At(names["delete"])));
        Assert.True(Directory.Exists(directory.At(names["stray"])));
        Assert.False(Directory.Exists(directory.At(names["future"])));
        Assert.Equal(2, Directory.GetDirectories(directory.At(""), "gone-0.*-stray").Length);
    }

    [Theory]
    [InlineData("recovery-point-offset-checkpoint"), InlineData("replication-offset-checkpoint"), InlineData("cleaner-offset-checkpoint")]
    public async Task An_empty_checkpoint_has_no_entries(string name)
    {
        var directory = Unpack(Clean);
        directory.Write(name, "");
        Assert.Equal("", await directory.OpenAsync());
    }

    [Theory]
    [InlineData("recovery-point-offset-checkpoint"), InlineData("replication-offset-checkpoint"), InlineData("log-start-offset-checkpoint")]
    public async Task A_malformed_checkpoint_takes_the_directory_out_of_service_by_name(string name)
    {
        var directory = Unpack(Clean);
        directory.Write(name, "0\n2\nrolling 0 five\n");
        Assert.Contains(directory.At(name), await directory.RefusalAsync());
    }

    [Theory]
    [InlineData(Clean, ".index"), InlineData(Clean, ".timeindex"), InlineData(Killed, ".index"), InlineData(Killed, ".timeindex")]
    public async Task Missing_indexes_and_those_of_a_wrong_size_are_made_anew(string corpus, string suffix)
    {
        var directory = Unpack(corpus);
        var files = Directory.GetFiles(directory.At(Rolling), "*" + suffix).Order().ToList();
        Assert.NotEmpty(files);
        File.Delete(files[0]);
        File.AppendAllText(files[^1], "x");
        Assert.Equal("", await directory.OpenAsync());
        Assert.Contains(files[0], directory.Log);
    }

    [Theory, InlineData(Clean), InlineData(Killed)]
    public async Task Damaged_epochs_and_producer_snapshots_are_made_anew(string corpus)
    {
        var directory = Unpack(corpus);
        directory.Write($"{Rolling}/leader-epoch-checkpoint", "0\nfive\n");
        foreach (var snapshot in Directory.GetFiles(directory.At(Rolling), "*.snapshot"))
        {
            File.WriteAllText(snapshot, "snapshot");
        }

        Assert.Equal("", await directory.OpenAsync());
        Assert.Contains(directory.At($"{Rolling}/leader-epoch-checkpoint"), directory.Log);
    }

    [Theory, InlineData(Clean), InlineData(Killed)]
    public async Task Zeros_behind_the_records_are_cut(string corpus)
    {
        // What a power cut leaves, and what log.preallocate does.
        var directory = Unpack(corpus);
        foreach (var name in new[] { Rolling, Metadata })
        {
            var last = Directory.GetFiles(directory.At(name), "*.log").Order().Last();
            directory.Change(Path.GetRelativePath(directory.At(""), last), bytes => [.. bytes, .. new byte[100_000]]);
        }

        Assert.Equal("", await directory.OpenAsync());
        Assert.Contains($"{Rolling}: cut 100000 bytes", directory.Log);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Damage_inside_a_log_is_told_and_read_around(bool wasFlushed)
    {
        var directory = Unpack(Killed);
        var files = Directory.GetFiles(directory.At(Rolling), "*.log").Order().ToList();
        var first = Path.GetFileNameWithoutExtension(files[0]);
        var lengths = files.Select(file => new FileInfo(file).Length).ToList();
        directory.Flip($"{Rolling}/{first}.log", 70);
        File.Delete(directory.At($"{Rolling}/{first}.index")); // so that it is looked at
        if (!wasFlushed)
        {
            File.Delete(directory.At("recovery-point-offset-checkpoint"));
        }

        var served = await directory.PictureAsync();
        var records = served.Where(line => line.StartsWith($"record {Rolling} ", StringComparison.Ordinal)).ToList();
        if (wasFlushed)
        {
            // Rot: it stays, and whoever reads it is told.
            Assert.Contains($"{Rolling} is damaged", directory.Log);
            Assert.StartsWith($"record {Rolling} 0: CorruptMessage", Assert.Single(records));
            Assert.Equal(lengths, files.Select(file => new FileInfo(file).Length));
        }
        else
        {
            // A hole that a power cut may leave: it is closed, and what is behind it is there.
            Assert.Contains($"{Rolling} lost the records from 0 to ", directory.Log);
            Assert.Contains(directory.Written.Last(line => line.StartsWith($"record {Rolling} ", StringComparison.Ordinal)), records);
            Assert.Empty(records.Except(directory.Written));
        }
    }

    [Fact]
    public async Task A_damaged_quorum_state_is_refused_by_name()
    {
        var directory = Unpack(Clean);
        directory.Write($"{Metadata}/quorum-state", "{\"leaderId\":1,\"lead");
        Assert.Contains(directory.At($"{Metadata}/quorum-state"), await directory.RefusalAsync());
    }

    [Fact]
    public async Task Metadata_that_is_rotten_in_its_middle_is_refused_by_name()
    {
        var directory = Unpack(Clean);
        var log = Path.Join(Metadata, "00000000000000000000.log");
        var length = new FileInfo(directory.At(log)).Length;
        directory.Flip(log, (int)(length / 2));
        Assert.Contains(directory.At(Metadata), await directory.RefusalAsync());
        Assert.Equal(length, new FileInfo(directory.At(log)).Length);
    }

    [Fact]
    public async Task A_torn_tail_of_the_metadata_is_cut_and_told()
    {
        var directory = Unpack(Killed);
        directory.Change(Path.Join(Metadata, "00000000000000000000.log"), bytes => [.. bytes, .. bytes[..50]]);
        Assert.Equal("", await directory.OpenAsync());
        Assert.Contains("cut 50 bytes", directory.Log);
    }

    [Fact]
    public async Task A_metadata_log_that_is_gone_is_refused_while_there_are_partitions()
    {
        var directory = Unpack(Clean);
        foreach (var file in Directory.GetFiles(directory.At(Metadata), "0*.*"))
        {
            File.Delete(file);
        }

        Assert.Contains(directory.At(Metadata), await directory.RefusalAsync());
        Assert.True(Directory.Exists(directory.At(Rolling)));
    }

    private OpenedDirectory Unpack(string corpus) => _opened = new OpenedDirectory(corpus);
}
