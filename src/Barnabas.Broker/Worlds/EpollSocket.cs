using System.Net;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// One connection in an epoll loop: level-triggered, told to be quiet on the first event that nobody wants. Owned by its loop.
/// </summary>
internal sealed unsafe class EpollSocket(int descriptor, IPEndPoint remote, Loop loop, IWireAcceptor acceptor) : EpollItem, IWireSocket
{
    private const int LevelTcp = 6;
    private const int OptionNoDelay = 1;

    private IWireEvents? _events;
    private uint _armed;
    private bool _reading = true;
    private bool _writing;

    public IPEndPoint RemoteEndPoint => remote;

    public bool Reading
    {
        get => _reading;
        set
        {
            _reading = value;
            if (value)
            {
                // Turned off lazily, by the event that finds nobody reading: a short pause costs no system call.
                Arm();
            }
        }
    }

    /// <summary>Brings the connection to its loop. From the loop that accepted it.</summary>
    public void Adopt()
    {
        if (loop.IsOwned)
        {
            Begin();
        }
        else
        {
            loop.Post(new ActionTask(Begin));
        }
    }

    public int Receive(Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            var count = SystemCalls.Receive(descriptor, bytes, (nuint)buffer.Length, 0);
            return count >= 0 ? (int)count : IsTemporary() ? WireResult.WouldBlock : WireResult.Broken;
        }
    }

    public int Send(ReadOnlySpan<byte> bytes, bool more)
    {
        fixed (byte* first = bytes)
        {
            var flags = SystemCalls.SendNoSignal | (more ? SystemCalls.SendMore : 0);
            return Sent(SystemCalls.Send(descriptor, first, (nuint)bytes.Length, flags), bytes.Length);
        }
    }

    public int SendFile(IByteSource file, long position, int length)
    {
        if (file is not IKernelFile kernelFile)
        {
            return FileSender.ReadAndSend(this, file, position, length);
        }

        var at = position;
        var count = SystemCalls.SendFile(descriptor, kernelFile.Descriptor, &at, (nuint)length);
        return count == 0 ? WireResult.FileEnded : Sent(count, length);
    }

    public void Close()
    {
        if (Handle == 0)
        {
            return;
        }

        EpollWire.ThreadOf(loop).Remove(this);
        SystemCalls.Close(descriptor);
    }

    public override void OnEvents(uint events)
    {
        if ((events & SystemCalls.EpollOut) != 0)
        {
            _writing = false;
            Arm();
            _events!.OnWritable();
            if (Handle == 0)
            {
                return;
            }
        }

        if (_reading && (events & SystemCalls.EpollIn) != 0)
        {
            _events!.OnReadable();
        }
        else if ((events & (SystemCalls.EpollError | SystemCalls.EpollHangUp)) != 0)
        {
            _events!.OnBroken();
            return;
        }

        if (Handle != 0 && !_reading)
        {
            Arm();
        }
    }

    private void Begin()
    {
        var one = 1;
        SystemCalls.SetOption(descriptor, LevelTcp, OptionNoDelay, &one, sizeof(int));
        _armed = SystemCalls.EpollIn;
        EpollWire.ThreadOf(loop).Add(this, descriptor, _armed, loop);
        _events = acceptor.Accepted(this, loop);
        if (_events is null)
        {
            Close();
        }
    }

    private int Sent(nint count, int wanted)
    {
        if (count < 0 && !IsTemporary())
        {
            return WireResult.Broken;
        }

        var sent = (int)Math.Max(count, 0);
        if (sent < wanted)
        {
            _writing = true;
            Arm();
        }

        return sent;
    }

    private void Arm()
    {
        var wanted = (_reading ? SystemCalls.EpollIn : 0u) | (_writing ? SystemCalls.EpollOut : 0u);
        if (wanted != _armed)
        {
            _armed = wanted;
            EpollWire.ThreadOf(loop).Modify(this, wanted);
        }
    }

    private static bool IsTemporary() => SystemCalls.LastError is SystemCalls.ErrorAgain or SystemCalls.ErrorInterrupted;
}
