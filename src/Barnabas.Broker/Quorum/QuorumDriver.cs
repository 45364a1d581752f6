using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Log.Flushing;

namespace Barnabas.Broker.Quorum;

/// <summary>What a <see cref="QuorumDriver"/> stands on.</summary>
/// <param name="Node">What the metadata node is made of.</param>
/// <param name="Host">Runs the metadata loop: a thread of its own, so that nothing of it waits behind a produce.</param>
/// <param name="Background">Runs what blocks: syncs and snapshots.</param>
/// <param name="Clock">The broker's clock.</param>
/// <param name="Failed">Told once, on the metadata loop, that the metadata cannot be written any more: the broker has to stop.</param>
public sealed record QuorumDriverSetup(
    MetadataNodeSetup Node, ILoopHost Host, ILoopHost Background, IClock Clock, Action<Exception> Failed);

/// <summary>
/// Carries out what the Raft node asks for: writes the log, has it synced beside the metadata loop, publishes what is committed, runs the
/// controller. Its state is owned by <see cref="Loop"/>; <see cref="Submit"/>, <see cref="Publisher"/> and <see cref="Status"/> are for any
/// thread. Syncs are group commits: what is appended while one runs waits for the next, all together.
/// </summary>
public sealed class QuorumDriver
{
    private readonly QuorumDriverSetup _setup;
    private readonly Loop _syncLoop;
    private readonly SnapshotKeeper _keeper;
    private MetadataNode _node = null!;
    private Action? _ready;
    private QuorumStatus _status = QuorumStatus.None;
    private bool _wantsSync, _isSyncing, _hasFailed, _isStopped;

    /// <summary>A driver that has nothing loaded.</summary>
    public QuorumDriver(QuorumDriverSetup setup)
    {
        _setup = setup;
        Loop = new Loop("metadata", setup.Host, setup.Clock);
        _syncLoop = new Loop("metadata-sync", setup.Background, setup.Clock);
        _keeper = new SnapshotKeeper(this, new Loop("metadata-snapshot", setup.Background, setup.Clock));
    }

    /// <summary>The metadata loop.</summary>
    public Loop Loop { get; }

    /// <summary>Where the newest committed metadata is. Any thread.</summary>
    public MetadataPublisher Publisher { get; } = new();

    /// <summary>What DescribeQuorum tells. Any thread.</summary>
    public QuorumStatus Status => Volatile.Read(ref _status);

    /// <summary>The time by the driver's clock, wall-clock milliseconds. Any thread.</summary>
    public long NowMs => _setup.Clock.WallMs;

    internal QuorumDriverSetup Setup => _setup;

    internal MetadataNode Node => _node;

    internal bool HasFailed => _hasFailed;

    /// <summary>Reads everything from disk. Blocks; once, before <see cref="Start"/>.</summary>
    /// <exception cref="IOException">The disk failed, or the log is rotten.</exception>
    /// <exception cref="MalformedException">A file says what this program does not understand.</exception>
    /// <exception cref="QuorumException">The directory belongs to a quorum that this node cannot lead alone.</exception>
    public void Load()
    {
        _node = MetadataNode.Load(_setup.Node, Publisher, _setup.Clock.WallMs);
        var (raft, self) = (_node.Raft, _setup.Node.Raft.Self.Key);
        if (raft.Voters.Find(self) is null)
        {
            var voters = string.Join(", ", raft.Voters.Voters.Select(voter => $"{voter.Key.Id} (directory {voter.Key.DirectoryId})"));
            throw new QuorumException(voters.Length == 0
                ? $"{_setup.Node.LogDirectory} was formatted without a voter: set controller.quorum.voters, or format it with --standalone"
                : $"node {self.Id} with directory {self.DirectoryId} is not a voter of the quorum in {_setup.Node.LogDirectory}: {voters}");
        }

        if (raft.Voters.Voters.Length > 1)
        {
            throw new QuorumException(
                $"{_setup.Node.LogDirectory} belongs to a quorum of {raft.Voters.Voters.Length} voters; quorums of one are supported");
        }
    }

    /// <summary>
    /// Begins: <paramref name="ready"/> runs on the metadata loop when this node leads and its first records are committed.
    /// </summary>
    public void Start(Action ready) => Post(() =>
    {
        _ready = ready;
        _node.Raft.Start(Loop.NowWallMs);
        Drain();
    });

    /// <summary>Hands an operation to the controller. Any thread; its completion runs on the metadata loop.</summary>
    public void Submit(Operation<ControllerMachine, MetadataRecord> operation) => Post(() => Begin(operation));

    /// <summary>Makes a request to the controller out of a decision and what is done with its reply. Any thread.</summary>
    public void Submit<TReply>(
        Func<ControllerMachine, Decision<MetadataRecord>, TReply> decide, Action<ErrorCode, TReply?> done)
        where TReply : class => Submit(new ControllerOperation<TReply>(decide, done));

    /// <summary>
    /// The same, with REQUEST_TIMED_OUT where the commit takes longer than <paramref name="timeoutMs"/>; what was decided may be committed
    /// after that.
    /// </summary>
    public void Submit<TReply>(
        Func<ControllerMachine, Decision<MetadataRecord>, TReply> decide, Action<ErrorCode, TReply?> done, long timeoutMs)
        where TReply : class => Post(() =>
    {
        if (timeoutMs <= 0)
        {
            done(ErrorCode.RequestTimedOut, null); // As Kafka: who does not wait at all is not served.
            return;
        }

        ActionTimer? timer = null;
        var operation = new ControllerOperation<TReply>(decide, (error, reply) =>
        {
            Loop.Timers.Cancel(timer!);
            done(error, reply);
        });
        timer = new ActionTimer(() => operation.Finish(ErrorCode.RequestTimedOut));
        Loop.Timers.Set(timer, Loop.DueIn(timeoutMs));
        Begin(operation);
    });

    /// <summary>
    /// Stops: refuses what comes, syncs what was written, closes the log; then <paramref name="stopped"/> runs on a background thread.
    /// </summary>
    public void Stop(Action stopped) => Post(() =>
    {
        _isStopped = true;
        _node.Raft.Resign(Loop.NowWallMs);
        Drain();
        _keeper.Stop(() => _syncLoop.Post(new ActionTask(() =>
        {
            Guard(() =>
            {
                if (_hasFailed)
                {
                    _node.Log.Abandon();
                }
                else
                {
                    _node.Log.Close();
                }
            });
            stopped();
        })));
    });

    /// <summary>Runs a job of the log beside this loop, behind those that were made before: a log's jobs do not overlap.</summary>
    internal void PostJob(Action job) => _syncLoop.Post(new ActionTask(() => Guard(job)));

    // A failure counts before anything else that waits for the loop: a log that is broken takes nothing more.
    internal void Post(Action action) => Loop.Post(new ActionTask(() => Guard(action, Fail)));

    /// <summary>Runs something that may block on the loop beside; a failure ends the node.</summary>
    internal void Guard(Action action) => Guard(action, e => Loop.Post(new ActionTask(() => Fail(e))));

    private static void Guard(Action action, Action<Exception> fail)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or MalformedException)
        {
            fail(e);
        }
    }

    private void Begin(Operation<ControllerMachine, MetadataRecord> operation)
    {
        _node.Controller.Submit(operation, Loop.NowWallMs);
        Drain();
    }

    private void Drain()
    {
        var effects = _node.Raft.Effects;
        for (var i = 0; i < effects.Count && !_hasFailed; i++)
        {
            CarryOut(effects[i]);
        }

        effects.Clear();
        if (_wantsSync && !_isSyncing && !_hasFailed && !_isStopped)
        {
            BeginSync();
        }

        Volatile.Write(ref _status, QuorumStatus.Of(_node.Raft, Loop.NowWallMs));
    }

    private void CarryOut(RaftEffect effect)
    {
        switch (effect.Kind)
        {
            case RaftEffectKind.StoreState:
                StoreState(effect.State!);
                break;
            case RaftEffectKind.Append:
                _node.Log.Append(effect.Batch, _node.Raft.State.Epoch, Loop.NowWallMs);
                break;
            case RaftEffectKind.Sync:
                _wantsSync = true;
                break;
            case RaftEffectKind.Lead:
                BeginLeading();
                break;
            case RaftEffectKind.StopLeading:
                _node.Controller.Unload(ErrorCode.NotController);
                break;
            case RaftEffectKind.Commit:
                Commit(effect.Offset);
                break;
        }
    }

    private void StoreState(QuorumState state)
    {
        var staticVoters = _node.StaticVoters;
        PostJob(() =>
        {
            _node.StateFile.Store(state, staticVoters);
            Post(() =>
            {
                _node.Raft.StateStored(Loop.NowWallMs);
                Drain();
            });
        });
    }

    private void BeginLeading()
    {
        _node.Controller.EndLoad(Loop.NowWallMs);
        _node.Controller.Submit(
            new ControllerOperation<object>(
                (machine, decision) => Activation.Decide(machine, _node.Bootstrap, decision),
                (error, _) =>
                {
                    if (error == ErrorCode.None)
                    {
                        _ready?.Invoke();
                        _ready = null;
                    }
                }),
            Loop.NowWallMs);
    }

    private void Commit(long highWatermark)
    {
        _node.Log.Commit(highWatermark);

        // Published before the replies go out: who reads the answer finds what it asked for.
        _node.History.Commit(highWatermark);
        _node.Controller.Release();
        _keeper.Committed();
    }

    private void BeginSync()
    {
        _wantsSync = false;
        _isSyncing = true;
        var end = _node.Raft.EndOffset;
        var job = _node.Log.BeginFlush();
        PostJob(() => Sync(job, end));
    }

    private void Sync(FlushJob job, long end)
    {
        FaultPoint.Here("metadata.before-sync");
        job.Run();
        FaultPoint.Here("metadata.synced");
        Post(() =>
        {
            _isSyncing = false;
            _node.Log.CompleteFlush(job);
            _node.Raft.LogStored(end, Loop.NowWallMs);
            Drain();
        });
    }

    private void Fail(Exception cause)
    {
        if (!_hasFailed)
        {
            _hasFailed = true;
            _node.Raft.Resign(Loop.NowWallMs);
            _node.Raft.Effects.Clear();
            _node.Controller.Unload(ErrorCode.NotController);
            _setup.Failed(cause);
        }
    }
}

/// <summary>A directory of metadata that this node must not use, in one sentence for the operator.</summary>
public sealed class QuorumException(string message) : Exception(message);
