using Barnabas.Cluster.Machines;

namespace Barnabas.Tests.Cluster.Machines;

/// <summary>Where a coordinator's names live, by the hash that Java gives them.</summary>
public sealed class CoordinatorPartitionTests
{
    [Theory]
    [InlineData("st472705", 42)]
    [InlineData("", 0)]
    [InlineData("polygenelubricants", 0)] // its hash is the one number that has no absolute value
    public void A_name_lives_where_Java_puts_it(string name, int partition) => Assert.Equal(partition, CoordinatorPartition.Of(name, 50));
}
