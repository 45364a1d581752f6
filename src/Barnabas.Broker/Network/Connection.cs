using System.Net;
using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Broker.Network;

/// <summary>
/// One client's connection: frames in, requests in order, replies out in the same order. Owned by its loop; only what says so may be used
/// by other threads. A request is started when the effects of the one before it are applied; while that waits, or while a bound is reached,
/// the socket is not read, so that the client feels it.
/// </summary>
public sealed class Connection : IWireEvents
{
    private readonly NetworkLoop _network;
    private readonly IWireSocket _socket;
    private readonly FrameReader _frames;
    private readonly ReplyQueue _replies;
    private Request? _unapplied;
    private bool _working;
    private bool _blocked;
    private bool _draining;
    private long _turn = -1;
    private int _framesLeft;
    private int _sendBudget;

    internal Connection(NetworkLoop network, IWireSocket socket, Listener listener, long id)
    {
        _network = network;
        _socket = socket;
        Listener = listener;
        Id = id;
        _frames = new FrameReader(network);
        _replies = new ReplyQueue(network);
    }

    /// <summary>Number of the connection, unique in its broker. Any thread.</summary>
    public long Id { get; }

    /// <summary>The listener that it came to. Any thread.</summary>
    public Listener Listener { get; }

    /// <summary>The peer. Any thread.</summary>
    public IPEndPoint RemoteEndPoint => _socket.RemoteEndPoint;

    /// <summary>The loop that owns it. Any thread.</summary>
    public Loop Loop => _network.Loop;

    /// <summary>True when it has gone.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>For what a handler remembers about its connection, such as the client's software. Only on the loop.</summary>
    public object? State { get; set; }

    // Neighbours in the loop's list, least recently used first.
    internal Connection? Older { get; set; }

    internal Connection? Newer { get; set; }

    internal long LastUsedUs { get; set; }

    internal bool IsDirty { get; set; }

    internal bool IsStalled { get; set; }

    /// <summary>True when the oldest request waits for something of ours, so that the client is not idle.</summary>
    internal bool IsWaitedFor => _replies.First is { IsDone: false };

    private bool CanStart =>
        _unapplied is null && !IsClosed && !_draining
        && _replies.Count < _network.Limits.RequestsPerConnectionMax
        && _replies.HeldBytes < _network.Limits.ReplyBytesPerConnectionMax;

    /// <summary>Closes it from any thread, soon.</summary>
    public void CloseSoon(string reason)
    {
        if (Loop.IsOwned)
        {
            Close(reason);
        }
        else
        {
            Loop.Post(new ActionTask(() => Close(reason)));
        }
    }

    void IWireEvents.OnReadable()
    {
        if (IsClosed)
        {
            return;
        }

        if (!CanStart || _frames.HasInput)
        {
            _socket.Reading = false;
            return;
        }

        BeginTurn();
        _network.Touch(this);
        Receive();

        // A frame that was under way was filled with just what it lacked: more may have come behind it.
        if (_frames.HasEndedPartial && !IsClosed && CanStart && !_frames.HasInput && _socket.Reading)
        {
            Receive();
        }
    }

    void IWireEvents.OnWritable()
    {
        _blocked = false;
        if (!IsClosed)
        {
            BeginTurn();
            _network.Touch(this);
            Work();
        }
    }

    void IWireEvents.OnBroken() => Close(null);

    /// <summary>Goes on after something has changed: a reply is complete, a request applied, room has come.</summary>
    internal void Advance()
    {
        if (!IsClosed)
        {
            BeginTurn();
            Work();
        }
    }

    /// <summary>Takes no further request and closes when all replies have left.</summary>
    internal void Drain()
    {
        _draining = true;
        CloseIfDrained();
    }

    internal void OnApplied(Request request)
    {
        if (request.HoldsAdmission)
        {
            request.HoldsAdmission = false;
            _network.Admission.GiveRequest();
            _network.Admission.GiveBytes(request.HeldBytes, null);
        }

        if (ReferenceEquals(_unapplied, request))
        {
            _unapplied = null;
            MarkDirty();
        }
    }

    internal void OnDone(Request request)
    {
        // Closed inside of its own work, the connection still has its requests: the end of the work gives each back, once.
        if (IsClosed && !_working)
        {
            _network.Return(request);
            return;
        }

        _replies.OnDone(request);
        MarkDirty();
    }

    /// <summary>Ends the connection; parked requests are told, and give back what they hold when they complete.</summary>
    /// <param name="reason">Reported unless it is null, the ordinary end.</param>
    internal void Close(string? reason)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        _socket.Close();
        _network.Forget(this, reason);
        if (!_working)
        {
            Abandon();
        }
    }

    private void Receive()
    {
        switch (_frames.Receive(_socket))
        {
            case ReceiveOutcome.Received:
                Work();
                break;
            case ReceiveOutcome.Stalled:
                _socket.Reading = false;
                _network.Stall(this);
                break;
            case ReceiveOutcome.Ended:
                Close(null);
                break;
        }
    }

    private void MarkDirty()
    {
        if (!_working)
        {
            _network.MarkDirty(this);
        }
    }

    private void BeginTurn()
    {
        if (_turn != _network.TurnNumber)
        {
            _turn = _network.TurnNumber;
            _framesLeft = NetworkLimits.FramesPerTurnMax;
            _sendBudget = NetworkLimits.SentBytesPerTurnMax;
        }
    }

    /// <summary>
    /// Starts what can be started and sends what can be sent. Never re-entered: what completes inside is seen by the loop below.
    /// </summary>
    private void Work()
    {
        Check.That(!_working);
        _working = true;
        try
        {
            StartAndSend();
        }
        catch (MalformedException malformed)
        {
            Close(malformed.Message);
        }
        finally
        {
            _working = false;
        }

        if (IsClosed)
        {
            Abandon();
        }
        else
        {
            CloseIfDrained();
        }
    }

    private void StartAndSend()
    {
        do
        {
            while (CanStart && _framesLeft > 0 && MayStartInAll() && _frames.TryNext(out var frame))
            {
                _framesLeft--;
                Start(frame);
            }
        }
        while (!IsClosed && Send() && CanStart && _framesLeft > 0 && !IsStalled && _frames.HasInput);

        if (IsClosed)
        {
            return;
        }

        _frames.Settle();
        if (!CanStart || IsStalled)
        {
            return;
        }

        if (_frames.HasInput)
        {
            _network.Again(this);
        }
        else if (!_socket.Reading)
        {
            _socket.Reading = true;
        }
    }

    private bool MayStartInAll()
    {
        if (!_network.Admission.IsFullOfRequests)
        {
            return true;
        }

        _network.Stall(this);
        return false;
    }

    private void Start(in Frame frame)
    {
        var header = RequestHeader.Read(frame.Lease.Span.Slice(frame.Offset, frame.Length));
        var handler = Listener.Handlers.Find(header, out var isVersionServed);
        var request = _network.Rent();
        request.Begin(this, header, frame, Loop.NowUs);
        if (!isVersionServed)
        {
            request.FallBackToVersion0();
        }

        _replies.Add(request);
        _unapplied = request;
        Run(handler, request);
        if (ReferenceEquals(_unapplied, request))
        {
            Keep(request);
        }
    }

    private void Run(IRequestHandler handler, Request request)
    {
        try
        {
            handler.Handle(request);
        }
        catch (Exception fault) when (fault is not CheckFailedException)
        {
            if (fault is not MalformedException)
            {
                _network.Report($"{handler.Key} version {request.ApiVersion} failed", fault);
            }

            Close(fault.Message);
            request.Discard();
        }
    }

    /// <summary>The request outlives the turn: so does its body, and it counts against the bounds of all.</summary>
    private void Keep(Request request)
    {
        request.HeldBytes = request.KeepBody() ? request.FrameBytes : 0;
        request.HoldsAdmission = true;
        _network.Admission.AddRequest();
        _network.Admission.AddBytes(request.HeldBytes);
    }

    /// <summary>True when all that was complete has left.</summary>
    private bool Send()
    {
        if (_blocked)
        {
            return false;
        }

        switch (_replies.Send(_socket, ref _sendBudget))
        {
            case SendOutcome.Sent:
                return true;
            case SendOutcome.Blocked:
                _blocked = true;
                return false;
            case SendOutcome.Enough:
                _network.Again(this);
                return false;
            case SendOutcome.Cut:
                Close("a scripted fault cut a reply");
                return false;
            case SendOutcome.FileEnded:
                Close("a log file is shorter than the reply promised");
                return false;
            default:
                Close(null);
                return false;
        }
    }

    private void CloseIfDrained()
    {
        if (_draining && !IsClosed && !_working && _replies.Count == 0)
        {
            Close(null);
        }
    }

    /// <summary>Lets go of everything at the end. Requests that are not complete stay with their owners, who are told.</summary>
    private void Abandon()
    {
        _frames.Release();
        while (_replies.First is not null)
        {
            var request = _replies.RemoveFirst();
            if (request.IsDone)
            {
                _network.Return(request);
            }
            else
            {
                request.Cancel();
            }
        }
    }
}
