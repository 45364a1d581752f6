using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Replicas;

/// <summary>
/// A client that reads what is committed from whoever it believes to lead, waits long where nothing is there, and asks for the latest
/// offset, which never falls. Owned by the world.
/// </summary>
internal sealed class ClusterConsumer
{
    private const int WaitMs = 60_000;
    private readonly ClusterWorld _world;
    private readonly Randomness _random;
    private long _position;
    private long _latest;
    private long _attempt;
    private (ClusterNode Node, int Life, Replica Replica)? _parked;
    private long _forgottenUs;

    public ClusterConsumer(ClusterWorld world, Randomness random)
    {
        (_world, _random) = (world, random);
        ActLater();
    }

    /// <summary>True when everything that is committed was read.</summary>
    public bool IsDone => _position >= _world.History.End;

    /// <summary>A fetch that waits though there is something for it, for long: it was forgotten.</summary>
    public void CheckNotForgotten()
    {
        if (_parked is not { } at || !at.Node.IsUp || at.Node.IsPaused || at.Node.Life != at.Life || at.Replica.Failure is not null
            || at.Replica.View.HighWatermark <= _position)
        {
            _forgottenUs = _world.Clock.MonotonicUs;
            return;
        }

        ViolationException.Unless(
            _world.Clock.MonotonicUs - _forgottenUs < 500_000,
            $"a fetch waits at {_position} of node {at.Node.Id}, with high watermark {at.Replica.View.HighWatermark}, and is not woken");
    }

    public override string ToString() => $"{_position}{(_parked is { } at ? $" at {at.Node.Id}" : "")}";

    private void ActLater() => _world.Events.After(1 + _random.Next(20_000), Act);

    private void Act()
    {
        var attempt = ++_attempt;
        _parked = null;
        var epoch = _world.Controller.LeaderEpoch;
        if (_world.Leader() is { } leader)
        {
            var life = leader.Life;
            var asksLatest = _random.Chance(0.3);
            _world.Events.After(_world.DelayUs(), () => leader.Receive(life, () => Serve(leader, attempt, epoch, asksLatest)));
        }

        // The metadata says of a new leader, or the connection breaks.
        _world.Events.After(_world.IsHealing ? 2_000_000 : 400_000 + _random.Next(2_000_000), () =>
        {
            if (attempt == _attempt)
            {
                Act();
            }
        });
    }

    private void Serve(ClusterNode node, long attempt, int epoch, bool asksLatest)
    {
        if (attempt != _attempt || node.Replica is not { } replica || replica.CheckLeader(epoch) != ErrorCode.None)
        {
            return;
        }

        if (asksLatest)
        {
            AskLatest(replica, node.Id);
        }

        if (replica.View.HighWatermark > _position)
        {
            Read(node, replica, attempt, epoch);
            return;
        }

        _parked = (node, node.Life, replica);
        _forgottenUs = _world.Clock.MonotonicUs;
        new ParkedFetch(_world, node, replica, _position, ReadLimit.HighWatermark, () => Read(node, replica, attempt, epoch)).Begin(WaitMs);
    }

    // As ListOffsets: a leader that does not know yet what was committed before it knows no latest offset.
    private void AskLatest(Replica replica, int id)
    {
        var view = replica.View;
        if (!view.KnowsWhatWasCommittedBefore(replica.State.LeaderEpoch) && _world.Bug != ClusterBug.LatestTooEarly)
        {
            return;
        }

        ViolationException.Unless(
            view.HighWatermark >= _latest,
            $"node {id} tells {view.HighWatermark} for the latest offset in epoch {replica.State.LeaderEpoch}, it was {_latest}");
        _latest = view.HighWatermark;
    }

    private void Read(ClusterNode node, Replica replica, long attempt, int epoch)
    {
        if (attempt != _attempt)
        {
            return;
        }

        _parked = null;
        if (replica.CheckLeader(epoch) != ErrorCode.None)
        {
            return;
        }

        var view = replica.View;
        if (_position < view.LogStartOffset)
        {
            _position = view.LogStartOffset;
        }

        var slice = view.Slice(_position, 1_000, ReadLimit.HighWatermark, minOneBatch: true);
        ViolationException.Unless(slice.ErrorCode == ErrorCode.None, $"node {node.Id}: {slice.ErrorCode} for a read at {_position}");
        var batches = ClusterHistory.Cut(ClusterHistory.Copy(slice));
        ViolationException.Unless(
            batches.Count > 0 || view.HighWatermark <= _position,
            $"node {node.Id}: nothing is read at {_position}, with high watermark {view.HighWatermark}");
        // Only now: where the node dies as it reads, the silence has to bring the next try.
        _attempt++;
        _world.AfterLook(() => _world.History.Match(batches, $"a read from node {node.Id}"));
        foreach (var batch in batches)
        {
            RecordBatchHeader.TryRead(batch, out var header);
            _position = header.BaseOffset + header.LastOffsetDelta + 1;
        }

        _world.Fetched++;
        ActLater();
    }
}
