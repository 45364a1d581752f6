using System.Text;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Operator;

/// <summary>Starting and stopping as an operator does it.</summary>
public sealed class RunTests
{
    [BrokerFact(Need.Kcat, Apis = [Api.Produce, Api.Fetch, Api.ListOffsets])]
    public void A_terminated_broker_leaves_the_clean_flag_and_everything_in_place()
    {
        using var broker = BrokerProcess.Start();
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(number => $"{number}\n")));
        Kcat.Produce(broker, "kept", lines, "-X", "acks=all").Succeeded();
        var code = broker.Terminate();
        Assert.Equal(Target.Kind == BrokerKind.Kafka ? 143 : 0, code);
        Assert.True(File.Exists(Path.Combine(broker.DataFolder, ".kafka_cleanshutdown")));
        Assert.All(Directory.EnumerateFiles(broker.PartitionFolders("kept").Single(), "*.index"),
            index => Assert.True(new FileInfo(index).Length < 1 << 20, $"{index} is still preallocated"));

        broker.Start();
        Assert.False(File.Exists(Path.Combine(broker.DataFolder, ".kafka_cleanshutdown")));
        Assert.Equal(lines, Kcat.Consume(broker, "kept").Succeeded().Output);
    }

    [ProgramFact]
    public void Flags_alone_start_a_broker_that_prints_its_card()
    {
        using var folder = new TemporaryFolder();
        var port = Ports.Take();
        using var child = Child.Start(Checkout.Program, ["start", "--data", folder.At("data"), "--listen", $"127.0.0.1:{port}",
            "--config", $"controller.quorum.bootstrap.servers=127.0.0.1:{Ports.Take()}"], folder.Path);
        SpinWait.SpinUntil(() => child.HasExited || child.Output.Contains($"127.0.0.1:{port}"), TimeSpan.FromSeconds(20));
        RawConnection.ApiVersions(port);
        Assert.Contains(folder.At("data"), child.Output + child.Errors);
        child.Signal(Child.SigTerm);
        Assert.Equal(0, child.WaitForExit(TimeSpan.FromSeconds(20)));
    }

    [BrokerFact(Need.Program, Need.Kcat, Apis = [Api.Metadata])]
    public void The_stock_properties_of_a_single_node_run_unchanged_but_for_ports_and_folder()
    {
        using var folder = new TemporaryFolder();
        var (port, controllerPort) = (Ports.Take(), Ports.Take());
        File.WriteAllText(folder.At("server.properties"), $"""
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=localhost:{controllerPort}
            listeners=PLAINTEXT://:{port},CONTROLLER://:{controllerPort}
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controllerPort}
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
            num.network.threads=3
            num.io.threads=8
            socket.send.buffer.bytes=102400
            socket.receive.buffer.bytes=102400
            socket.request.max.bytes=104857600
            log.dirs={folder.At("logs")}
            num.partitions=1
            num.recovery.threads.per.data.dir=1
            offsets.topic.replication.factor=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            log.retention.hours=168
            log.segment.bytes=1073741824
            log.retention.check.interval.ms=300000
            """);
        using var child = Child.Start(Checkout.Program, ["start", folder.At("server.properties")], folder.Path);
        SpinWait.SpinUntil(() => child.HasExited || child.Output.Contains("ready"), TimeSpan.FromSeconds(20));
        RawConnection.ApiVersions(controllerPort);
        var seen = Command.Run("kcat", ["-b", $"127.0.0.1:{port}", "-L"]).Succeeded().Text;
        Assert.Contains($"broker 1 at localhost:{port} (controller)", seen);
    }

    [ProgramFact]
    public void An_idle_broker_prints_nothing_and_uses_no_processor()
    {
        using var broker = BrokerProcess.Start(BrokerKind.Barnabas);
        Thread.Sleep(2000); // what is measured is a time of doing nothing
        var (before, printed) = (broker.ProcessorSeconds(), broker.Process.Output.Length + broker.Process.Errors.Length);
        Thread.Sleep(3000);
        Assert.Equal(printed, broker.Process.Output.Length + broker.Process.Errors.Length);
        Assert.True(broker.ProcessorSeconds() - before < 0.6, $"{broker.ProcessorSeconds() - before} CPU s in 3 s of idleness");
    }
}
