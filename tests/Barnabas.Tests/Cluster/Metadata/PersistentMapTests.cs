using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Xunit;

namespace Barnabas.Tests.Cluster.Metadata;

public sealed class PersistentMapTests
{
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void Every_version_of_the_map_stays_what_it_was(ulong seed)
    {
        var random = new Randomness(seed);
        var map = PersistentMap<int, string>.Empty(Comparer<int>.Default);
        var model = new SortedDictionary<int, string>();
        var versions = new List<(PersistentMap<int, string> Map, KeyValuePair<int, string>[] Entries)>();
        for (var step = 0; step < 3000; step++)
        {
            var key = random.Next(400);
            if (random.Chance(0.4))
            {
                map = map.Remove(key);
                model.Remove(key);
            }
            else
            {
                map = map.Set(key, $"{key}/{step}");
                model[key] = $"{key}/{step}";
            }

            Assert.Equal(model.Count, map.Count);
            if (step % 100 == 0)
            {
                versions.Add((map, [.. model]));
            }
        }

        Assert.All(versions, version => Assert.Equal(version.Entries, version.Map.Entries));
        Assert.Equal(model.Where(pair => pair.Key >= 200).Select(pair => pair.Value), map.ValuesFrom(200));
        Assert.All(Enumerable.Range(-1, 402), key => Assert.Equal(model.GetValueOrDefault(key), map.Find(key)));
    }

    [Fact]
    public void Ascending_keys_keep_the_tree_shallow()
    {
        var map = PersistentMap<int, string>.Empty(Comparer<int>.Default);
        var compared = new Counting();
        var counted = PersistentMap<int, string>.Empty(compared);
        for (var i = 0; i < 50_000; i++)
        {
            counted = counted.Set(i, "");
        }

        compared.Count = 0;
        Assert.NotNull(counted.Find(37));
        Assert.True(compared.Count <= 23, $"{compared.Count} comparisons for one of 50,000 keys");
        Assert.Equal(0, map.Count);
    }

    private sealed class Counting : IComparer<int>
    {
        public int Count { get; set; }

        public int Compare(int x, int y)
        {
            Count++;
            return x.CompareTo(y);
        }
    }
}
