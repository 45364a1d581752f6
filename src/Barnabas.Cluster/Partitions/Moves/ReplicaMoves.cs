using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Copying;

namespace Barnabas.Cluster.Partitions.Moves;

/// <summary>What <see cref="ReplicaMoves"/> stands on.</summary>
public sealed record ReplicaMovesSetup
{
    /// <summary>A loop on the background pool, for copying blocks; its turns are to be short, for others wait for the threads.</summary>
    public required Loop Loop { get; init; }

    /// <summary><c>replica.alter.log.dirs.io.max.bytes.per.second</c>, as it is now.</summary>
    public Func<long> BytesPerSecond { get; init; } = () => long.MaxValue;

    /// <summary>Tells the controller where a replica will be; the action runs when it knows, or refused. Any thread.</summary>
    public Action<ReplicaAssignment, Action<ErrorCode>> Assign { get; init; } = (_, done) => done(ErrorCode.None);

    /// <summary>For the names of the copies' directories; belongs to the loop.</summary>
    public required Randomness Randomness { get; init; }

    /// <summary>Takes a sentence for the operator.</summary>
    public required Action<string> Report { get; init; }
}

/// <summary>
/// Moves replicas between the log directories of this broker: copies beside the I/O loops, throttled, until little is left; tells the
/// controller; takes the replica out of service for the last piece; renames. A crash at any point leaves a log and a copy that the next
/// start goes on with, or two whole logs of which the metadata names the one that counts. Owned by its own loop on the background pool.
/// </summary>
public sealed class ReplicaMoves(ReplicaMovesSetup setup)
{
    private const int RetryUs = 500_000;
    private const int PauseUsMax = 100_000;
    private const int LastPieceBytes = 1 << 20;

    private readonly List<ReplicaMove> _moves = [];
    private double _debtBytes;
    private long _debtUs;
    private bool _isStopped;

    /// <summary>
    /// Begins a move; <paramref name="ended"/> runs on this object's loop, once, with nothing when the broker stops before. Any thread.
    /// </summary>
    public void Start(ReplicaMove move, Action<MoveResult> ended) => setup.Loop.Post(new ActionTask(() =>
    {
        move.Ended = ended;
        if (_isStopped)
        {
            Release(move);
            ended(MoveResult.Stopped);
            return;
        }

        _moves.Add(move);
        Step(move);
    }));

    /// <summary>
    /// Closes the copies so that the next start goes on with them; then runs <paramref name="done"/>, and nothing more is done. Any thread.
    /// </summary>
    public void Stop(Action done) => setup.Loop.Post(new ActionTask(() =>
    {
        _isStopped = true;
        foreach (var move in _moves)
        {
            Touch(move, () => move.Copy?.Log.Close());
            Release(move);
            move.Ended!(MoveResult.Stopped);
        }

        _moves.Clear();
        done();
    }));

    private void Step(ReplicaMove move)
    {
        if (move.IsCancelled || move.Source.Failure is not null || !move.To.IsOnline)
        {
            GiveUp(move);
            return;
        }

        if (!move.To.Health.Room.IsThere)
        {
            After(RetryUs, () => Step(move));
            return;
        }

        // Short, so that another rate or a cancellation is seen.
        if (PauseUs() is > 0 and var pauseUs)
        {
            After(pauseUs, () => Step(move));
            return;
        }

        if (!TryCopy(move, () => move.Source.View, out var bytes))
        {
            GiveUp(move);
            return;
        }

        _debtBytes += bytes;

        var view = move.Source.View;
        if (bytes == 0 && move.Copy!.Log.LogEndOffset < view.LogEndOffset)
        {
            // Nothing to read and yet not the end: a log whose last offsets are in no batch. The next append tells.
            After(RetryUs, () => Step(move));
        }
        else if (view.BytesFrom(move.Copy!.Log.LogEndOffset, ReadLimit.LogEnd) > LastPieceBytes)
        {
            After(0, () => Step(move));
        }
        else
        {
            Assign(move);
        }
    }

    // What is written by now is made durable before, so that little is left for the time out of service.
    private void Assign(ReplicaMove move)
    {
        if (!Touch(move, move.Copy!.Flush))
        {
            GiveUp(move);
            return;
        }

        move.Stage = MoveStage.Assigning;
        move.HasAssigned = true;
        var assignment = new ReplicaAssignment(move.Source.TopicId, move.Source.Partition.Partition, move.To.Id);
        setup.Assign(assignment, error => Post(() =>
        {
            if (error != ErrorCode.None || move.IsCancelled)
            {
                GiveUp(move);
                return;
            }

            move.Stage = MoveStage.Freezing;
            move.Source.Shard.Loop.Post(new ActionTask(() =>
            {
                // One that is out of service already, or fails with its last writes, is not whole.
                var moves = new ReplicaFailure(ErrorCode.NotLeaderOrFollower, $"it moves to {move.To.Files.Path}");
                move.Source.Retire(moves);
                var isWhole = ReferenceEquals(move.Source.Failure, moves);
                Post(() => Finish(move, isWhole));
            }));
        }));
    }

    private void Finish(ReplicaMove move, bool isWhole)
    {
        var last = move.Source.View;
        move.HasFrozen = isWhole;
        var bytes = 0;
        do
        {
            if (!isWhole || !TryCopy(move, () => last, out bytes))
            {
                GiveUp(move);
                return;
            }
        }
        while (bytes > 0);

        PartitionLog? log = null;
        var isDone = move.Copy!.Log.LogEndOffset == last.LogEndOffset && Touch(move, () =>
        {
            move.Copy.Complete(last);
            log = move.To.Files.Promote(move.Copy.Log, move.FirstDirtyOffset, setup.Loop.NowWallMs).Log;
        });
        if (!isDone)
        {
            GiveUp(move);
            return;
        }

        End(move, new MoveResult(log, null));
    }

    // One piece; false when the move cannot go on.
    private bool TryCopy(ReplicaMove move, Func<LogView> source, out int bytes)
    {
        bytes = 0;
        var isRead = false;
        var error = ErrorCode.None;
        try
        {
            if (move.Copy is null && !TryOpen(move, source))
            {
                return false;
            }

            isRead = move.Copy!.Read(source, out error);
        }
        catch (IOException e)
        {
            move.Source.ReadFailed(e);
            return false;
        }

        if (error != ErrorCode.None)
        {
            setup.Report($"{move.Source.Partition} stays in {move.From.Files.Path}: reading it answers {error}");
            return false;
        }

        var view = source();
        if (!isRead && view.LogStartOffset == view.LogEndOffset && move.Copy.Log.LogEndOffset < view.LogEndOffset)
        {
            // All of the log was deleted meanwhile.
            return Touch(move, () => move.Copy.Log.TruncateFully(view.LogEndOffset, setup.Loop.NowWallMs));
        }

        var before = move.Copy.View.SizeBytes;
        var isGood = true;
        if (!isRead || (Touch(move, () => isGood = move.Copy.Write(source(), setup.Loop.NowWallMs)) && isGood))
        {
            bytes = isRead ? (int)Math.Max(1, move.Copy.View.SizeBytes - before) : 0;
            return true;
        }

        if (!isGood)
        {
            setup.Report($"{move.Source.Partition} stays in {move.From.Files.Path}: it holds a batch that cannot be copied");
        }

        return false;
    }

    private bool TryOpen(ReplicaMove move, Func<LogView> source)
    {
        var start = LogCopy.StartOf(source);
        var config = move.Source.State.Config;
        return Touch(move, () =>
        {
            if (move.Leftover is { } leftover)
            {
                var found = move.To.Files.OpenFuture(leftover, config, setup.Loop.NowWallMs).Log;
                move.Copy = new LogCopy(found);
                if (move.Copy.Reconcile(source(), setup.Loop.NowWallMs))
                {
                    return;
                }

                found.TruncateFully(start, setup.Loop.NowWallMs);
                return;
            }

            move.FirstDirtyOffset = source().FirstDirtyOffset;
            move.Copy = new LogCopy(move.To.Files.CreateFuture(
                move.Source.Partition, move.Source.TopicId, setup.Randomness.NextUuid(), config, start, setup.Loop.NowWallMs).Log);
        });
    }

    // The copy goes, unless the log has failed: then it may be the best that is left, and the next start looks.
    private void GiveUp(ReplicaMove move)
    {
        string? leftover = null;
        var keeps = move.Source.Failure is { Error: ErrorCode.KafkaStorageError };
        if (move.Copy is { } copy)
        {
            if (keeps)
            {
                // The directory may stop cleanly, and then the next start trusts what lies in it.
                Touch(move, copy.Log.Close);
            }

            copy.Log.Abandon();
            Touch(move, () => leftover = keeps ? null
                : move.To.Files.MarkDeleted(copy.Log.DirectoryPath, move.Source.Partition, setup.Randomness.NextUuid()));
        }

        End(move, new MoveResult(null, leftover));
    }

    private void End(ReplicaMove move, MoveResult result)
    {
        Release(move);
        _moves.Remove(move);
        move.Ended!(result);
    }

    private static void Release(ReplicaMove move)
    {
        move.Stage = MoveStage.Ended;
        move.Copy?.Dispose();
    }

    // Does something to the directory that the replica goes to; false when that has failed, or is offline already.
    private bool Touch(ReplicaMove move, Action action)
    {
        try
        {
            if (move.To.IsOnline)
            {
                action();
                return true;
            }
        }
        catch (DiskFullException e)
        {
            move.To.Health.Room.Exhaust();
            setup.Report($"{move.Source.Partition} stays in {move.From.Files.Path}: {e.Message}");
        }
        catch (IOException e)
        {
            move.To.Health.Fail($"moving {move.Source.Partition}", e);
        }

        return false;
    }

    // What was copied is paid off at the rate that is set now; until then nobody copies.
    private long PauseUs()
    {
        var rate = Math.Max(1, setup.BytesPerSecond());
        var (now, before) = (setup.Loop.NowUs, _debtUs);
        _debtUs = now;
        _debtBytes = Math.Max(0, _debtBytes - ((double)rate * (now - before) / 1_000_000));
        return (long)Math.Min(_debtBytes * 1_000_000 / rate, PauseUsMax);
    }

    private void After(long us, Action action)
    {
        if (us == 0)
        {
            Post(action);
            return;
        }

        setup.Loop.Timers.Set(new ActionTimer(() => Guarded(action)), setup.Loop.NowUs + us);
    }

    private void Post(Action action) => setup.Loop.Post(new ActionTask(() => Guarded(action)));

    private void Guarded(Action action)
    {
        if (!_isStopped)
        {
            action();
        }
    }
}
