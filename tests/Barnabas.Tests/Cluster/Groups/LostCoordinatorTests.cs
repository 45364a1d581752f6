using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Machines;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>
/// Replicas lag and coordinators are lost with what was not committed, drawn from a seed: an acknowledged offset is never lost, and nobody
/// is shown an offset that can still be.
/// </summary>
public sealed class LostCoordinatorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    public void Acknowledged_offsets_outlive_their_coordinator(int first)
    {
        var (acknowledged, lost) = (0, 0);
        for (var seed = first; seed < first + 100; seed++)
        {
            var world = new World((ulong)seed);
            for (var step = 0; step < 300; step++)
            {
                world.Step();
            }

            acknowledged += world.Acknowledgements;
            lost += world.LostRecords;
        }

        Assert.True(acknowledged > 1_000 && lost > 100, $"{acknowledged} acknowledged, {lost} lost");
    }

    private sealed class World(ulong seed)
    {
        private const int Groups = 3;
        private readonly Randomness _random = new(seed);
        private readonly GroupBench _bench = new(seed: seed) { AutoCommit = false };
        private readonly List<(int Group, long Offset, Awaited<OffsetCommitResponse> Reply)> _commits = [];
        private readonly List<(int Group, long Floor, Awaited<OffsetFetchResponse.OffsetFetchResponseGroup> Reply)> _fetches = [];
        private readonly long[] _acknowledged = [-1, -1, -1];
        private readonly long[] _shown = [-1, -1, -1];
        private long _next;

        public int Acknowledgements { get; private set; }

        public int LostRecords { get; private set; }

        public void Step()
        {
            var group = _random.Next(Groups);
            switch (_random.Next(8))
            {
                case 0:
                    Replicate();
                    break;
                case 1 when _random.Chance(0.3):
                    LoseCoordinator();
                    break;
                case 2 or 3:
                    _fetches.Add((group, Math.Max(_acknowledged[group], _shown[group]), _bench.FetchAll("g" + group)));
                    break;
                default:
                    _commits.Add((group, _next, _bench.CommitOffset("g" + group, "t", 0, _next++)));
                    break;
            }

            Take();
        }

        private void Replicate()
        {
            var log = _bench.Log;
            log.HighWatermark += _random.Next((int)(log.EndOffset - log.HighWatermark) + 1);
            _bench.Run(_bench.Host.Release);
        }

        private void LoseCoordinator()
        {
            var log = _bench.Log;
            _bench.Unload(ErrorCode.NotLeaderOrFollower);

            // The next leader has all that is committed, and perhaps some more.
            var end = (int)log.HighWatermark + _random.Next((int)(log.EndOffset - log.HighWatermark) + 1);
            LostRecords += log.Records.Count - end;
            log.Records.RemoveRange(end, log.Records.Count - end);
            log.HighWatermark = Math.Min(log.HighWatermark, end);
            _bench.Load();
        }

        // Replies come in any order, but what they say holds from the moment that they come.
        private void Take()
        {
            foreach (var (group, offset, reply) in _commits.Where(c => c.Reply.IsThere))
            {
                if (ErrorOf(reply) == ErrorCode.None)
                {
                    _acknowledged[group] = Math.Max(_acknowledged[group], offset);
                    Acknowledgements++;
                }
                else
                {
                    Assert.Equal(ErrorCode.NotCoordinator, ErrorOf(reply));
                }
            }

            _commits.RemoveAll(c => c.Reply.IsThere);
            foreach (var (group, floor, reply) in _fetches.Where(f => f.Reply.IsThere && f.Reply.Now.ErrorCode == ErrorCode.None))
            {
                var offset = reply.Now.Topics.Count == 0 ? -1 : reply.Now.Topics[0].Partitions[0].CommittedOffset;
                Assert.True(offset >= floor, $"seed {seed}: g{group} shows {offset} after {floor}");
                _shown[group] = Math.Max(_shown[group], offset);
            }

            _fetches.RemoveAll(f => f.Reply.IsThere);
        }
    }
}
