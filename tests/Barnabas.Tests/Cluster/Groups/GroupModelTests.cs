using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;
using Barnabas.Tests.Cluster.Machines;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.GroupBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>
/// Members that join, work, commit, fall silent, come back and are fenced, under a coordinator that is lost and loaded again, drawn from a
/// seed. What has to hold is checked after every step.
/// </summary>
public sealed class GroupModelTests
{
    private const int Partitions = 6;

    [Theory]
    [InlineData(0, 40)]
    [InlineData(1000, 40)]
    [InlineData(2000, 40)]
    public void Work_has_one_owner_and_offsets_never_go_back(int first, int seeds)
    {
        var (commits, generations) = (0, 0);
        for (var seed = first; seed < first + seeds; seed++)
        {
            try
            {
                var world = new World((ulong)seed);
                world.Play(400);
                commits += world.Commits;
                generations += world.Generation;
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"seed {seed}: {e}");
            }
        }

        // Seeds differ, but all together they have to have done something.
        Assert.True(commits > seeds * 20 && generations > seeds * 5, $"{commits} commits in {generations} generations");
    }

    /// <summary>A consumer as its client library sees itself.</summary>
    private sealed class Consumer(string? instance)
    {
        public string? Instance { get; } = instance;

        public string Id { get; set; } = "";

        public int Generation { get; set; } = -1;

        public HashSet<int> Owned { get; } = [];

        public Awaited<JoinGroupResponse>? Joining { get; set; }

        public Awaited<SyncGroupResponse>? Syncing { get; set; }

        public bool IsAlive { get; set; } = true;

        public void Forget()
        {
            Id = "";
            Generation = -1;
            Owned.Clear();
            Joining = null;
            Syncing = null;
        }
    }

    private sealed class World(ulong seed)
    {
        private readonly Randomness _random = new(seed);
        private readonly GroupBench _bench = new(
            new GroupConfig { InitialRebalanceDelayMs = (int)(seed % 3) * 500, SessionTimeoutMinMs = 1_000, GroupSizeMax = 6 }, seed: seed);

        private readonly List<Consumer> _consumers = [];
        private readonly long[] _committed = new long[Partitions];
        private readonly long[] _acknowledged = new long[Partitions];

        public int Generation { get; private set; }

        public int Commits { get; private set; }

        public void Play(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                Step();
                foreach (var consumer in _consumers)
                {
                    Take(consumer);
                }

                HoldsWhatIsPromised();
                if (step % 20 == 19)
                {
                    ReplayGivesTheSame();
                }
            }
        }

        private void Step()
        {
            var consumer = _consumers.Count == 0 ? null : _consumers[_random.Next(_consumers.Count)];
            switch (_random.Next(12))
            {
                case 0 when _consumers.Count(c => c.IsAlive) < 7:
                    _consumers.Add(new Consumer(_random.Chance(0.4) ? "i" + _random.Next(3) : null));
                    break;
                case 1:
                    _bench.Advance(_random.Next(2_500));
                    break;
                case 2 when _random.Chance(0.3) && consumer is { Id.Length: > 0 }:
                    _bench.Leave("g", (consumer.Id, consumer.Instance));
                    consumer.Forget();
                    break;
                case 3 when _random.Chance(0.2) && consumer is not null:
                    consumer.IsAlive = false;
                    consumer.Forget();
                    _consumers.Remove(consumer);
                    break;
                case 4 when _random.Chance(0.15):
                    _bench.Unload(ErrorCode.NotCoordinator);
                    _bench.Load();
                    break;
                case 5 when _random.Chance(0.3):
                    _bench.Log.Fails = new(ErrorCode.NotEnoughReplicas, -1);
                    Act(consumer);
                    _bench.Log.Fails = null;
                    break;
                default:
                    Act(consumer);
                    break;
            }
        }

        private void Act(Consumer? consumer)
        {
            if (consumer is null or { Joining: not null } or { Syncing: not null })
            {
                return;
            }

            if (consumer.Generation < 0)
            {
                consumer.Owned.Clear();
                var metadata = Encoding.UTF8.GetBytes(_random.Chance(0.1) ? "changed" : "same");
                var request = Request(
                    "g", consumer.Id, consumer.Instance, sessionMs: 5_000, rebalanceMs: 6_000, protocols: ("range", metadata));
                consumer.Joining = _bench.Join(request, version: (short)(_random.Chance(0.2) ? 5 : 9));
            }
            else if (_random.Chance(0.5))
            {
                Commit(consumer);
            }
            else
            {
                Heed(consumer, _bench.Heartbeat("g", consumer.Id, consumer.Generation, consumer.Instance));
            }
        }

        private void Commit(Consumer consumer)
        {
            foreach (var partition in consumer.Owned)
            {
                _committed[partition]++;
                var error = ErrorOf(_bench.CommitOffset(
                    "g", "t", partition, _committed[partition], consumer.Id, consumer.Generation, instance: consumer.Instance));
                if (error == ErrorCode.None)
                {
                    Commits++;
                    Assert.True(_committed[partition] > _acknowledged[partition]);
                    _acknowledged[partition] = _committed[partition];
                }
                else
                {
                    _committed[partition] = _acknowledged[partition];
                    Heed(consumer, error);
                    return;
                }
            }
        }

        private void Take(Consumer consumer)
        {
            if (consumer.Joining is { IsThere: true } joining)
            {
                consumer.Joining = null;
                Joined(consumer, joining.Now);
            }

            if (consumer.Syncing is { IsThere: true } syncing)
            {
                consumer.Syncing = null;
                if (syncing.Now.ErrorCode != ErrorCode.None)
                {
                    Heed(consumer, syncing.Now.ErrorCode);
                    return;
                }

                foreach (var partition in syncing.Now.Assignment)
                {
                    consumer.Owned.Add(partition);
                }
            }
        }

        private void Joined(Consumer consumer, JoinGroupResponse joined)
        {
            if (joined.ErrorCode == ErrorCode.MemberIdRequired)
            {
                consumer.Id = joined.MemberId;
                return;
            }

            if (joined.ErrorCode != ErrorCode.None)
            {
                Heed(consumer, joined.ErrorCode);
                return;
            }

            Generation = Math.Max(Generation, joined.GenerationId);
            consumer.Id = joined.MemberId;
            consumer.Generation = joined.GenerationId;
            var request = new SyncGroupRequest
            {
                GroupId = "g", GenerationId = joined.GenerationId, MemberId = joined.MemberId, GroupInstanceId = consumer.Instance,
            };
            if (joined.Members.Count > 0 && !joined.SkipAssignment)
            {
                Assert.Equal(joined.Leader, joined.MemberId);
                for (var i = 0; i < joined.Members.Count; i++)
                {
                    var share = Enumerable.Range(0, Partitions).Where(p => p % joined.Members.Count == i).Select(p => (byte)p).ToArray();
                    request.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
                    {
                        MemberId = joined.Members[i].MemberId, Assignment = share,
                    });
                }
            }

            consumer.Syncing = _bench.Sync(request);
        }

        // As client libraries do: join again, as who one is or as a new member.
        private static void Heed(Consumer consumer, ErrorCode error)
        {
            switch (error)
            {
                case ErrorCode.None or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator:
                    break;
                case ErrorCode.RebalanceInProgress:
                    consumer.Generation = -1;
                    break;
                case ErrorCode.IllegalGeneration:
                    consumer.Generation = -1;
                    consumer.Owned.Clear();
                    break;
                default:
                    consumer.Forget();
                    break;
            }
        }

        private void HoldsWhatIsPromised()
        {
            // Among those that the coordinator would let commit, every partition has one owner.
            var entitled = _consumers
                .Where(c => c.Generation >= 0 && c.Syncing is null && c.Owned.Count > 0 && IsEntitled(c))
                .SelectMany(c => c.Owned).ToList();
            Assert.Equal(entitled.Distinct().Count(), entitled.Count);
            for (var partition = 0; partition < Partitions; partition++)
            {
                var there = _bench.Fetch("g", "t", partition).CommittedOffset;
                Assert.Equal(_acknowledged[partition] == 0 ? -1 : _acknowledged[partition], there);
            }
        }

        private bool IsEntitled(Consumer consumer)
        {
            var described = _bench.Describe("g");
            var group = _bench.Coordinator.FindClassic("g")!;
            return described.GroupState == "Stable" && group.Generation == consumer.Generation
                && group.Find(consumer.Id) is { } member && member.InstanceId == consumer.Instance;
        }

        private void ReplayGivesTheSame()
        {
            var fresh = GroupBench.NewLog();
            fresh.Records.AddRange(_bench.Log.Records);
            fresh.HighWatermark = fresh.EndOffset;
            var copy = new GroupBench(log: fresh);
            Assert.Equal(Image(_bench.Coordinator), Image(copy.Coordinator));
        }

        // All that is replicated, as text.
        private static string Image(GroupCoordinator coordinator)
        {
            var text = new StringBuilder();
            foreach (var group in coordinator.Groups.OrderBy(g => g.Id, StringComparer.Ordinal))
            {
                var recorded = coordinator.FindClassic(group.Id)!.Recorded;
                text.Append(group.Id).Append(recorded is null ? "-" : Convert.ToHexString(MessageCodec.Encode(recorded, 3))).Append('\n');
                foreach (var (topic, partitions) in coordinator.Offsets.Of(group.Id)?.Topics ?? [])
                {
                    foreach (var (partition, stored) in partitions)
                    {
                        text.Append(topic).Append(partition).Append(stored).Append('\n');
                    }
                }
            }

            return text.ToString();
        }
    }
}
