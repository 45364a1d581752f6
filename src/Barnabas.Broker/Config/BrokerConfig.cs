using System.Globalization;
using Barnabas.Base;

namespace Barnabas.Broker.Config;

/// <summary>
/// The configuration of this node in force: what was set at run time for this broker, over what was set for all brokers, over what was set
/// at start, over the defaults. Immutable, for any thread; a change makes a new one, which is published with one write.
/// </summary>
public sealed class BrokerConfig
{
    /// <summary>The key that opens listeners without authentication to other machines.</summary>
    public const string AllowPublicKey = "barnabas.insecure.allow.public";

    private static readonly Dictionary<string, string> Nothing = [];

    private readonly Dictionary<string, ConfigSetting> _static;
    private readonly Dictionary<string, string> _dynamicDefault;
    private readonly Dictionary<string, string> _dynamic;

    /// <summary>A configuration at start, from settings that were checked one by one.</summary>
    /// <exception cref="StartupException">Settings contradict each other, or ask for what this version cannot do.</exception>
    internal BrokerConfig(Dictionary<string, ConfigSetting> settings)
        : this(settings, Nothing, Nothing)
    {
        CheckTogether();
        Listeners = ListenerReader.Read(this);
    }

    private BrokerConfig(
        Dictionary<string, ConfigSetting> settings, Dictionary<string, string> dynamicDefault, Dictionary<string, string> dynamic)
    {
        _static = settings;
        _dynamicDefault = dynamicDefault;
        _dynamic = dynamic;
        NodeId = Int("node.id");
        LogDirs = Items("log.dirs") is { Length: > 0 } several ? several : Items("log.dir");
        LogDirs = [.. LogDirs.Select(Path.GetFullPath).Distinct()];
        MetadataLogDir = Text("metadata.log.dir") is { Length: > 0 } own ? Path.GetFullPath(own) : LogDirs[0];
        AllowPublic = Boolean(AllowPublicKey);
        ChecksRecords = Text("barnabas.produce.check") == "records";
        Network = new NetworkConfig(this);
        Groups = new GroupsConfig(this);
        Quorum = new QuorumConfig(this);
        Logs = new LogsConfig(this);
        Transactions = new TransactionsConfig(this);
        TopicDefaults = new TopicConfig(this, Nothing);
    }

    /// <summary>The id of this node.</summary>
    public int NodeId { get; }

    /// <summary>The data directories, as full paths; at least one.</summary>
    public string[] LogDirs { get; }

    /// <summary>The directory of the metadata log, as a full path.</summary>
    public string MetadataLogDir { get; }

    /// <summary>The endpoints to open, in the order of the key.</summary>
    public IReadOnlyList<ListenerConfig> Listeners { get; private init; } = [];

    /// <summary>True for a log directory that takes no new partitions: <c>cordoned.log.dirs</c> names it, or all of them.</summary>
    public bool IsCordoned(string directory) =>
        Array.Exists(Items("cordoned.log.dirs"), item => item == "*" || Path.GetFullPath(item) == directory);

    /// <summary>Why these directories cannot be cordoned; null when they can.</summary>
    internal string? CordonProblem(string[] items)
    {
        if (items.Contains("*"))
        {
            return items.Length == 1 ? null : "When cordoned.log.dirs is set to *, it must not contain other values";
        }

        var missing = Array.FindAll(items, item => !LogDirs.Contains(Path.GetFullPath(item)));
        return missing.Length == 0 ? null
            : $"All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : {string.Join(", ", missing)}";
    }

    /// <summary>True when listeners without authentication may be open to other machines.</summary>
    public bool AllowPublic { get; }

    /// <summary>True when compressed batches are opened on the way in; false when their header is trusted after its check.</summary>
    public bool ChecksRecords { get; }

    /// <summary>Connections and requests.</summary>
    public NetworkConfig Network { get; }

    /// <summary>Group coordinators and committed offsets.</summary>
    public GroupsConfig Groups { get; }

    /// <summary>The quorum, its log and the heartbeats to it.</summary>
    public QuorumConfig Quorum { get; }

    /// <summary>Partitions on disk, beyond what topics decide.</summary>
    public LogsConfig Logs { get; }

    /// <summary>Transactions and producers.</summary>
    public TransactionsConfig Transactions { get; }

    /// <summary>The configuration of a topic that sets nothing itself.</summary>
    public TopicConfig TopicDefaults { get; }

    /// <summary>The keys that were set at start and what for, without defaults.</summary>
    public IReadOnlyDictionary<string, ConfigSetting> Static => _static;

    /// <summary>The keys that were set at run time for all brokers.</summary>
    public IReadOnlyDictionary<string, string> DynamicDefault => _dynamicDefault;

    /// <summary>The keys that were set at run time for this broker.</summary>
    public IReadOnlyDictionary<string, string> Dynamic => _dynamic;

    /// <summary>A configuration from single keys over the profile of a single node, as an embedded broker uses it.</summary>
    /// <exception cref="StartupException">A key is unknown, a value invalid, or they contradict each other.</exception>
    public static BrokerConfig Of(params IEnumerable<KeyValuePair<string, string>> settings) =>
        ConfigLoader.Load(new ConfigInputs { Flags = settings });

    /// <summary>
    /// The same start with other values set at run time. Values that are invalid or may not change at run time are passed over.
    /// </summary>
    public BrokerConfig WithDynamic(
        IEnumerable<KeyValuePair<string, string>> forAllBrokers, IEnumerable<KeyValuePair<string, string>> forThisBroker) =>
        new(_static, Usable(forAllBrokers), Usable(forThisBroker)) { Listeners = Listeners };

    /// <summary>The configuration of a topic with these values set for it. Invalid values are passed over.</summary>
    public TopicConfig Topic(IEnumerable<KeyValuePair<string, string>> overrides)
    {
        var usable = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in overrides)
        {
            if (ConfigTable.Topic.TryFind(name, out var key) && ConfigRules.Problem(key, value) is null)
            {
                usable[name] = value;
            }
        }

        return usable.Count == 0 ? TopicDefaults : new TopicConfig(this, usable);
    }

    /// <summary>The value of a key as text; null for none. The key has to be in the table.</summary>
    public string? Text(string name)
    {
        var value = Find(name);
        if (value is null)
        {
            var isKnown = ConfigTable.Broker.TryFind(name, out var key);
            Check.That(isKnown);
            value = key!.Default;
        }

        return value;
    }

    /// <summary>The value of a key of type int or short.</summary>
    public int Int(string name) => (int)Long(name);

    /// <summary>The value of a key of type int or long.</summary>
    public long Long(string name) => LongOrNull(name) ?? throw new InvalidOperationException($"{name} has no value");

    /// <summary>The value of a key of type int or long that may have none.</summary>
    public long? LongOrNull(string name) =>
        Text(name) is { } text ? long.Parse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : null;

    /// <summary>The value of a key of type double.</summary>
    public double Double(string name) => double.Parse(Text(name)!, NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>The value of a key of type boolean.</summary>
    public bool Boolean(string name) => Text(name).AsSpan().Trim().Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The items of a key of type list.</summary>
    public string[] Items(string name) => ConfigRules.Items(Text(name) ?? "");

    /// <summary>The value that somebody set, the nearest first; null when only the default is there.</summary>
    internal string? Find(string name) =>
        _dynamic.TryGetValue(name, out var value) || _dynamicDefault.TryGetValue(name, out value) ? value
        : _static.TryGetValue(name, out var setting) ? setting.Value : null;

    /// <summary>Where the value of a key was set at start, for messages.</summary>
    internal string OriginOf(string name) => _static.TryGetValue(name, out var setting) ? setting.Origin : "the defaults";

    private static Dictionary<string, string> Usable(IEnumerable<KeyValuePair<string, string>> values)
    {
        var usable = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            if (ConfigLoader.Find(name) is { Update: not ConfigUpdate.ReadOnly } key && ConfigRules.Problem(key, value) is null)
            {
                usable[name] = value;
            }
        }

        return usable;
    }

    private void CheckTogether()
    {
        var roles = Items("process.roles");
        if (!roles.Contains("broker") || !roles.Contains("controller"))
        {
            throw new StartupException($"{OriginOf("process.roles")}: process.roles is '{Text("process.roles")}', but this version runs "
                + "broker and controller in one process; set process.roles=broker,controller");
        }

        var voters = Items("controller.quorum.voters");
        if (voters.Length > 1 || (voters.Length == 1 && !voters[0].StartsWith($"{NodeId}@", StringComparison.Ordinal)))
        {
            throw new StartupException($"{OriginOf("controller.quorum.voters")}: controller.quorum.voters names other nodes, but this "
                + $"version runs a quorum of one; leave it out, or name only {NodeId}@host:port");
        }

        if (Network.OverridesProblem is { } problem)
        {
            throw new StartupException($"{OriginOf("max.connections.per.ip.overrides")}: {problem}");
        }

        if (CordonProblem(Items("cordoned.log.dirs")) is { } cordon)
        {
            throw new StartupException($"{OriginOf("cordoned.log.dirs")}: {cordon}");
        }

        if (NodeId < 0)
        {
            throw new StartupException($"{OriginOf("broker.id")}: node.id is {NodeId}; set it to 0 or more");
        }
    }
}
