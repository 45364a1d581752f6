using System.Text;
using System.Text.Json;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;

namespace Barnabas.App;

/// <summary>What an operator wants to know when the broker is ready. Stateless.</summary>
internal static class ReadyCard
{
    /// <summary>Shows it: a card on a terminal, one line of JSON elsewhere.</summary>
    public static void Show(BrokerConfig config, IReadOnlyList<HostAndPort> clients, long readyMs, OperatorLog log)
    {
        log.Plain(Text(config, clients, readyMs));
        if (log.IsJson && log.IsOn(LogLevel.Info))
        {
            log.Info("program", "ready", json => WriteFields(json, config, clients, readyMs));
        }
    }

    /// <summary>The card.</summary>
    public static string Text(BrokerConfig config, IReadOnlyList<HostAndPort> clients, long readyMs)
    {
        var card = new StringBuilder();
        card.Append("Barnabas ").Append(ProgramVersion.Text).Append('\n');
        card.Append("  node        ").Append(config.NodeId).Append('\n');
        card.Append("  clients     ").AppendJoin(", ", clients).Append('\n');
        card.Append("  data        ").AppendJoin(", ", config.LogDirs).Append('\n');
        card.Append("  durability  ").Append(Durability(config)).Append('\n');
        card.Append("  ready in    ").Append(readyMs).Append(" ms\n");
        if (Note(config) is { } note)
        {
            card.Append("  note        ").Append(note).Append('\n');
        }

        return card.ToString();
    }

    private static string Durability(BrokerConfig config)
    {
        var isForced = config.Boolean("barnabas.flush.on.ack");
        return isForced ? "disk: acknowledged when flushed" : "page cache: acknowledged when written";
    }

    private static string? Note(BrokerConfig config)
    {
        if (config.Listeners.Any(listener => listener.IsNarrowed))
        {
            return "listeners without a host are open to this machine only; --insecure-allow-public opens them "
                + "(or barnabas.insecure.allow.public=true)";
        }

        return config.AllowPublic ? "other machines may connect without authentication" : null;
    }

    private static void WriteFields(Utf8JsonWriter json, BrokerConfig config, IReadOnlyList<HostAndPort> clients, long readyMs)
    {
        json.WriteString("version", ProgramVersion.Text);
        json.WriteNumber("nodeId", config.NodeId);
        json.WriteStartArray("clients");
        foreach (var client in clients)
        {
            json.WriteStringValue(client.ToString());
        }

        json.WriteEndArray();
        json.WriteStartArray("data");
        foreach (var directory in config.LogDirs)
        {
            json.WriteStringValue(directory);
        }

        json.WriteEndArray();
        json.WriteString("durability", Durability(config));
        json.WriteNumber("readyMs", readyMs);
        if (Note(config) is { } note)
        {
            json.WriteString("note", note);
        }
    }
}
