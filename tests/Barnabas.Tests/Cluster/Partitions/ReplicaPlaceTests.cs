using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Log.Directories;
using Barnabas.Tests.Log;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Cluster.Partitions;

/// <summary>Where a replica lies: never in what another topic of its name has left, and nowhere while its directory is offline.</summary>
public sealed class ReplicaPlaceTests : IDisposable
{
    private static readonly Uuid Topic = new(3, 3), Deleted = new(4, 4);
    private readonly TempFolder _folder = new();
    private readonly FileDisk _disk = new();
    private readonly List<LogDirectory> _open = [];

    public void Dispose()
    {
        _open.ForEach(directory => directory.Dispose());
        _folder.Dispose();
    }

    [Fact]
    public void What_a_deleted_topic_has_left_is_not_what_a_new_one_of_its_name_begins_with()
    {
        var (one, two) = (Make("one", 1), Make("two", 2));
        using var deleted = new LogFixture();
        using var own = new LogFixture();
        var found = new FoundLogs(new ReplicaDirectories([one, two], [], _ => false));
        found.Add(new FoundLog(Deleted, deleted.Log, one));
        found.Add(new FoundLog(Topic, own.Log, two));
        var others = new List<FoundLog>();
        Assert.Same(own.Log, found.Claim(LogFixture.Partition, Topic, one.Id, others.Add)!.Log);
        Assert.Same(deleted.Log, Assert.Single(others).Log);
    }

    [Fact]
    public void A_replica_is_made_nowhere_while_its_directory_is_offline_or_not_there()
    {
        var (one, two) = (Make("one", 1), Make("two", 2));
        var directories = new ReplicaDirectories([one, two], [], _ => false);
        Assert.Same(one, directories.PlaceFor(one.Id));
        one.Health.Fail("the test", new IOException("the test"));
        Assert.Null(directories.PlaceFor(one.Id));
        Assert.Null(directories.PlaceFor(new Uuid(1, 9)));
        Assert.Same(two, directories.PlaceFor(two.Id));
    }

    [Fact]
    public void A_new_replica_goes_where_there_are_fewest_of_those_that_have_room()
    {
        var (one, two) = (Make("one", 1), Make("two", 2));
        var directories = new ReplicaDirectories([one, two], [], _ => false);
        one.PartitionCount = 1;
        Assert.Same(two, directories.PlaceFor(DirectoryIds.Unassigned));
        two.Health.Room.Exhaust();
        Assert.Same(one, directories.PlaceFor(DirectoryIds.Unassigned));

        // One that can be made nowhere is made where it waits least.
        one.Health.Room.Exhaust();
        Assert.Same(two, directories.PlaceFor(DirectoryIds.Unassigned));
    }

    private ReplicaDirectory Make(string name, ulong id)
    {
        var path = _folder.At(name);
        Directory.CreateDirectory(path);
        LogDirectory.Format(_disk, path, new MetaProperties("a-cluster", 1, new Uuid(1, id)));
        var files = LogDirectory.Open(_disk, path, new Uuid(9, id));
        _open.Add(files);
        return new ReplicaDirectory(files, new DirectoryHealth(path, (_, _) => { }), null!);
    }
}
