using System.Diagnostics;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Hostile;

/// <summary>What connections cost that say nothing.</summary>
public sealed class IdleConnectionTests
{
    private const int Connections = 2000;
    private const long BytesEachMax = 16 * 1024;

    [ProgramFact]
    public void Two_thousand_idle_connections_cost_little_memory_and_no_processor()
    {
        using var broker = BrokerProcess.Start(BrokerKind.Barnabas);
        var connections = new List<RawConnection>();
        try
        {
            Open(connections, broker, 200);
            var before = ResidentBytes(broker);
            Open(connections, broker, Connections);
            var each = (ResidentBytes(broker) - before) / (Connections - 200);
            Assert.True(each <= BytesEachMax, $"{each} bytes for each idle connection");

            var used = broker.ProcessorSeconds();
            Thread.Sleep(3000); // what is measured is a time of doing nothing
            Assert.True(broker.ProcessorSeconds() - used < 0.3, $"{broker.ProcessorSeconds() - used} CPU s in 3 s of idleness");
            RawConnection.ApiVersions(broker.Port);
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    /// <summary>Opens connections until there are so many; each has asked once.</summary>
    private static void Open(List<RawConnection> connections, BrokerProcess broker, int count)
    {
        while (connections.Count < count)
        {
            var connection = new RawConnection(broker.Port);
            connection.SendFrame([0, 18, 0, 0, 0, 0, 0, 7, 0, 1, (byte)'c']);
            connection.ReceiveFrame();
            connections.Add(connection);
        }
    }

    private static long ResidentBytes(BrokerProcess broker)
    {
        using var seen = Process.GetProcessById(broker.Process.Id);
        return seen.WorkingSet64;
    }
}
