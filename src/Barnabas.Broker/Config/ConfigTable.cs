using System.Diagnostics.CodeAnalysis;
using System.Text;
using Barnabas.Base;
using Barnabas.Broker.Config.Tables;

namespace Barnabas.Broker.Config;

/// <summary>
/// The keys of one kind of resource. Immutable, for any thread. The rows are text, read once at start, because hundreds of constructor
/// calls would each have to be compiled on the way to the first answer.
/// </summary>
/// <remarks>
/// A row is <c>name | type | default | update mode or synonym | valid</c>; a line indented further continues it when it begins with a bar,
/// and else is its description. A default of <c>null</c> is none and <c>""</c> is the empty text.
/// </remarks>
public sealed class ConfigTable
{
    private readonly Dictionary<string, ConfigKey> _byName;

    private ConfigTable(List<ConfigKey> keys)
    {
        Keys = keys;
        _byName = new Dictionary<string, ConfigKey>(keys.Count, StringComparer.Ordinal);
        foreach (var key in keys)
        {
            _byName.Add(key.Name, key);
        }
    }

    /// <summary>Keys of brokers and controllers.</summary>
    public static ConfigTable Broker { get; } = ReadBroker();

    /// <summary>Keys of topics.</summary>
    public static ConfigTable Topic { get; } = ReadTopic();

    /// <summary>Keys of groups.</summary>
    public static ConfigTable Group { get; } = Read(GroupEntityKeys.Rows);

    /// <summary>Keys of client-metrics subscriptions.</summary>
    public static ConfigTable ClientMetrics { get; } = Read(ClientMetricsKeys.Rows);

    /// <summary>Every key, in the order of the table.</summary>
    public IReadOnlyList<ConfigKey> Keys { get; }

    /// <summary>The key of that name; null when there is none.</summary>
    public ConfigKey? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Looks up the key of that name.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out ConfigKey? key) => _byName.TryGetValue(name, out key);

    private static ConfigTable ReadBroker()
    {
        var keys = new List<ConfigKey>(400);
        ReadRows(NodeKeys.Rows, keys);
        ReadRows(NetworkKeys.Rows, keys);
        ReadRows(LogKeys.Rows, keys);
        ReadRows(ReplicationKeys.Rows, keys);
        ReadRows(GroupKeys.Rows, keys);
        ReadRows(TransactionKeys.Rows, keys);
        ReadRows(TieredKeys.Rows, keys);
        ReadRows(SecurityKeys.Rows, keys);
        ReadRows(SaslKeys.Rows, keys);
        ReadRows(OwnKeys.BrokerRows, keys);
        return new ConfigTable(keys);
    }

    private static ConfigTable ReadTopic()
    {
        var keys = new List<ConfigKey>(40);
        ReadRows(TopicKeys.Rows, keys);
        ReadRows(OwnKeys.TopicRows, keys);
        return new ConfigTable(keys);
    }

    private static ConfigTable Read(ReadOnlySpan<byte> rows)
    {
        var keys = new List<ConfigKey>();
        ReadRows(rows, keys);
        return new ConfigTable(keys);
    }

    private static void ReadRows(ReadOnlySpan<byte> rows, List<ConfigKey> keys)
    {
        var fields = new string[5];
        while (!rows.IsEmpty)
        {
            fields.AsSpan().Clear();
            var count = 0;
            ReadFields(TakeLine(ref rows), fields, ref count);
            var next = TrimStart(TakeLine(ref rows));
            if (next[0] == (byte)'|')
            {
                ReadFields(TrimStart(next[1..]), fields, ref count);
                next = TrimStart(TakeLine(ref rows));
            }

            keys.Add(KeyOf(fields, Encoding.ASCII.GetString(next)));
        }
    }

    private static ConfigKey KeyOf(string[] fields, string doc)
    {
        var mode = fields[3];
        var isInternal = mode.EndsWith(" internal", StringComparison.Ordinal);
        mode = isInternal ? mode[..^" internal".Length] : mode;
        var isListedWhenSet = mode.EndsWith(" when-set", StringComparison.Ordinal);
        mode = isListedWhenSet ? mode[..^" when-set".Length] : mode;
        var update = mode switch
        {
            "read-only" => ConfigUpdate.ReadOnly,
            "per-broker" => ConfigUpdate.PerBroker,
            _ => ConfigUpdate.ClusterWide,
        };
        var isSynonym = mode is not ("-" or "read-only" or "cluster-wide" or "per-broker");
        var value = fields[2] switch { "null" => null, "\"\"" => "", var text => text };
        return new ConfigKey(
            fields[0], TypeOf(fields[1]), value, update, fields[4] ?? "", doc, isSynonym ? mode : null, isInternal, isListedWhenSet);
    }

    private static void ReadFields(ReadOnlySpan<byte> line, string[] fields, ref int count)
    {
        while (true)
        {
            var bar = line.IndexOf(" | "u8);
            fields[count++] = Encoding.ASCII.GetString(bar < 0 ? line : line[..bar]);
            if (bar < 0)
            {
                return;
            }

            line = line[(bar + 3)..];
        }
    }

    private static ReadOnlySpan<byte> TrimStart(ReadOnlySpan<byte> line)
    {
        var start = 0;
        while (line[start] == (byte)' ')
        {
            start++;
        }

        return line[start..];
    }

    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> rows)
    {
        var end = rows.IndexOf((byte)'\n');
        var line = end < 0 ? rows : rows[..end];
        rows = end < 0 ? default : rows[(end + 1)..];
        return line;
    }

    private static ConfigType TypeOf(string name)
    {
        var type = name switch
        {
            "boolean" => ConfigType.Boolean,
            "string" => ConfigType.String,
            "int" => ConfigType.Int,
            "short" => ConfigType.Short,
            "long" => ConfigType.Long,
            "double" => ConfigType.Double,
            "list" => ConfigType.List,
            "class" => ConfigType.Class,
            "password" => ConfigType.Password,
            _ => ConfigType.Unknown,
        };
        Check.That(type != ConfigType.Unknown);
        return type;
    }
}
