using System.Buffers.Binary;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// A client outside of the node: one connection at a time, frames out, replies in, in the order of the requests. Acts when its time comes,
/// for as long as the history goes on. Owned by the world.
/// </summary>
internal abstract class SimClient
{
    private Connected? _connection;
    private int _lastCorrelationId;

    protected SimClient(SimWorld world, string name, Randomness workload)
    {
        World = world;
        Name = name;
        Random = workload;
        ActLater();
    }

    public string Name { get; }

    /// <summary>True when nothing that was asked is still to be answered or to be tried again.</summary>
    public abstract bool IsDone { get; }

    protected SimWorld World { get; }

    protected Randomness Random { get; }

    protected bool IsConnected => _connection is not null;

    /// <summary>The connection breaks, if there is one.</summary>
    public void Break() => _connection?.Socket?.Break();

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({_connection?.Pending.Count ?? 0} requests)";

    /// <summary>Takes its turn; connected.</summary>
    protected abstract void Act();

    /// <summary>The connection is gone: nothing on it will be answered.</summary>
    protected abstract void OnDisconnected();

    /// <summary>Microseconds until the next turn.</summary>
    protected virtual int ThinkUs() =>
        World.IsHealing ? 100_000 : (Random.Chance(0.2) ? Random.Next(60_000) : Random.Next(4_000)) * World.Scenario.Calm;

    /// <summary>
    /// Sends a request; <paramref name="done"/> gets the answer unless the connection goes first. Where it is <paramref name="repeatable"/>
    /// it may be sent once more, some time later and on another connection.
    /// </summary>
    protected void Call<TResponse>(IMessage request, short version, Action<TResponse> done, bool repeatable = false)
        where TResponse : IMessage<TResponse>
    {
        var correlationId = Send(request, version, repeatable);
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {request.Schema.Name} {correlationId}");
        _connection!.Pending.Enqueue((correlationId, frame => done(FrameCodec.DecodeResponse<TResponse>(frame, version, out _))));
    }

    /// <summary>Sends a request that has no answer.</summary>
    protected void Tell(IMessage request, short version) => Send(request, version);

    /// <summary>Lets the connection go; the server reads what was sent, then the end.</summary>
    protected void Disconnect()
    {
        var connection = _connection;
        _connection = null;
        connection?.Socket?.CloseByClient();
        OnDisconnected();
    }

    private int Send(IMessage request, short version, bool repeatable = false)
    {
        using var writer = new ByteWriter();
        writer.WriteInt32(0);
        FrameCodec.WriteRequest(writer, request, version, ++_lastCorrelationId, Name);
        BinaryPrimitives.WriteInt32BigEndian(writer.At(0, 4), writer.Length - 4);
        _connection!.Socket!.SendToServer(writer.Written, HeldUpUs());
        if (repeatable && World.Scenario.RepeatPercent > 0 && Random.Next(100) < World.Scenario.RepeatPercent)
        {
            World.Faults.Add("request repeated");
            RepeatedRequest.SendLater(World, writer.Written.ToArray(), Random.Next(Random.Chance(0.3) ? 1_500_000 : 20_000));
        }

        return _lastCorrelationId;
    }

    private int HeldUpUs()
    {
        if (World.Scenario.DelayPercent == 0 || World.IsHealing || Random.Next(100) >= World.Scenario.DelayPercent)
        {
            return 0;
        }

        World.Faults.Add("request delayed");
        return Random.Next(Random.Chance(0.2) ? 900_000 : 150_000);
    }

    private void ActLater() => World.Events.After(ThinkUs(), () =>
    {
        if (_connection is null && World.Node is { IsOpen: true })
        {
            var connection = new Connected(this);
            connection.Socket = World.Wire.Connect(connection);
            _connection = connection.Socket is null ? null : connection;
        }

        if (_connection is not null)
        {
            Act();
        }

        if (!World.IsSettling)
        {
            ActLater();
        }
    });

    /// <summary>The client's end of one connection.</summary>
    private sealed class Connected(SimClient client) : ISimPeer
    {
        private readonly List<byte> _received = [];

        public SimSocket? Socket { get; set; }

        public Queue<(int CorrelationId, Action<byte[]> Done)> Pending { get; } = new();

        public void OnBytes(ReadOnlySpan<byte> bytes)
        {
            _received.AddRange(bytes);
            while (_received.Count >= 4 && client._connection == this)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian([.. _received[..4]]);
                if (_received.Count < 4 + length)
                {
                    return;
                }

                var frame = _received.GetRange(4, length).ToArray();
                _received.RemoveRange(0, 4 + length);
                var correlationId = BinaryPrimitives.ReadInt32BigEndian(frame);
                var isNext = Pending.TryDequeue(out var next) && next.CorrelationId == correlationId;
                ViolationException.Unless(isNext, $"{client.Name}: reply {correlationId} came, not {next.CorrelationId}");
                client.World.Trace.Say(client.World.Clock.MonotonicUs, $"{client.Name}: answer to {correlationId}");
                next.Done(frame);
            }
        }

        public void OnClosed()
        {
            if (client._connection == this)
            {
                client._connection = null;
                client.OnDisconnected();
            }
        }
    }
}
