using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Messages;
using Xunit;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>
/// Members of a consumer group that join, give up in their own time, change what they read, fall silent and come back, while topics come
/// and go and the coordinator is lost and loaded again, drawn from a seed. After every step the log is replayed and has to give the live
/// state.
/// </summary>
public sealed class ConsumerModelTests
{
    private static readonly string[] Names = ["a", "bb", "ccc", "dddd"];

    [Theory]
    [InlineData(0, 25)]
    [InlineData(1000, 25)]
    public void Replaying_the_log_gives_the_live_state_and_partitions_have_one_owner(int first, int seeds)
    {
        var epochs = 0;
        for (var seed = first; seed < first + seeds; seed++)
        {
            try
            {
                var world = new World((ulong)seed);
                world.Play(150);
                epochs += world.Epoch;
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"seed {seed}: {e}");
            }
        }

        // Seeds differ, but all together they have to have done something.
        Assert.True(epochs > seeds * 10, $"{epochs} epochs");
    }

    /// <summary>A consumer as its client library sees itself.</summary>
    private sealed class Consumer(string id, string? instance)
    {
        public string Id { get; } = id;

        public string? Instance { get; } = instance;

        public int Epoch { get; set; }

        public HashSet<TopicIdPartition> Owned { get; } = [];

        public HashSet<TopicIdPartition>? Wanted { get; set; }

        public List<string> Topics { get; set; } = [];

        public string? Pattern { get; set; }
    }

    private sealed class World(ulong seed)
    {
        private readonly Randomness _random = new(seed);
        private readonly List<Consumer> _consumers = [];
        private readonly GroupBench _bench = new(
            new GroupConfig
            {
                Consumer = new ConsumerGroupConfig
                {
                    GroupSizeMax = 5, SessionTimeoutMs = 6_000, AssignmentIntervalMs = (int)(seed % 3) * 700,
                    Assignors = seed % 2 == 0 ? ["uniform", "range"] : ["range", "uniform"],
                },
            },
            seed: seed) { Image = ConsumerBench.Topics(("a", 3), ("bb", 2)) };

        private int _made;

        public int Epoch { get; private set; }

        public void Play(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                Step();
                ReplayGivesTheSame();
                HasOneOwnerEach();
            }
        }

        private void Step()
        {
            var consumer = _consumers.Count == 0 ? null : _consumers[_random.Next(_consumers.Count)];
            switch (_random.Next(14))
            {
                case 0 or 1 when _consumers.Count < 6:
                    var instance = _random.Chance(0.3) ? "i" + _random.Next(2) : null;
                    _consumers.Add(new Consumer($"m{_made++}", instance)
                    {
                        Topics = Draw(), Pattern = _random.Chance(0.2) ? "[ab].*" : null,
                    });
                    break;
                case 2:
                    _bench.Advance(_random.Next(2_500));
                    break;
                case 3 when consumer is { Epoch: > 0 } && _random.Chance(0.4):
                    Leave(consumer, consumer.Instance is not null && _random.Chance(0.6) ? -2 : -1);
                    break;
                case 4 when consumer is not null && _random.Chance(0.2):
                    _consumers.Remove(consumer);
                    break;
                case 5 when _random.Chance(0.2):
                    _bench.Unload(ErrorCode.NotCoordinator);
                    _bench.Load();
                    break;
                case 6 when consumer is not null && _random.Chance(0.5):
                    _bench.Log.Fails = new(ErrorCode.NotEnoughReplicas, -1);
                    Beat(consumer, isWhole: false);
                    _bench.Log.Fails = null;
                    break;
                case 7 when _random.Chance(0.5):
                    ChangeTopics();
                    break;
                case 8 when consumer is { Epoch: > 0 }:
                    consumer.Topics = Draw();
                    Beat(consumer, isWhole: true);
                    break;
                default:
                    if (consumer is not null)
                    {
                        Beat(consumer, isWhole: _random.Chance(0.2));
                    }

                    break;
            }
        }

        private List<string> Draw() => [.. Names.Where(_ => _random.Chance(0.5))];

        private void ChangeTopics()
        {
            var name = Names[_random.Next(Names.Length)];
            var there = _bench.Image.Topics.Find(name)?.Partitions.Length ?? 0;
            _bench.Image = there > 0 && _random.Chance(0.3) ? _bench.Image.Without(name) : _bench.Image.With(name, there + 1);
        }

        private void Leave(Consumer consumer, int epoch)
        {
            _consumers.Remove(consumer);
            var answer = _bench.Beat(new ConsumerGroupHeartbeatRequest
            {
                GroupId = "g", MemberId = consumer.Id, InstanceId = consumer.Instance, MemberEpoch = epoch,
            });
            Assert.NotEqual(ErrorCode.UnknownServerError, answer.ErrorCode);
        }

        private void Beat(Consumer consumer, bool isWhole)
        {
            // It does what it was told, or has not come to it yet.
            if (consumer.Wanted is { } wanted && _random.Chance(0.6))
            {
                consumer.Owned.Clear();
                consumer.Owned.UnionWith(wanted);
                consumer.Wanted = null;
            }

            var joins = consumer.Epoch == 0;
            var answer = _bench.Beat(new ConsumerGroupHeartbeatRequest
            {
                GroupId = "g",
                MemberId = consumer.Id,
                InstanceId = consumer.Instance,
                MemberEpoch = consumer.Epoch,
                RebalanceTimeoutMs = joins || isWhole ? 4_000 : -1,
                SubscribedTopicNames = joins || isWhole ? consumer.Topics : null,
                SubscribedTopicRegex = joins || isWhole ? consumer.Pattern : null,
                TopicPartitions = joins ? [] : isWhole || _random.Chance(0.7) ? Say(consumer.Owned) : null,
            });
            Heed(consumer, answer);
        }

        private void Heed(Consumer consumer, ConsumerGroupHeartbeatResponse answer)
        {
            switch (answer.ErrorCode)
            {
                case ErrorCode.None:
                    Assert.True(answer.MemberEpoch >= consumer.Epoch);
                    consumer.Epoch = answer.MemberEpoch;
                    Epoch = Math.Max(Epoch, answer.MemberEpoch);
                    if (answer.Assignment is { } assignment)
                    {
                        consumer.Wanted =
                            [.. assignment.TopicPartitions.SelectMany(t => t.Partitions.Select(p => new TopicIdPartition(t.TopicId, p)))];

                        // What it has to give up it stops reading later; what it gets it has at once.
                        consumer.Owned.UnionWith(consumer.Wanted);
                    }

                    break;
                case ErrorCode.FencedMemberEpoch or ErrorCode.UnknownMemberId or ErrorCode.GroupIdNotFound or ErrorCode.FencedInstanceId:
                    consumer.Epoch = 0;
                    consumer.Owned.Clear();
                    consumer.Wanted = null;
                    break;
                case ErrorCode.UnreleasedInstanceId or ErrorCode.GroupMaxSizeReached or ErrorCode.CoordinatorNotAvailable:
                    break;
                default:
                    Assert.Fail($"{answer.ErrorCode} {answer.ErrorMessage}");
                    break;
            }
        }

        private static List<ConsumerGroupHeartbeatRequest.TopicPartitionsData> Say(HashSet<TopicIdPartition> owned) =>
            [.. owned.GroupBy(at => at.TopicId).Select(topic => new ConsumerGroupHeartbeatRequest.TopicPartitionsData
            {
                TopicId = topic.Key, Partitions = [.. topic.Select(at => at.Partition)],
            })];

        private void HasOneOwnerEach()
        {
            if (_bench.Coordinator.Find("g") is not ConsumerGroup group)
            {
                return;
            }

            // Among those that the coordinator still counts as members of the epoch that they are in.
            var owned = _consumers.Where(c => c.Epoch > 0 && group.Find(c.Id)?.Epoch == c.Epoch).SelectMany(c => c.Owned).ToList();
            Assert.Equal(owned.Distinct().Count(), owned.Count);
            var held = group.Members.SelectMany(m => m.Assigned.Concat(m.Revoking)).Select(h => h.At).ToList();
            Assert.Equal(held.Distinct().Count(), held.Count);
        }

        private void ReplayGivesTheSame()
        {
            var fresh = GroupBench.NewLog();
            fresh.Records.AddRange(_bench.Log.Records);
            fresh.HighWatermark = fresh.EndOffset;
            var copy = new GroupBench(log: fresh);
            Assert.Equal(_bench.Coordinator.ReplicatedText(), copy.Coordinator.ReplicatedText());
        }
    }
}
