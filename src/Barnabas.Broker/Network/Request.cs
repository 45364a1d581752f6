using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Messages;

namespace Barnabas.Broker.Network;

/// <summary>
/// One request and its reply, pooled by its connection's loop. Owned by whoever has to complete it, on whatever thread, from
/// <see cref="IRequestHandler.Handle"/> until <see cref="Complete()"/>, which hands it back to the loop: it must not be touched after that.
/// Every request is completed exactly once, cancelled or not.
/// </summary>
public sealed class Request : LoopTask
{
    private static readonly object CancelledMark = new();

    private readonly AppliedTask _applied;
    private readonly Reply _reply = new();
    private RequestHeader _header;
    private Connection _connection = null!;
    private BufferLease? _lease;
    private int _frameOffset;
    private int _frameLength;
    private object? _cancelListener;
    private bool _hasReply;
    private bool _replyBegun;
    private bool _bodyReleased;
    private bool _leaseRetained;
    private bool _appliedCalled;
    private bool _completed;

    internal Request() => _applied = new AppliedTask(this);

    /// <summary>Where it came from and the reply goes to.</summary>
    public Connection Connection => _connection;

    /// <summary>
    /// The connection's loop. A wait that has to end at the end of a turn, after the produce answers, posts its end there.
    /// </summary>
    public Loop Loop => _connection.Loop;

    /// <summary>The API.</summary>
    public ApiKey ApiKey => (ApiKey)_header.ApiKey;

    /// <summary>Version of the API, of body and reply alike.</summary>
    public short ApiVersion => _header.ApiVersion;

    /// <summary>The client's number for it.</summary>
    public int CorrelationId => _header.CorrelationId;

    /// <summary>False only for an ApiVersions request of a version that is not served, which is answered all the same.</summary>
    public bool IsVersionServed { get; private set; }

    /// <summary>UTF-8 name the client gave itself, empty for none. Valid as long as <see cref="Body"/>.</summary>
    public ReadOnlySpan<byte> ClientId =>
        Lease.Span.Slice(_frameOffset + _header.ClientIdOffset, Math.Max(0, _header.ClientIdLength));

    /// <summary>True when the client gave no name, which is not the same as an empty one.</summary>
    public bool IsClientIdNull => _header.ClientIdLength < 0;

    /// <summary>
    /// The block that the body lies in, at a fixed address. Valid until <see cref="Applied"/> or completion; whoever needs the bytes for
    /// longer retains it.
    /// </summary>
    public BufferLease Lease
    {
        get
        {
            Check.That(_lease is not null);
            return _lease;
        }
    }

    /// <summary>Where the body begins in the block.</summary>
    public int BodyOffset => _frameOffset + _header.BodyOffset;

    /// <summary>Bytes of the body.</summary>
    public int BodyLength => _frameLength - _header.BodyOffset;

    /// <summary>The body. Valid until <see cref="Applied"/> or completion.</summary>
    public ReadOnlySpan<byte> Body => Lease.Span.Slice(BodyOffset, BodyLength);

    /// <summary>Bytes of the whole frame without its length.</summary>
    public int FrameBytes => _frameLength;

    /// <summary>Start of the turn that read it, monotonic microseconds.</summary>
    public long ReceivedUs { get; private set; }

    /// <summary>True when the connection has gone. Any thread.</summary>
    public bool IsCancelled => ReferenceEquals(Volatile.Read(ref _cancelListener), CancelledMark);

    /// <summary>Where the body of the reply is written; length and header stand in it already.</summary>
    public ByteWriter Reply
    {
        get
        {
            if (!_replyBegun)
            {
                BeginReply();
            }

            return _reply.Bytes;
        }
    }

    internal Request? NextInConnection { get; set; }

    internal bool IsDone { get; private set; }

    internal bool IsApplied { get; private set; }

    internal bool HasReply => _hasReply;

    /// <summary>True while it counts among those that were started and have not taken effect.</summary>
    internal bool HoldsAdmission { get; set; }

    /// <summary>Bytes that count as held meanwhile.</summary>
    internal int HeldBytes { get; set; }

    internal Reply ReplyParts => _reply;

    /// <summary>
    /// Bytes of a file come next in the reply; they count in its length. The lease is given over: it is released when they have left.
    /// </summary>
    public void AddSlice(IByteSource file, long position, int length, IFileLease? lease) =>
        AddSlice(_reply.Bytes.Length, file, position, length, lease);

    /// <summary>
    /// As above, for bytes that belong before some that are written already: <paramref name="at"/> is their place in <see cref="Reply"/>.
    /// </summary>
    public void AddSlice(int at, IByteSource file, long position, int length, IFileLease? lease)
    {
        Check.That(_replyBegun);
        _reply.AddSlice(at, file, position, length, lease);
    }

    /// <summary>
    /// For scripted faults: only so many bytes of the reply are sent, its length included, and the connection is closed; -1 for all.
    /// </summary>
    internal int CutReplyAfterBytes { get; set; } = -1;

    /// <summary>Drops what was written of the reply, to answer something else.</summary>
    public void RestartReply()
    {
        _reply.Clear();
        _replyBegun = false;
    }

    /// <summary>
    /// The effects are applied: the connection's next request may start, and the body is let go. Any thread; at most once, and never after
    /// completion, which implies it.
    /// </summary>
    public void Applied()
    {
        Check.That(!_completed && !_appliedCalled);
        _appliedCalled = true;
        if (Loop.IsOwned)
        {
            OnApplied();
        }
        else
        {
            _applied.IsPosted = true;
            Loop.Post(_applied);
        }
    }

    /// <summary>
    /// The body is not needed any more, though the effects are not applied yet. Only inside of <see cref="IRequestHandler.Handle"/>.
    /// </summary>
    public void ReleaseBody() => _bodyReleased = true;

    /// <summary>Sends what was written as the reply, after those of earlier requests. Any thread.</summary>
    public void Complete()
    {
        if (!_replyBegun)
        {
            BeginReply();
        }

        _reply.Finish();
        if (CutReplyAfterBytes >= 0)
        {
            _reply.Cut(CutReplyAfterBytes);
        }

        _hasReply = true;
        End();
    }

    /// <summary>
    /// Writes the message as the body of the reply and completes. Closes the connection where the version cannot say what the message
    /// holds, as a string that is longer than one may be. Any thread.
    /// </summary>
    public void Complete(IMessage message)
    {
        try
        {
            message.Write(Reply, ApiVersion);
        }
        catch (UnsupportedVersionException unsayable)
        {
            RestartReply();
            CompleteAndClose(unsayable.Message);
            return;
        }

        Complete();
    }

    /// <summary>Completes a request that is not answered, such as a produce with acks=0. Any thread.</summary>
    public void CompleteWithoutReply()
    {
        _hasReply = false;
        End();
    }

    /// <summary>Closes the connection, as Kafka does where it has no other answer, and completes. Any thread.</summary>
    public void CompleteAndClose(string reason)
    {
        _connection.CloseSoon(reason);
        CompleteWithoutReply();
    }

    /// <summary>
    /// Names who is told when the connection goes away while the request is parked. False when it has gone already: the caller then gives
    /// up its wait and completes. Any thread.
    /// </summary>
    public bool TryPark(ICancelListener listener) => Interlocked.CompareExchange(ref _cancelListener, listener, null) is null;

    /// <summary>
    /// The wait is over: the listener is not called any more. False when it has been or is being called. Any thread, before completion.
    /// </summary>
    public bool Unpark()
    {
        var seen = Interlocked.Exchange(ref _cancelListener, null);
        if (!ReferenceEquals(seen, CancelledMark))
        {
            return true;
        }

        Volatile.Write(ref _cancelListener, CancelledMark);
        return false;
    }

    /// <summary>A completion that came from another thread, on the connection's loop.</summary>
    public override void Run() => OnEnded();

    internal void Begin(Connection connection, in RequestHeader header, in Frame frame, long nowUs)
    {
        _connection = connection;
        _header = header;
        _lease = frame.Lease;
        _frameOffset = frame.Offset;
        _frameLength = frame.Length;
        ReceivedUs = nowUs;
        IsVersionServed = true;
        IsDone = false;
        IsApplied = false;
        _cancelListener = null;
        CutReplyAfterBytes = -1;
        _hasReply = false;
        _replyBegun = false;
        _bodyReleased = false;
        _leaseRetained = false;
        _appliedCalled = false;
        _completed = false;
    }

    /// <summary>An ApiVersions request of an unknown version is answered in version 0.</summary>
    internal void FallBackToVersion0()
    {
        IsVersionServed = false;
        _header.ApiVersion = 0;
    }

    /// <summary>Keeps the body beyond the turn; true when it was needed. On the loop, when the handler has returned.</summary>
    internal bool KeepBody()
    {
        if (_bodyReleased)
        {
            // Who reads on must fail, not find the bytes of others.
            _lease = null;
            return false;
        }

        _lease!.Retain();
        _leaseRetained = true;
        return true;
    }

    /// <summary>Ends a request whose handler failed before it gave it to anybody. On the loop, inside of the connection's work.</summary>
    internal void Discard()
    {
        if (!_completed)
        {
            CompleteWithoutReply();
        }
    }

    /// <summary>Tells the listener that the connection has gone. On the loop.</summary>
    internal void Cancel()
    {
        if (Interlocked.Exchange(ref _cancelListener, CancelledMark) is ICancelListener listener)
        {
            listener.Cancelled(this);
        }
    }

    /// <summary>True when no task of this request is under way, so that it may be used again. On the loop, when it is done.</summary>
    internal bool IsReusable => !_applied.IsPosted;

    /// <summary>Drops body and reply. On the loop, when it is done and sent or not to be sent.</summary>
    internal void Clear()
    {
        _reply.Clear();
        _lease = null;
        NextInConnection = null;
    }

    private void BeginReply()
    {
        _replyBegun = true;
        var bytes = _reply.Bytes;
        bytes.Reset();
        bytes.WriteInt32(0);
        bytes.WriteInt32(_header.CorrelationId);
        if (_header.Api!.ResponseHeaderVersion(_header.ApiVersion) >= 1)
        {
            bytes.WriteUInt8(0);
        }
    }

    private void End()
    {
        Check.That(!_completed);
        _completed = true;
        if (Loop.IsOwned)
        {
            OnEnded();
        }
        else
        {
            Loop.Post(this);
        }
    }

    private void OnEnded()
    {
        OnApplied();
        IsDone = true;
        _connection.OnDone(this);
    }

    private void OnApplied()
    {
        if (IsApplied)
        {
            return;
        }

        IsApplied = true;
        if (_leaseRetained)
        {
            _leaseRetained = false;
            _lease!.Release();
            _lease = null;
        }

        _connection.OnApplied(this);
    }

    /// <summary>Brings <see cref="Applied"/> from another thread to the loop; owned by the request.</summary>
    private sealed class AppliedTask(Request request) : LoopTask
    {
        public bool IsPosted { get; set; }

        public override void Run()
        {
            IsPosted = false;
            request.OnApplied();
        }
    }
}
