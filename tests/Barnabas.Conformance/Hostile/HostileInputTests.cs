using System.Text;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Hostile;

/// <summary>Bytes that no client sends close their connection and harm nothing else.</summary>
[Collection(ClientsCollection.Name)]
public sealed class HostileInputTests(BrokerFixture fixture)
{
    public static TheoryData<string, byte[]> Garbage => new()
    {
        { "a negative length", [0xff, 0xff, 0xff, 0xff, 0, 18, 0, 0] },
        { "a length of 2 GiB", [0x7f, 0xff, 0xff, 0xff, 0, 18, 0, 0] },
        { "a length over socket.request.max.bytes", [0x06, 0x40, 0x00, 0x01, 0, 18, 0, 0] },
        { "a frame of nothing", [0, 0, 0, 0] },
        { "a frame without a whole header", [0, 0, 0, 3, 0, 18, 0] },
        { "an API that does not exist", [0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff] },
        { "a negative API", [0, 0, 0, 10, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff] },
        { "a client id longer than its frame", [0, 0, 0, 10, 0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff] },
        { "a metadata request with a billion topics", [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x3b, 0x9a, 0xca, 0] },
        { "a produce request that ends early", [0, 0, 0, 14, 0, 0, 0, 7, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] },
        { "the hello of TLS", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0, 0, 0, 0, 0] },
        { "a request of HTTP", Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") },
        { "a hello of SSH", Encoding.ASCII.GetBytes("SSH-2.0-OpenSSH_9.2\r\n") },
    };

    [BrokerTheory(Apis = [Api.ApiVersions])]
    [MemberData(nameof(Garbage))]
    public void Closes_the_connection_and_goes_on(string what, byte[] bytes)
    {
        using var bystander = new RawConnection(fixture.Broker.Port);
        using (var connection = new RawConnection(fixture.Broker.Port))
        {
            connection.Send(bytes);
            Assert.True(connection.IsClosedByBroker(), $"{what} was answered or left open");
        }

        AssertAnswers(bystander);
        RawConnection.ApiVersions(fixture.Broker.Port);
    }

    [BrokerFact(Apis = [Api.ApiVersions])]
    public void Half_frames_and_connections_that_vanish_harm_nobody()
    {
        for (var i = 0; i < 200; i++)
        {
            using var connection = new RawConnection(fixture.Broker.Port);
            connection.Send([0, 0, 0, 100, 0, 18, 0, (byte)(i % 4), 0, 0]);
        }

        RawConnection.ApiVersions(fixture.Broker.Port);
    }

    [BrokerFact(Apis = [Api.ApiVersions])]
    public void A_frame_that_comes_byte_by_byte_is_answered()
    {
        using var connection = new RawConnection(fixture.Broker.Port);
        foreach (var each in new byte[] { 0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 9, 0, 1, (byte)'c' })
        {
            connection.Send([each]);
        }

        Assert.Equal(9, connection.ReceiveFrame()[3]);
    }

    [BrokerFact(Apis = [Api.ApiVersions])]
    public void Random_frames_never_end_the_broker()
    {
        var random = new Random(20261121);
        for (var i = 0; i < 500; i++)
        {
            using var connection = new RawConnection(fixture.Broker.Port);
            var frame = new byte[random.Next(4, 400)];
            random.NextBytes(frame);
            frame[0] = 0;
            frame[1] = (byte)random.Next(0, 93);
            frame[2] = 0;
            frame[3] = (byte)random.Next(0, 14);
            connection.SendFrame(frame);
        }

        RawConnection.ApiVersions(fixture.Broker.Port);
        Assert.False(fixture.Broker.Process.HasExited);
    }

    private static void AssertAnswers(RawConnection connection)
    {
        connection.SendFrame([0, 18, 0, 0, 0, 0, 0, 7, 0, 1, (byte)'c']);
        Assert.Equal(7, connection.ReceiveFrame()[3]);
    }
}
