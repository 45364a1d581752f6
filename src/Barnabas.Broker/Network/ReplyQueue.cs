using Barnabas.Base.Seams;

namespace Barnabas.Broker.Network;

/// <summary>What one try to send brought.</summary>
internal enum SendOutcome
{
    /// <summary>All that is complete has left.</summary>
    Sent,

    /// <summary>The peer takes no more now; the socket will tell.</summary>
    Blocked,

    /// <summary>This turn has sent enough; the next goes on.</summary>
    Enough,

    /// <summary>The connection is gone.</summary>
    Broken,

    /// <summary>A file is shorter than the reply has promised already.</summary>
    FileEnded,

    /// <summary>A reply that was cut on purpose has left.</summary>
    Cut,
}

/// <summary>
/// The requests of one connection in their order, and their replies on the way out in the same order. Owned by the connection's loop.
/// </summary>
internal sealed class ReplyQueue(NetworkLoop network)
{
    /// <summary>
    /// Smaller slices are read into the send buffer: one system call for header and records together costs less than sendfile.
    /// </summary>
    private const int SliceCopyBytesMax = 16 * 1024;

    private Request? _first;
    private Request? _last;
    private bool _hasCut;

    /// <summary>Requests that were started and whose replies have not left.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of complete replies that have not left.</summary>
    public int HeldBytes { get; private set; }

    /// <summary>The oldest request.</summary>
    public Request? First => _first;

    /// <summary>A request was started.</summary>
    public void Add(Request request)
    {
        Count++;
        if (_last is null)
        {
            _first = request;
        }
        else
        {
            _last.NextInConnection = request;
        }

        _last = request;
    }

    /// <summary>A request is complete; it leaves when all before it have.</summary>
    public void OnDone(Request request) => HeldBytes += request.HasReply ? request.ReplyParts.HeldBytes : 0;

    /// <summary>Takes the oldest request out.</summary>
    public Request RemoveFirst()
    {
        var request = _first!;
        _first = request.NextInConnection;
        request.NextInConnection = null;
        if (_first is null)
        {
            _last = null;
        }

        Count--;
        if (request.IsDone && request.HasReply)
        {
            HeldBytes -= request.ReplyParts.HeldBytes;
        }

        return request;
    }

    /// <summary>Sends what is complete, in order, until the peer takes no more or <paramref name="budget"/> bytes have left.</summary>
    public SendOutcome Send(IWireSocket socket, ref int budget)
    {
        while (DropSent())
        {
            if (budget <= 0)
            {
                return SendOutcome.Enough;
            }

            var outcome = _first!.ReplyParts.IsAtSlice && !CanCopySlice(_first.ReplyParts, network.SendBuffer.Length)
                ? SendSlice(socket, ref budget)
                : SendBytes(socket, ref budget);
            if (outcome != SendOutcome.Sent)
            {
                return outcome;
            }
        }

        return _hasCut ? SendOutcome.Cut : SendOutcome.Sent;
    }

    /// <summary>Gives back what has left; true when there is something to send.</summary>
    private bool DropSent()
    {
        var nowUs = -1L;
        while (!_hasCut && _first is { IsDone: true } request)
        {
            if (request.HasReply && !request.ReplyParts.IsSent)
            {
                return true;
            }

            nowUs = nowUs < 0 ? network.Loop.MeasureUs() : nowUs;
            var bytesOut = request.HasReply ? request.ReplyParts.TotalBytes : 0;
            network.Counters.Count(request.ApiKey, request.FrameBytes + sizeof(int), bytesOut, nowUs - request.ReceivedUs);
            _hasCut = request.HasReply && request.ReplyParts.IsCut;
            network.Return(RemoveFirst());
        }

        return false;
    }

    private SendOutcome SendSlice(IWireSocket socket, ref int budget)
    {
        var (file, position, length) = _first!.ReplyParts.NextSlice;
        var wanted = Math.Min(length, budget);
        var sent = socket.SendFile(file, position, wanted);
        if (sent < 0)
        {
            return sent == WireResult.FileEnded ? SendOutcome.FileEnded : SendOutcome.Broken;
        }

        _first.ReplyParts.AdvanceSlice(sent);
        budget -= sent;
        return sent < wanted ? SendOutcome.Blocked : SendOutcome.Sent;
    }

    private SendOutcome SendBytes(IWireSocket socket, ref int budget)
    {
        var first = _first!.ReplyParts;
        var buffer = network.SendBuffer;
        int wanted, sent;
        if (!first.IsAtSlice && first.NextBytes.Length >= buffer.Length)
        {
            wanted = Math.Min(first.NextBytes.Length, Math.Max(budget, 1));
            sent = socket.Send(first.NextBytes[..wanted], wanted < first.NextBytes.Length || HasMoreAfterBytes(first));
        }
        else
        {
            wanted = Gather(buffer, out var more);
            if (wanted < 0)
            {
                return SendOutcome.FileEnded;
            }

            sent = socket.Send(buffer[..wanted], more);
        }

        if (sent < 0)
        {
            return SendOutcome.Broken;
        }

        budget -= sent;
        Advance(sent);
        return sent < wanted ? SendOutcome.Blocked : SendOutcome.Sent;
    }

    /// <summary>Copies replies one after the other, so that many small ones leave in one system call; -1 when a file has ended.</summary>
    private int Gather(Span<byte> buffer, out bool more)
    {
        var filled = 0;
        more = false;
        for (var request = _first; request is { IsDone: true }; request = request.NextInConnection)
        {
            if (!request.HasReply)
            {
                continue;
            }

            var copied = request.ReplyParts.CopyTo(buffer[filled..], SliceCopyBytesMax, out var isWhole);
            if (copied < 0)
            {
                return copied;
            }

            filled += copied;
            if (request.ReplyParts.IsCut)
            {
                break;
            }

            if (!isWhole)
            {
                more = true;
                break;
            }
        }

        return filled;
    }

    /// <summary>So many bytes have left, over one reply or several.</summary>
    private void Advance(int sent)
    {
        for (var request = _first; sent > 0; request = request!.NextInConnection)
        {
            if (request!.HasReply)
            {
                sent -= request.ReplyParts.Advance(sent);
            }
        }
    }

    private static bool CanCopySlice(Reply reply, int bufferBytes) => reply.NextSlice.Length <= Math.Min(SliceCopyBytesMax, bufferBytes);

    private static bool HasMoreAfterBytes(Reply reply) => reply.HasSlicesLeft;
}
