using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages.Views;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// One Fetch request from its parse to its answer: reads the views, and where there is too little registers with the shards, reads again
/// and parks. Owned by its connection's loop; shards only wake it. Pooled with all that hangs on it.
/// </summary>
internal sealed class FetchWork : FetchWait, ICancelListener
{
    private readonly WorkPool<FetchWork> _pool;
    private readonly ReplicaTable _replicas;
    private readonly AsideReads _aside;
    private readonly FetchReads _reads = new();
    private readonly FetchParking _parking;
    private readonly List<FetchPartition> _own = [];
    private readonly WakeTask _wakeTask;
    private readonly RecheckTask _recheckTask;
    private readonly SlowTask _slowTask;
    private Request _request = null!;
    private FetchSession? _session;
    private int _ownCount;
    private int _maxWaitMs;
    private int _registeredState;
    private int _holds;
    private bool _parked;
    private bool _applied;
    private bool _registered;
    private bool _wokenEarly;

    public FetchWork(WorkPool<FetchWork> pool, ReplicaTable replicas, AsideReads aside)
    {
        _pool = pool;
        _replicas = replicas;
        _aside = aside;
        _parking = new FetchParking(this);
        _wakeTask = new WakeTask(this);
        _recheckTask = new RecheckTask(this);
        _slowTask = new SlowTask(this);
    }

    /// <summary>Takes hold of a request.</summary>
    public void Begin(Request request, int maxWaitMs, int minBytes, int bytesMax, bool committed)
    {
        _request = request;
        _maxWaitMs = maxWaitMs;
        _session = null;
        _ownCount = 0;
        _parked = false;
        _applied = false;
        _holds = 1;
        _reads.Begin(minBytes, bytesMax, committed ? ReadLimit.LastStable : ReadLimit.HighWatermark);
    }

    /// <summary>
    /// Serves the partitions of a session that the caller has entered, or those added with <see cref="AddOwn"/> when it is null.
    /// </summary>
    public void UseSession(FetchSession? session, bool isIncremental)
    {
        _session = session;
        _reads.TellsAll = !isIncremental;
    }

    /// <summary>True for a fetch that says it comes from a replica.</summary>
    public bool IsFromReplica
    {
        set => _reads.IsFromReplica = value;
    }

    /// <summary>Adds a partition to a fetch outside of sessions.</summary>
    public FetchPartition AddOwn(Uuid topicId, ReadOnlySpan<byte> name, int partition)
    {
        if (_ownCount == _own.Count)
        {
            _own.Add(new FetchPartition());
        }

        var added = _own[_ownCount++];
        added.Name(topicId, name, partition);
        return added;
    }

    /// <summary>Answers the whole request with an error.</summary>
    public void Refuse(ErrorCode error)
    {
        var request = _request;
        FetchAnswer.WriteRefusal(request, error);
        Release();
        request.Complete();
    }

    /// <summary>Answers a request that Kafka fails on, after its session has changed, with an error for all that it names.</summary>
    public void Refuse(in FetchRequestView view, ErrorCode error)
    {
        FetchAnswer.WriteRefusal(_request, view, error);
        Finish(answered: true);
    }

    /// <summary>True when at least one partition that is asked for is here.</summary>
    public bool FindsAny()
    {
        Gather();
        return _reads.HasReplica;
    }

    /// <summary>Answers at once where enough is there, else parks.</summary>
    public void Serve()
    {
        Gather();
        if (_maxWaitMs <= 0 || _reads.Count == 0 || _reads.IsEnough())
        {
            Answer();
            return;
        }

        Park();
    }

    /// <inheritdoc/>
    public void Cancelled(Request request)
    {
        if (TryWake())
        {
            Woken();
        }
    }

    /// <inheritdoc/>
    protected override void Registered()
    {
        // The loop that parks looks at this when its last post has returned: whoever comes second goes on.
        if (Interlocked.Increment(ref _registeredState) == 2)
        {
            _request.Loop.Post(_recheckTask);
        }
    }

    /// <inheritdoc/>
    protected override void OnWoken() => _request.Loop.Post(_wakeTask);

    /// <inheritdoc/>
    protected override void Forgotten() => Release();

    private void Gather()
    {
        _reads.Clear();
        if (_session is null)
        {
            for (var i = 0; i < _ownCount; i++)
            {
                _reads.Add(_own[i]);
            }
        }
        else
        {
            for (var node = _session.Partitions.First; node is not null; node = node.Next)
            {
                _reads.Add(node.Value);
            }
        }

        _reads.Find(_replicas);
    }

    private void Park()
    {
        _registeredState = 0;
        _registered = false;
        _wokenEarly = false;
        _parked = true;
        _holds = 2;
        Arm(_parking.Gather(_reads, _maxWaitMs));
        _request.TryPark(this);
        _parking.Post();
        if (Interlocked.Increment(ref _registeredState) == 2 && Recheck())
        {
            return;
        }

        // Whatever ends the wait from here on comes as a task of this loop.
        Applied();
    }

    private void Applied()
    {
        if (!_applied)
        {
            _applied = true;
            _request.Applied();
        }
    }

    // What came between the first read and the registration woke nobody. Only from here on may the shards be told to forget. True when that
    // ended the wait, after which nothing of the work may be touched.
    private bool Recheck()
    {
        _registered = true;
        if (_wokenEarly)
        {
            return Woken();
        }

        if (!IsOver() || !TryWake())
        {
            return false;
        }

        End();
        return true;
    }

    private bool Woken()
    {
        if (!_registered)
        {
            _wokenEarly = true;
            return false;
        }

        if (!IsOver())
        {
            Repark();
            if (!IsOver() || !TryWake())
            {
                return false;
            }
        }

        End();
        return true;
    }

    private bool IsOver() => IsTimedOut || _request.IsCancelled || _reads.IsEnough();

    private void End()
    {
        _request.Unpark();
        Disarm(_parking.Count);
        _parking.Forget();
        Answer();
    }

    private void Answer()
    {
        if (_request.IsCancelled)
        {
            Finish(answered: false);
            return;
        }

        var isRead = _reads.TryRead();
        if (isRead && _reads.TryListAborted(mayRead: false))
        {
            WriteAnswer();
            return;
        }

        // The disk has to be waited for, beside this loop: the answer parks, and nobody touches the work until it comes back.
        Applied();
        _slowTask.Post(isRead);
    }

    private void WriteAnswer()
    {
        FetchAnswer.Write(_request, _reads, _session);
        Finish(answered: true);
    }

    private void Finish(bool answered)
    {
        var request = _request;

        // Completing may start the next fetch of the same session: let go of everything first.
        _reads.Release();
        _session?.Leave();
        Release();
        if (answered)
        {
            request.Complete();
        }
        else
        {
            request.CompleteWithoutReply();
        }
    }

    // The work is free when it is answered and no shard knows it any more.
    private void Release()
    {
        if (Interlocked.Decrement(ref _holds) != 0)
        {
            return;
        }

        if (_parked)
        {
            Clear();
        }

        _reads.Clear();
        _session = null;
        _request = null!;
        _pool.Return(this);
    }

    /// <summary>Ends a wait on the connection's loop, behind what its turn answers; owned by the work.</summary>
    private sealed class WakeTask(FetchWork work) : LoopTask
    {
        public override void Run() => work.Woken();
    }

    /// <summary>
    /// Reads what is not in memory, on the background pool, and answers on the connection's loop; owned by the work, which nobody touches
    /// meanwhile.
    /// </summary>
    private sealed class SlowTask(FetchWork work) : LoopTask
    {
        private bool _isRead;
        private bool _isDone;

        public void Post(bool isRead)
        {
            _isRead = isRead;
            _isDone = false;
            work._aside.Post(this);
        }

        public override void Run()
        {
            if (!_isDone)
            {
                Read();
                work._request.Loop.Post(this);
            }
            else if (work._request.IsCancelled)
            {
                work.Finish(answered: false);
            }
            else
            {
                work.WriteAnswer();
            }
        }

        private void Read()
        {
            if (!_isRead)
            {
                work._reads.Read(work._aside);
            }

            Check.That(work._reads.TryListAborted(mayRead: true));
            _isDone = true;
        }
    }

    /// <summary>The second look, when registering took a thread change; owned by the work.</summary>
    private sealed class RecheckTask(FetchWork work) : LoopTask
    {
        public override void Run() => work.Recheck();
    }
}
