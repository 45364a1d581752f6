using System.Net;
using System.Net.Sockets;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>Everything that an operator can set wrong ends the start with exit code 1 and one sentence that says what to do.</summary>
public sealed class StartErrorTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly TemporaryFolder folder = new();

    [ProgramFact]
    public void A_port_in_use_is_named()
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var port = Ports.Take();
        holder.Bind(new IPEndPoint(IPAddress.Loopback, port));
        holder.Listen();
        Assert.Contains($"{port}", Refusal(["--data", folder.At("data"), .. ListenAt(port)]));
    }

    [ProgramFact(Api.Metadata)]
    public void A_data_directory_that_cannot_be_written_is_named()
    {
        // /proc takes no new folders, whoever asks; root may write where permissions say no.
        var text = Refusal(["--data", "/proc/barnabas", .. Listen()]);
        Assert.Contains("/proc/barnabas", text);
        Assert.Contains("choose another directory with --data", text);
    }

    [BrokerFact(Need.Program, Need.Root, Apis = [Api.Metadata])]
    public void A_full_disk_is_named()
    {
        var disk = folder.At("disk");
        Directory.CreateDirectory(disk);
        Command.Run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).Succeeded();
        try
        {
            File.WriteAllBytes(Path.Combine(disk, "filler"), new byte[60 * 1024]);
            Assert.Contains("full", Refusal(["--data", Path.Combine(disk, "data"), .. Listen()]));
        }
        finally
        {
            Command.Run("umount", [disk]).Succeeded();
        }
    }

    [ProgramFact(Api.Metadata)]
    public void A_data_directory_of_another_process_is_left_alone()
    {
        using var broker = BrokerProcess.Start(BrokerKind.Barnabas);
        var text = Refusal(["--data", broker.DataFolder, .. Listen()]);
        Assert.Contains(broker.DataFolder, text);
        RawConnection.ApiVersions(broker.Port);
    }

    [ProgramTheory(Api.Metadata)]
    [InlineData("cluster.id", "cluster.id=")]
    [InlineData("cluster.id", "#")]
    [InlineData("version", "version=7")]
    public void A_directory_whose_identity_cannot_be_is_refused(string key, string line)
    {
        using var broker = BrokerProcess.Start(BrokerKind.Barnabas);
        broker.Terminate();
        var properties = Path.Combine(broker.DataFolder, "meta.properties");
        File.WriteAllLines(properties, [.. File.ReadAllLines(properties).Where(each => !each.StartsWith(key)), line]);
        Assert.Contains(key, Refusal(["--data", broker.DataFolder, .. Listen()]));
    }

    [ProgramFact(Api.Metadata)]
    public void Directories_of_two_clusters_are_not_mixed()
    {
        using var broker = BrokerProcess.Start(BrokerKind.Barnabas);
        broker.Terminate();
        var second = folder.At("second");
        Directory.CreateDirectory(second);
        var lines = File.ReadLines(Path.Combine(broker.DataFolder, "meta.properties")).Select(line => line.Split('=') switch
        {
            ["cluster.id", _] => "cluster.id=AQIDBAUGBwgJCgsMDQ4PEA",
            ["directory.id", _] => "directory.id=AQIDBAUGBwgJCgsMDQ4PEA",
            _ => line,
        });
        File.WriteAllLines(Path.Combine(second, "meta.properties"), lines);
        Refusal(["--config", $"log.dirs={broker.DataFolder},{second}", .. Listen()]);
    }

    [ProgramFact(Api.Metadata)]
    public void A_directory_of_another_node_is_refused()
    {
        using var broker = BrokerProcess.Start(BrokerKind.Barnabas);
        broker.Terminate();
        var text = Refusal(["--data", broker.DataFolder, "--config", "node.id=7", .. Listen()]);
        Assert.Contains("node", text);
    }

    [ProgramFact(Api.Metadata)]
    public void A_directory_with_something_else_in_it_is_refused_and_kept()
    {
        var data = folder.At("photos");
        Directory.CreateDirectory(data);
        File.WriteAllText(Path.Combine(data, "holiday.jpg"), "picture");
        Assert.Contains(data, Refusal(["--data", data, .. Listen()]));
        Assert.Equal(["holiday.jpg"], Directory.EnumerateFileSystemEntries(data).Select(Path.GetFileName));
    }

    [ProgramFact]
    public void An_unknown_key_of_a_file_is_named_with_its_line_and_the_nearest_key()
    {
        var file = folder.At("server.properties");
        File.WriteAllText(file, "# settings\nnum.partitions=3\nlog.retention.hour=5\n");
        var text = Refusal([file, "--data", folder.At("data"), .. Listen()]);
        Assert.Contains("server.properties", text);
        Assert.Contains("3", text);
        Assert.Contains("log.retention.hour", text);
        Assert.Contains("log.retention.hours", text);
    }

    [ProgramTheory]
    [InlineData("num.partitions=many", "num.partitions")]
    [InlineData("num.partitions=0", "num.partitions")]
    [InlineData("log.cleanup.policy=shred", "log.cleanup.policy")]
    [InlineData("no.such.key=1", "no.such.key")]
    public void A_value_that_cannot_be_is_named(string setting, string named) =>
        Assert.Contains(named, Refusal(["--data", folder.At("data"), "--config", setting, .. Listen()]));

    [ProgramFact]
    public void A_listener_that_is_not_loopback_is_refused_and_the_switch_is_named()
    {
        var text = Refusal(["--data", folder.At("data"), "--listen", $"0.0.0.0:{Ports.Take()}", "--config", Controller()]);
        Assert.Contains("--insecure-allow-public", text);
    }

    [ProgramFact]
    public void A_missing_file_and_an_unknown_option_are_named()
    {
        Assert.Contains("missing.properties", Refusal([folder.At("missing.properties"), .. Listen()]));
        using var child = Child.Start(Checkout.Program, ["start", "--no-such-option"], folder.Path);
        Assert.NotEqual(0, child.WaitForExit(Limit));
        Assert.Contains("--no-such-option", child.Output + child.Errors);
    }

    public void Dispose() => folder.Dispose();

    private static string Controller() => $"controller.quorum.bootstrap.servers=127.0.0.1:{Ports.Take()}";

    private static string[] ListenAt(int port) => ["--listen", $"127.0.0.1:{port}", "--config", Controller()];

    private static string[] Listen() => ListenAt(Ports.Take());

    /// <summary>What `barnabas start` says when it ends with exit code 1: one line, and no stack trace.</summary>
    private string Refusal(string[] arguments)
    {
        using var child = Child.Start(Checkout.Program, ["start", .. arguments], folder.Path);
        var code = child.WaitForExit(Limit);
        var text = child.Errors.Trim();
        Assert.True(code == 1, $"ended with {code}\n{child.Output}\n{text}");
        Assert.True(text.Length > 0 && !text.Contains('\n') && !text.Contains("   at "), $"not one line: {child.Output}\n{text}");
        return text;
    }
}
