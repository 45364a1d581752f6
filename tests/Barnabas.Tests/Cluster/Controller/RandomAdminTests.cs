using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Messages;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>Random administration against a model, with stops, crashes and snapshots in between.</summary>
public sealed class RandomAdminTests
{
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void The_metadata_is_what_the_model_says_and_every_start_finds_it_again(ulong seed)
    {
        var random = new Randomness(seed);
        var log = new MetadataLogConfig(SegmentBytes: 4000, SnapshotAfterBytes: 2000, RetentionBytes: 6000);
        using var bench = new QuorumBench(log: log, seed: seed) { Disk = new CrashingDisk(new FileDisk()) };
        bench.Format().Start();
        var epoch = bench.Register();
        var model = new Model();
        for (var step = 0; step < 400; step++)
        {
            if (random.Chance(0.04))
            {
                var before = bench.Fingerprint();
                var end = bench.Image.EndOffset;
                var isClean = random.Chance(0.5);
                if (isClean)
                {
                    bench.Stop();
                }

                bench.Start();
                Assert.Equal(before, bench.Fingerprint());
                Assert.Equal(end, bench.Image.EndOffset);
                epoch = bench.Register(isClean ? epoch : -1);
            }
            else
            {
                model.Step(bench, random, epoch);
            }

            model.Check(bench.Image);
        }

        var snapshots = Directory.GetFiles(bench.MetadataDirectory, "*.checkpoint").Length;
        Assert.True(snapshots is > 0 and < 6, $"{snapshots} snapshots: they were not made or not removed");
        Assert.False(File.Exists(Path.Join(bench.MetadataDirectory, "00000000000000000000.log")), "the log's beginning was never removed");
        bench.Stop();
    }

    /// <summary>What the cluster should hold.</summary>
    private sealed class Model
    {
        private readonly SortedDictionary<string, int> _topics = new(StringComparer.Ordinal);
        private readonly Dictionary<(string Topic, string Key), string> _configs = [];
        private long _producerIds;

        public void Step(QuorumBench bench, Randomness random, long epoch)
        {
            var name = $"t{random.Next(12)}";
            switch (random.Next(5))
            {
                case 0 or 1:
                    Create(bench, name, random.Next(4));
                    break;
                case 2:
                    Delete(bench, name);
                    break;
                case 3:
                    Configure(bench, name, $"key{random.Next(3)}", random.Chance(0.3) ? null : $"{random.Next(100)}");
                    break;
                default:
                    Extend(bench, name, random.Next(6));
                    var request = new AllocateProducerIdsRequest { BrokerId = QuorumBench.NodeId, BrokerEpoch = epoch };
                    var block = bench.Ask((machine, decision) => ProducerIdBlocks.Decide(machine, request, decision));
                    Assert.Equal((_producerIds, 1000), (block.ProducerIdStart, block.ProducerIdLen));
                    _producerIds += 1000;
                    break;
            }
        }

        public void Check(MetadataImage image)
        {
            Assert.Equal(_topics.Select(t => (t.Key, t.Value)), image.Topics.All.Select(t => (t.Name, t.Partitions.Length)));
            Assert.Equal(_topics.Values.Sum(), image.Topics.PartitionCount);
            Assert.Equal(_configs.Count, image.Configs.All.Sum(c => c.Values.Count));
            foreach (var ((topic, key), value) in _configs)
            {
                Assert.Equal(value, image.Configs.Find(new ConfigResource(ConfigKind.Topic, topic), key));
            }

            Assert.Equal(_producerIds, image.NextProducerId);
        }

        private void Create(QuorumBench bench, string name, int partitions)
        {
            var expected = _topics.ContainsKey(name) ? ErrorCode.TopicAlreadyExists
                : partitions == 0 ? ErrorCode.InvalidPartitions : ErrorCode.None;
            Assert.Equal(expected, bench.Create(name, partitions).ErrorCode);
            if (expected == ErrorCode.None)
            {
                _topics[name] = partitions;
            }
        }

        private void Delete(QuorumBench bench, string name)
        {
            var request = new DeleteTopicsRequest { Topics = [new() { Name = name }] };
            var response = bench.Ask((machine, decision) => TopicDeletion.Decide(machine, request, 6, decision));
            Assert.Equal(_topics.Remove(name) ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition, response.Responses[0].ErrorCode);
            foreach (var gone in _configs.Keys.Where(config => config.Topic == name).ToList())
            {
                _configs.Remove(gone);
            }
        }

        private void Configure(QuorumBench bench, string name, string key, string? value)
        {
            var request = new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = 2, ResourceName = name,
                        Configs = [new() { Name = key, ConfigOperation = value is null ? (sbyte)1 : (sbyte)0, Value = value }],
                    },
                ],
            };
            var response = bench.Ask((machine, decision) => ConfigChanges.Decide(machine, request, decision));
            var exists = _topics.ContainsKey(name);
            Assert.Equal(exists ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition, response.Responses[0].ErrorCode);
            if (exists && value is not null)
            {
                _configs[(name, key)] = value;
            }
            else
            {
                _configs.Remove((name, key));
            }
        }

        private void Extend(QuorumBench bench, string name, int count)
        {
            var request = new CreatePartitionsRequest { Topics = [new() { Name = name, Count = count, Assignments = null }] };
            var response = bench.Ask((machine, decision) => PartitionCreation.Decide(machine, request, decision));
            var expected = !_topics.TryGetValue(name, out var now) ? ErrorCode.UnknownTopicOrPartition
                : count <= now ? ErrorCode.InvalidPartitions : ErrorCode.None;
            Assert.Equal(expected, response.Results[0].ErrorCode);
            if (expected == ErrorCode.None)
            {
                _topics[name] = count;
            }
        }
    }
}
