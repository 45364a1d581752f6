using System.Buffers.Binary;
using Barnabas.Simulation.Runs;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// A request that is sent once more, on a connection of its own, while the first is under way, answered or lost; nobody reads the answer,
/// but it has to come. Owned by the world.
/// </summary>
internal sealed class RepeatedRequest : ISimPeer
{
    private readonly SimWorld _world;
    private readonly List<byte> _received = [];
    private SimSocket? _socket;
    private bool _isOver;

    private RepeatedRequest(SimWorld world)
    {
        _world = world;
        _world.RepeatsUnderWay++;
    }

    /// <summary>Sends a frame after a time, if the node lets clients in then.</summary>
    public static void SendLater(SimWorld world, byte[] frame, int delayUs)
    {
        var repeated = new RepeatedRequest(world);
        world.Events.After(delayUs, () => repeated.Send(frame));
    }

    /// <inheritdoc/>
    public void OnBytes(ReadOnlySpan<byte> bytes)
    {
        _received.AddRange(bytes);
        if (_received.Count >= 4 && _received.Count >= 4 + BinaryPrimitives.ReadInt32BigEndian([.. _received[..4]]))
        {
            End();
            _socket!.CloseByClient();
        }
    }

    /// <inheritdoc/>
    public void OnClosed() => End();

    private void Send(byte[] frame)
    {
        _socket = _world.Node is { IsOpen: true } ? _world.Wire.Connect(this) : null;
        if (_socket is null)
        {
            End();
        }
        else
        {
            _socket.SendToServer(frame);
        }
    }

    private void End()
    {
        if (!_isOver)
        {
            _isOver = true;
            _world.RepeatsUnderWay--;
        }
    }
}
