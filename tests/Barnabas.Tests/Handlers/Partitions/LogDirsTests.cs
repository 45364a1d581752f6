using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Broker.Worlds;
using Barnabas.Messages;
using Barnabas.Shared;
using Barnabas.Tests.Network;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Handlers.Partitions;

/// <summary>
/// Several log directories under a whole node. What is expected is what Apache Kafka 4.3.1 did, but where it refused to start.
/// </summary>
public sealed class LogDirsTests : IAsyncLifetime
{
    private readonly TestNode _node = TestNode.With(["a", "b"]);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    [ConfigKey("log.dirs")]
    public async Task New_partitions_go_where_there_are_fewest_and_are_found_again()
    {
        await _node.Start();
        _node.CreateTopic("t", partitions: 5);
        _node.CreateTopic("u", partitions: 3);
        Assert.Equal([4, 4], [Held("a").Length, Held("b").Length]);
        ProduceEverywhere("t", 5);
        await _node.Stop();
        foreach (var directory in (string[])["a", "b"])
        {
            Assert.True(File.Exists(_node.At($"{directory}/.kafka_cleanshutdown")));
            Assert.Equal(
                Held(directory).Order(StringComparer.Ordinal),
                File.ReadAllLines(_node.At($"{directory}/replication-offset-checkpoint"))[2..]
                    .Select(line => string.Join('-', line.Split(' ')[..2])).Order(StringComparer.Ordinal));
        }

        await _node.Start();
        Assert.Equal([1L, 1, 1, 1, 1], Enumerable.Range(0, 5).Select(p => EndOffset("t", p)));
        Assert.Equal(["a", "b"], Describe().Select(r => Path.GetFileName(r.LogDir)));
        Assert.Equal(8, Describe().Sum(r => r.Topics.Sum(t => t.Partitions.Count)));
    }

    [Fact]
    public async Task A_cordoned_directory_takes_no_new_partitions_until_it_is_uncordoned()
    {
        await _node.Start();
        Assert.Equal(ErrorCode.None, Cordon(_node.At("a")).ErrorCode);
        _node.CreateTopic("t", partitions: 4);
        Assert.Equal([0, 4], [Held("a").Length, Held("b").Length]);
        Assert.Equal([true, false], Describe().Select(r => r.IsCordoned));

        Assert.Equal(ErrorCode.None, Cordon("*").ErrorCode);
        using var client = _node.Connect();
        var refused = client.Call<CreateTopicsResponse>(
            new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = "v", NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        Assert.Equal(
            (ErrorCode.InvalidReplicationFactor,
                "Unable to replicate the partition 1 time(s): "
                + "All brokers are currently fenced, or have all their log directories cordoned."),
            (refused.Topics[0].ErrorCode, refused.Topics[0].ErrorMessage));

        Assert.Equal(ErrorCode.None, Cordon("").ErrorCode);
        _node.CreateTopic("w", partitions: 4);
        Assert.Equal([4, 4], [Held("a").Length, Held("b").Length]);
    }

    [Theory]
    [InlineData("*,/elsewhere", "requirement failed: When cordoned.log.dirs is set to *, it must not contain other values")]
    [InlineData(
        "/elsewhere",
        "requirement failed: All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /elsewhere")]
    public async Task Only_directories_of_this_broker_can_be_cordoned(string value, string message)
    {
        await _node.Start();
        var refused = Cordon(value);
        Assert.Equal((ErrorCode.InvalidRequest, message), (refused.ErrorCode, refused.ErrorMessage));
    }

    [Fact]
    public async Task A_directory_beside_formatted_ones_is_formatted_for_their_cluster()
    {
        _node.SetDirectories("a");
        await _node.Start();
        await _node.Stop();
        _node.SetDirectories("a", "b");
        await _node.Start();
        _node.CreateTopic("t", partitions: 2);
        Assert.Equal([1, 1], [Held("a").Length, Held("b").Length]);
        var (first, second) = (Meta("a"), Meta("b"));
        Assert.Equal(first["cluster.id"], second["cluster.id"]);
        Assert.Equal(first["node.id"], second["node.id"]);
        Assert.NotEqual(first["directory.id"], second["directory.id"]);
    }

    [Theory]
    [InlineData("cluster.id", "MkU3OEVBNTcwNTJENDM2Qg", "to cluster MkU3OEVBNTcwNTJENDM2Qg")]
    [InlineData("node.id", "77", "belongs to node 77")]
    [InlineData("directory.id", null, "have the same directory.id")]
    public async Task Directories_that_do_not_belong_together_are_refused(string key, string? value, string sentence)
    {
        await _node.Start();
        await _node.Stop();
        var meta = Meta("b");
        meta[key] = value ?? Meta("a")[key];
        File.WriteAllLines(_node.At("b/meta.properties"), meta.Select(line => $"{line.Key}={line.Value}"));
        Assert.Contains(sentence, (await Assert.ThrowsAsync<StartupException>(_node.Start)).Message);

        // Nothing was opened: what was closed cleanly is still known to be.
        Assert.All((string[])["a", "b"], directory => Assert.True(File.Exists(_node.At($"{directory}/.kafka_cleanshutdown"))));
    }

    [Theory]
    [InlineData("c,a,b", "is empty")]
    [InlineData("b,a", "the metadata of the cluster lies in")]
    public async Task The_metadata_stays_in_its_directory(string directories, string sentence)
    {
        await _node.Start();
        await _node.Stop();
        _node.SetDirectories(directories.Split(','));
        Assert.Contains(sentence, (await Assert.ThrowsAsync<StartupException>(_node.Start)).Message);
        _node.Settings.Add($"metadata.log.dir={_node.At("a")}");
        await _node.Start();
    }

    [Fact]
    [ConfigKey("metadata.log.dir")]
    public async Task The_metadata_may_have_a_place_of_its_own()
    {
        _node.Settings.Add($"metadata.log.dir={_node.At("m")}");
        await _node.Start();
        _node.CreateTopic("t", partitions: 2);
        Assert.True(Directory.Exists(_node.At("m/__cluster_metadata-0")));
        Assert.Equal([0, 1, 1], [Held("m").Length, Held("a").Length, Held("b").Length]);
        Assert.Equal(["a", "b"], Describe().Select(r => Path.GetFileName(r.LogDir)));
        await _node.Stop();
        Assert.True(File.Exists(_node.At("m/.kafka_cleanshutdown")));
        await _node.Start();
        ProduceEverywhere("t", 2);
    }

    [Fact]
    public async Task A_partition_that_was_moved_by_hand_is_used_where_it_is_found()
    {
        await StartWithRecords();
        var name = Held("a")[0];
        Directory.Move(_node.At($"a/{name}"), _node.At($"b/{name}"));
        await _node.Start();
        Assert.Equal(1, EndOffset("t", Number(name)));
        Assert.Contains(name, Held("b"));
        await _node.Stop();

        // The metadata has it there by now: a copy where it was is nobody's.
        CopyFolder(_node.At($"b/{name}"), _node.At($"a/{name}"));
        File.Delete(_node.At($"a/{name}/00000000000000000000.log"));
        await _node.Start();
        Assert.Equal(1, EndOffset("t", Number(name)));
        Assert.Contains(Held("a"), held => held.StartsWith(name + ".", StringComparison.Ordinal) && held.EndsWith("-stray"));
    }

    [Fact]
    public async Task What_lies_in_a_directory_that_is_not_there_is_offline_and_not_made_anew()
    {
        await StartWithRecords();
        var (here, away) = (Number(Held("a")[0]), Number(Held("b")[0]));
        _node.SetDirectories("a");
        await _node.Start();
        ErrorCode[] errors = [Leader("t", here).ErrorCode, Leader("t", away).ErrorCode];
        Assert.Equal([ErrorCode.None, ErrorCode.LeaderNotAvailable], errors);
        Assert.Equal([1], Leader("t", away).OfflineReplicas);
        Assert.DoesNotContain($"t-{away}", Held("a"));
        Assert.Contains("it is offline until the directory is back", _node.Log);
        await _node.Stop();

        _node.SetDirectories("a", "b");
        await _node.Start();
        Assert.Equal(ErrorCode.None, Leader("t", away).ErrorCode);
        Assert.Equal(1, EndOffset("t", away));
    }

    [Theory]
    [InlineData(""), InlineData("version: 0\ntopic_id: nobody"), InlineData("version: 9\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ")]
    public async Task A_partition_whose_metadata_file_is_damaged_is_left_alone_until_it_is_mended(string damaged)
    {
        await StartWithRecords();
        var name = Held("a")[0];
        var path = _node.At($"a/{name}/partition.metadata");
        var good = File.ReadAllText(path);
        File.WriteAllText(path, damaged);
        await _node.Start();
        Assert.Contains($"a/{name} does not say whose it is", _node.Log);
        Assert.Contains($"{name} is in no directory that can be used", _node.Log);
        Assert.All(
            Held("a").Concat(Held("b")).Where(other => other != name), other => Assert.Equal(1, EndOffset("t", Number(other))));
        using (var client = _node.Connect())
        {
            Assert.NotEqual(ErrorCode.None, client.Produce("t", Number(name), PartitionServer.Batch("y")).ErrorCode);
        }

        await _node.Stop();
        Assert.Equal((damaged, 4), (File.ReadAllText(path), Held("a").Concat(Held("b")).Count()));
        File.WriteAllText(path, good);
        await _node.Start();
        Assert.Equal(1, EndOffset("t", Number(name)));
    }

    [Fact]
    public async Task A_damaged_partition_of_no_topic_is_set_aside()
    {
        await StartWithRecords();
        Directory.CreateDirectory(_node.At("a/gone-0"));
        File.WriteAllText(_node.At("a/gone-0/partition.metadata"), "?");
        await _node.Start();
        Assert.Contains(Held("a"), held => held.StartsWith("gone-0.", StringComparison.Ordinal) && held.EndsWith("-stray"));
    }

    [Fact]
    public async Task A_directory_whose_checkpoint_is_garbage_is_offline_alone()
    {
        await StartWithRecords();
        var (here, away) = (Number(Held("a")[0]), Number(Held("b")[0]));
        File.WriteAllText(_node.At("b/recovery-point-offset-checkpoint"), "0\nmany\n");
        await _node.Start();
        Assert.Equal([ErrorCode.None, ErrorCode.KafkaStorageError], Describe().Select(r => r.ErrorCode));
        Assert.Equal(1, EndOffset("t", here));
        Assert.Equal(ErrorCode.LeaderNotAvailable, Leader("t", away).ErrorCode);
        _node.CreateTopic("u", partitions: 2);
        Assert.Contains("u-1", Held("a"));
        using var client = _node.Connect();
        var move = new AlterReplicaLogDirsRequest
        {
            Dirs = [new() { Path = _node.At("b"), Topics = [new() { Name = "t", Partitions = [here] }] }],
        };
        var refused = client.Call<AlterReplicaLogDirsResponse>(move, 2).Results[0].Partitions[0];
        Assert.Equal(ErrorCode.KafkaStorageError, refused.ErrorCode);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Without_the_disk_of_the_metadata_or_of_every_other_directory_there_is_no_start(bool ofMetadata)
    {
        _node.Settings.Add($"metadata.log.dir={_node.At("m")}");
        await _node.Start();
        await _node.Stop();
        var disk = new FaultyDisk(new FileDisk());
        disk.Before = (call, path) =>
        {
            if (path.StartsWith(_node.At("m"), StringComparison.Ordinal) == ofMetadata)
            {
                throw new IOException($"{call} {path}: EIO, the test fails it", 5);
            }
        };
        _node.Disk = disk;
        Assert.Contains("the test fails it", (await Assert.ThrowsAsync<IOException>(_node.Start)).Message);
        disk.Before = null;
        await _node.Start();
        Assert.Equal([ErrorCode.None, ErrorCode.None], Describe().Select(r => r.ErrorCode));
    }

    private static int Number(string directory) => int.Parse(directory.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture);

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Join(to, Path.GetFileName(file)));
        }
    }

    // Four partitions of "t", two in each directory, with a record each, cleanly stopped.
    private async Task StartWithRecords()
    {
        await _node.Start();
        _node.CreateTopic("t", partitions: 4);
        ProduceEverywhere("t", 4);
        await _node.Stop();
    }

    private void ProduceEverywhere(string topic, int partitions)
    {
        using var client = _node.Connect();
        for (var partition = 0; partition < partitions; partition++)
        {
            Assert.Equal(ErrorCode.None, client.Produce(topic, partition, PartitionServer.Batch("x")).ErrorCode);
        }
    }

    private string[] Held(string directory) =>
        [.. Directory.GetDirectories(_node.At(directory)).Select(d => Path.GetFileName(d)!).Where(d => d[0] != '_').Order()];

    private Dictionary<string, string> Meta(string directory) =>
        File.ReadAllLines(_node.At($"{directory}/meta.properties")).Where(line => line.Contains('='))
            .Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);

    private List<DescribeLogDirsResponse.DescribeLogDirsResult> Describe()
    {
        using var client = _node.Connect();
        return client.Call<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 5).Results;
    }

    private MetadataResponse.MetadataResponsePartition Leader(string topic, int partition)
    {
        using var client = _node.Connect();
        return client.Call<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = topic }] }, 12)
            .Topics[0].Partitions.Single(p => p.PartitionIndex == partition);
    }

    private long EndOffset(string topic, int partition)
    {
        using var client = _node.Connect();
        var answer = client.Call<ListOffsetsResponse>(
            new ListOffsetsRequest
            {
                ReplicaId = -1,
                Topics =
                [
                    new() { Name = topic, Partitions = [new() { PartitionIndex = partition, CurrentLeaderEpoch = -1, Timestamp = -1 }] },
                ],
            },
            7).Topics[0].Partitions[0];
        Assert.Equal(ErrorCode.None, answer.ErrorCode);
        return answer.Offset;
    }

    private IncrementalAlterConfigsResponse.AlterConfigsResourceResponse Cordon(string directories)
    {
        using var client = _node.Connect();
        return client.Call<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = 4,
                        ResourceName = "1",
                        Configs = [new() { Name = "cordoned.log.dirs", Value = directories }],
                    },
                ],
            },
            1).Responses[0];
    }
}
