using System.Text;
using Barnabas.Broker.Config;
using Barnabas.Shared;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>docs/configuration.md is made from the tables of keys and from what tests say they prove.</summary>
public sealed class ConfigurationPageTests
{
    private const string Page = "docs/configuration.md";

    private const string Introduction = """
        # Configuration

        Keys are those of Apache Kafka 4.3, with the same names, types, defaults and checks. A start takes them, each source going
        before the ones named before it, from the defaults, from a properties file (`./barnabas start server.properties`), from the
        environment (`KAFKA_LOG_DIRS` is `log.dirs`, two underscores are one, three are a hyphen), and from flags (`--config key=value`,
        `--data`, `--listen`). Without a file the broker is a single node:
        `listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093`, `node.id=1`, one replica for internal topics,
        `group.initial.rebalance.delay.ms=0`, and its data in `./data`. An unknown key or an invalid value ends the start with one line
        that names the place.

        A key is *implemented* when a test changes it and sees the effect. The others are *accepted*: read, checked and shown, so that a
        file for Kafka loads, but nothing depends on them yet. "dynamic" keys can be changed while the broker runs, for one broker or
        for all; "per broker" for one only.

        Listeners without authentication are open to this machine only: an empty host means loopback, and another address is refused,
        unless `--insecure-allow-public` or `barnabas.insecure.allow.public=true` allows it.

        This page is written by `BARNABAS_UPDATE=1 ./test --only tests --filter ConfigurationPage`, and a test compares it.

        """;

    [Fact]
    public void The_page_is_what_the_tables_and_the_tests_say()
    {
        var page = Markdown(ProvenKeys());
        if (Environment.GetEnvironmentVariable("BARNABAS_UPDATE") == "1")
        {
            File.WriteAllText(Checkout.At(Page), page);
        }

        Assert.True(File.Exists(Checkout.At(Page)) && page == File.ReadAllText(Checkout.At(Page)),
            $"{Page} is out of date: BARNABAS_UPDATE=1 ./test --only tests --filter ConfigurationPage writes it");
    }

    [Fact]
    public void Tests_name_keys_that_exist()
    {
        var unknown = ProvenKeys().Where(name => Tables().All(table => table.Table.Find(name) is null));
        Sources.AssertNone("[ConfigKey] names a key of a table:", unknown);
    }

    private static IEnumerable<(string Title, ConfigTable Table)> Tables() =>
    [
        ("Brokers", ConfigTable.Broker), ("Topics", ConfigTable.Topic), ("Groups", ConfigTable.Group),
        ("Client-metrics subscriptions", ConfigTable.ClientMetrics),
    ];

    private static HashSet<string> ProvenKeys() =>
    [
        .. from file in Sources.CSharp("tests")
           where file.Text.Contains("ConfigKey(", StringComparison.Ordinal)
           from attribute in file.Tree.DescendantNodes().OfType<AttributeSyntax>()
           where attribute.Name.ToString() == "ConfigKey"
           select ((LiteralExpressionSyntax)attribute.ArgumentList!.Arguments[0].Expression).Token.ValueText,
    ];

    private static string Markdown(HashSet<string> proven)
    {
        var page = new StringBuilder(Introduction);
        foreach (var (title, table) in Tables())
        {
            var keys = table.Keys.Where(key => !key.IsInternal).OrderBy(key => key.Name, StringComparer.Ordinal).ToList();
            Append(page, $"{title}: implemented", keys.Where(key => proven.Contains(key.Name)), table);
            Append(page, $"{title}: accepted", keys.Where(key => !proven.Contains(key.Name)), table);
        }

        return page.ToString();
    }

    private static void Append(StringBuilder page, string title, IEnumerable<ConfigKey> keys, ConfigTable table)
    {
        var rows = keys.ToList();
        if (rows.Count == 0)
        {
            return;
        }

        var isBroker = table == ConfigTable.Broker;
        var fifth = isBroker ? "change" : "broker key";
        page.Append($"\n## {title} ({rows.Count})\n\n| key | type | default | valid | {fifth} | what it does |\n");
        page.Append("|---|---|---|---|---|---|\n");
        foreach (var key in rows)
        {
            var change = key.Update switch
            {
                ConfigUpdate.ReadOnly => "at start",
                ConfigUpdate.PerBroker => "dynamic, per broker",
                _ => "dynamic",
            };
            var value = key.Default switch { null => "", "" => "empty", var text => $"`{text}`" };
            page.Append($"| {key.Name} | {key.Type.ToString().ToLowerInvariant()} | {value} | {key.Valid} | ");
            page.Append($"{(isBroker ? change : key.Synonym ?? "")} | {key.Doc} |\n");
        }
    }
}
