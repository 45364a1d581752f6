using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Barnabas.Base.Bytes;

namespace Barnabas.Conformance.Faults;

/// <summary>
/// Sends one record a request with acks=all to one partition, a window of requests at a time, and keeps what was acknowledged at
/// which offset. Its own thread runs <see cref="Run"/>; others read the counts, and the rest once the thread has ended.
/// </summary>
internal sealed class AckingProducer
{
    /// <summary>Characters of a record's value: its number with leading zeros.</summary>
    public const int ValueLength = 12;

    private const int Window = 200;
    private const int BatchBytes = 61 + 7 + ValueLength;

    private readonly byte[] request;
    private readonly int answerBytes;
    private readonly int port;
    private long sent;
    private long acknowledged;

    /// <summary>A producer to a partition of a topic on loopback; the first record is number <paramref name="first"/>.</summary>
    public AckingProducer(int port, string topic, int partition, long first)
    {
        this.port = port;
        First = first;
        request = Request(topic, partition);
        answerBytes = 4 + 4 + 4 + 2 + topic.Length + 4 + 4 + 2 + 8 + 8 + 8 + 4;
    }

    public long First { get; }

    public long Sent => Volatile.Read(ref sent);

    public long Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>The offset that each acknowledged record got, in the order of their numbers.</summary>
    public List<long> Offsets { get; } = [];

    /// <summary>An answer that was no success, which ends the run.</summary>
    public string? Failure { get; private set; }

    /// <summary>Sends until the broker closes the connection or is gone.</summary>
    public void Run()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var outgoing = new byte[Window * request.Length];
        var incoming = new byte[Window * answerBytes];
        var held = 0;
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            while (Failure is null)
            {
                var count = Window - (int)(Sent - Acknowledged);
                for (var i = 0; i < count; i++)
                {
                    Write(outgoing.AsSpan(i * request.Length), Sent + i);
                }

                Volatile.Write(ref sent, Sent + count);
                socket.Send(outgoing.AsSpan(0, count * request.Length));
                var got = socket.Receive(incoming.AsSpan(held));
                if (got == 0)
                {
                    return;
                }

                held = Take(incoming, held + got);
            }
        }
        catch (SocketException)
        {
            // The broker was killed: what is unanswered now may be there or not.
        }
    }

    /// <summary>Takes the whole answers that are in the buffer and moves the rest to its front.</summary>
    private int Take(byte[] bytes, int held)
    {
        var at = 0;
        for (; held - at >= answerBytes; at += answerBytes)
        {
            var answer = bytes.AsSpan(at, answerBytes);
            var error = BinaryPrimitives.ReadInt16BigEndian(answer[^30..]);
            if (error != 0 || BinaryPrimitives.ReadInt32BigEndian(answer) != answerBytes - 4
                || BinaryPrimitives.ReadInt32BigEndian(answer[4..]) != (int)Acknowledged)
            {
                Failure = $"answer {Acknowledged}: {Convert.ToHexString(answer)}";
                return 0;
            }

            Offsets.Add(BinaryPrimitives.ReadInt64BigEndian(answer[^28..]));
            Volatile.Write(ref acknowledged, Acknowledged + 1);
        }

        bytes.AsSpan(at, held - at).CopyTo(bytes);
        return held - at;
    }

    private void Write(Span<byte> to, long index)
    {
        request.CopyTo(to);
        BinaryPrimitives.WriteInt32BigEndian(to[8..], (int)index);
        var batch = to.Slice(request.Length - BatchBytes, BatchBytes);
        Encoding.ASCII.GetBytes((First + index).ToString($"D{ValueLength}"), batch[^(ValueLength + 1)..]);
        BinaryPrimitives.WriteUInt32BigEndian(batch[17..], Crc32C.Compute(batch[21..]));
    }

    /// <summary>Produce 7 with a batch of one record; correlation, value and checksum are written per request.</summary>
    private static byte[] Request(string topic, int partition)
    {
        var bytes = new List<byte>();
        void Number(long value, int size)
        {
            for (var shift = (size - 1) * 8; shift >= 0; shift -= 8)
            {
                bytes.Add((byte)(value >> shift));
            }
        }

        Number(0, 4); // the length, below
        Number(0, 2); // Produce
        Number(7, 2);
        Number(0, 4); // correlation
        Number(-1, 2); // client id
        Number(-1, 2); // transactional id
        Number(-1, 2); // acks
        Number(30_000, 4); // timeout
        Number(1, 4);
        Number(topic.Length, 2);
        bytes.AddRange(Encoding.ASCII.GetBytes(topic));
        Number(1, 4);
        Number(partition, 4);
        Number(BatchBytes, 4);
        Number(0, 8); // base offset
        Number(BatchBytes - 12, 4);
        Number(-1, 4); // leader epoch
        Number(2, 1); // magic
        Number(0, 4); // checksum
        Number(0, 2); // attributes
        Number(0, 4); // last offset delta
        Number(1_700_000_000_000, 8);
        Number(1_700_000_000_000, 8);
        Number(-1, 8); // producer id
        Number(-1, 2);
        Number(-1, 4);
        Number(1, 4); // records
        bytes.AddRange([(6 + ValueLength) << 1, 0, 0, 0, 1, ValueLength << 1]); // length, attributes, deltas, no key, value
        bytes.AddRange(new byte[ValueLength + 1]); // the value and no headers
        var request = bytes.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(request, request.Length - 4);
        return request;
    }
}
