using Barnabas.Base;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>What a broker reports of its log directories. The records are those that Apache Kafka 4.3.1 wrote.</summary>
public sealed class BrokerDirectoriesTests : IDisposable
{
    private static readonly Uuid A = QuorumBench.DirectoryId;
    private static readonly Uuid B = new(0x4321, 0x8765);
    private readonly QuorumBench _bench = new QuorumBench().Format().Start();
    private long _epoch;

    public BrokerDirectoriesTests()
    {
        Register(A, B);
        _bench.Create("t", partitions: 3);
    }

    public void Dispose()
    {
        _bench.Stop();
        _bench.Dispose();
    }

    [Fact]
    public void A_broker_with_several_directories_says_which_one_it_took()
    {
        Assert.Equal(DirectoryIds.Unassigned, Partition(0).DirectoryOf(1));
        var answer = Assign(B, 0, 7);
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], Errors(answer));
        var partition = Partition(0);
        Assert.Equal((B, 1, 0, 1), (partition.DirectoryOf(1), partition.Leader, partition.LeaderEpoch, partition.PartitionEpoch));
        var before = _bench.Image.EndOffset;
        Assert.Equal([ErrorCode.None], Errors(Assign(B, 0)));
        Assert.Equal(before, _bench.Image.EndOffset);
    }

    [Fact]
    public void What_an_old_start_of_the_broker_says_is_refused()
    {
        _epoch--;
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Assign(B, 0).ErrorCode);
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Report([B], []).ErrorCode);
    }

    [Fact]
    public void Partitions_of_a_directory_that_fails_lose_their_leader_and_no_others()
    {
        Assign(A, 0);
        Assign(B, 1, 2);
        Report([B], null);
        Assert.Equal([1, -1, -1], Leaders());
        Assert.Equal([0, 1, 1], Partitions().Select(p => p.LeaderEpoch));
        Assert.Equal(A, Assert.Single(_bench.Image.Brokers.Find(1)!.Directories));
        Assert.All(Partitions(), p => Assert.Equal(1, Assert.Single(p.Isr)));

        // One that is found elsewhere after all has a leader again.
        Assign(A, 1);
        Assert.Equal([1, 1, -1], Leaders());
    }

    [Fact]
    public void They_have_one_again_when_the_directory_comes_back()
    {
        Assign(A, 0);
        Assign(B, 1, 2);
        Register(A);
        Assert.Equal([1, -1, -1], Leaders());
        Register(A, B);
        Assert.Equal([1, 1, 1], Leaders());
    }

    [Fact]
    public void Cordoned_directories_are_remembered_and_a_broker_with_none_left_takes_no_replicas()
    {
        Report([], [B]);
        Assert.Equal(B, Assert.Single(_bench.Image.Brokers.Find(1)!.CordonedDirectories));
        Assert.Equal(ErrorCode.None, _bench.Create("u").ErrorCode);
        Report([], [B, A]);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, _bench.Create("v").ErrorCode);
        var before = _bench.Image.EndOffset;
        Report([], [B, A]);
        Assert.Equal(before, _bench.Image.EndOffset);
        Report([], []);
        Assert.Equal(ErrorCode.None, _bench.Create("v").ErrorCode);
    }

    private static List<ErrorCode> Errors(AssignReplicasToDirsResponse answer) =>
        [.. answer.Directories.SelectMany(d => d.Topics).SelectMany(t => t.Partitions).Select(p => p.ErrorCode)];

    private PartitionImage Partition(int index) => _bench.Image.Topics.Find("t")!.Partitions[index];

    private IEnumerable<PartitionImage> Partitions() => _bench.Image.Topics.Find("t")!.Partitions;

    private IEnumerable<int> Leaders() => Partitions().Select(p => p.Leader);

    private void Register(params Uuid[] directories)
    {
        var request = QuorumBench.Registration();
        request.LogDirs = [.. directories];
        _epoch = _bench.Ask((machine, decision) => BrokerRegistrations.Register(machine, request, decision)).BrokerEpoch;
        _bench.Ask((machine, decision) => BrokerRegistrations.Unfence(machine, 1, _epoch, decision));
    }

    private AssignReplicasToDirsResponse Assign(Uuid directory, params int[] partitions)
    {
        var topic = new AssignReplicasToDirsRequest.TopicData
        {
            TopicId = _bench.Image.Topics.Find("t")!.Id,
            Partitions = [.. partitions.Select(p => new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = p })],
        };
        var request = new AssignReplicasToDirsRequest
        {
            BrokerId = 1, BrokerEpoch = _epoch, Directories = [new() { Id = directory, Topics = [topic] }],
        };
        return _bench.Ask((machine, decision) => BrokerDirectories.Assign(machine, request, decision));
    }

    private BrokerHeartbeatResponse Report(List<Uuid> offline, List<Uuid>? cordoned)
    {
        var request = new BrokerHeartbeatRequest
        {
            BrokerId = 1, BrokerEpoch = _epoch, OfflineLogDirs = offline, CordonedLogDirs = cordoned,
        };
        return _bench.Ask((machine, decision) => BrokerDirectories.Report(machine, request, decision));
    }
}
