using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Quorum;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Messages;
using Xunit;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>One metadata node over a directory of the real disk, driven by the test's thread.</summary>
internal sealed class QuorumBench : IDisposable
{
    public const int NodeId = 1;
    public static readonly Uuid DirectoryId = new(0x1234, 0x5678);

    public QuorumBench(string? root = null, MetadataLogConfig? log = null, ushort port = 9093, ulong seed = 1)
    {
        Root = root ?? System.IO.Directory.CreateTempSubdirectory("quorum-").FullName;
        Log = log ?? new MetadataLogConfig();
        Self = new Voter(new ReplicaKey(NodeId, DirectoryId), [new VoterEndpoint("CONTROLLER", "127.0.0.1", port)], 0, 1);
        Settings = new ControllerSettings
        {
            NodeId = NodeId, JudgeConfig = Judge, Features = SupportedFeatures.All, Random = new Randomness(seed),
        };
    }

    public string Root { get; }

    public MetadataLogConfig Log { get; }

    public Voter Self { get; set; }

    public PumpHost Host { get; private set; } = new();

    public IDisk Disk { get; set; } = new FileDisk();

    public QuorumDriver Driver { get; private set; } = null!;

    public ControllerSettings Settings { get; set; }

    public List<Exception> Failures { get; } = [];

    public bool IsReady { get; private set; }

    public MetadataImage Image => Driver.Publisher.Image;

    public string MetadataDirectory => Path.Join(Root, MetadataLog.DirectoryName);

    public QuorumBench Format()
    {
        QuorumFormat.Run(Disk, Root, Self, Host.WallMs);
        return this;
    }

    /// <summary>Loads and starts as a new process would.</summary>
    public QuorumBench Start(bool pump = true)
    {
        IsReady = false;
        Host = new PumpHost();
        Driver = new QuorumDriver(new QuorumDriverSetup(
            new MetadataNodeSetup
            {
                Disk = Disk, LogDirectory = Root, Raft = new RaftSetup(Self, VoterSet.Empty), Controller = Settings, Log = Log,
            },
            Host,
            Host,
            Host,
            Failures.Add));
        Driver.Load();
        Driver.Start(() => IsReady = true);
        if (pump)
        {
            Host.Pump();
            Assert.True(IsReady);
        }

        return this;
    }

    public void Stop()
    {
        Driver.Stop(() => { });
        Host.Pump();
    }

    /// <summary>Asks the controller and pumps until it has answered.</summary>
    public TReply Ask<TReply>(Func<ControllerMachine, Decision<MetadataRecord>, TReply> decide)
        where TReply : class
    {
        TReply? answer = null;
        var error = ErrorCode.UnknownServerError;
        Driver.Submit(decide, (code, reply) => (error, answer) = (code, reply));
        Host.Pump();
        Assert.Equal(ErrorCode.None, error);
        return answer!;
    }

    /// <summary>Registers the local broker and lets it lead.</summary>
    public long Register(long previousEpoch = -1)
    {
        var request = Registration(previousEpoch);
        request.LogDirs = [Self.Key.DirectoryId];
        var epoch = Ask((machine, decision) => BrokerRegistrations.Register(machine, request, decision)).BrokerEpoch;
        Ask((machine, decision) => BrokerRegistrations.Unfence(machine, NodeId, epoch, decision));
        return epoch;
    }

    public CreateTopicsResponse.CreatableTopicResult Create(string name, int partitions = 1, params (string Key, string Value)[] configs)
    {
        var request = Creation(name, partitions, configs);
        return Ask((machine, decision) => TopicCreation.Decide(machine, request, decision)).Topics[0];
    }

    public static BrokerRegistrationRequest Registration(long previousEpoch = -1) => new()
    {
        BrokerId = NodeId,
        IncarnationId = new Uuid(9, 9),
        LogDirs = [DirectoryId],
        PreviousBrokerEpoch = previousEpoch,
        Listeners = [new() { Name = "PLAINTEXT", Host = "localhost", Port = 9092 }],
        Features = [new() { Name = "metadata.version", MinSupportedVersion = 7, MaxSupportedVersion = 30 }],
    };

    public static CreateTopicsRequest Creation(string name, int partitions = 1, params (string Key, string Value)[] configs) => new()
    {
        Topics =
        [
            new()
            {
                Name = name, NumPartitions = partitions, ReplicationFactor = 1,
                Configs = [.. configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
            },
        ],
    };

    /// <summary>The records of the published image, as text: equal for equal images.</summary>
    public string Fingerprint() => Fingerprint(Image);

    public static string Fingerprint(MetadataImage image) =>
        string.Join("\n", ImageRecords.Of(image).Select(r => Convert.ToHexString(MessageCodec.Encode(r.Message, r.Version))));

    public void Dispose()
    {
        System.IO.Directory.Delete(Root, recursive: true);
    }

    private static ConfigOutcome Judge(ConfigResource resource, PersistentMap<string, string> current, IReadOnlyList<ConfigChange> changes)
    {
        var values = current.Entries.ToDictionary(entry => entry.Key, entry => entry.Value);
        foreach (var change in changes)
        {
            if (change.Key == "nope")
            {
                return new ConfigOutcome(ErrorCode.InvalidConfig, "Unknown topic config name: nope", null);
            }

            if (change.Kind == ConfigChangeKind.Delete)
            {
                values.Remove(change.Key);
            }
            else
            {
                values[change.Key] = change.Value!;
            }
        }

        return new ConfigOutcome(ErrorCode.None, null, values);
    }
}
