using Barnabas.Base.Loops;
using Barnabas.Log.Directories;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// Takes directories of partitions out of the way: renamed at once, removed later. What lies in a log directory that is offline stays
/// there, and the next start sets it aside. Owned by the loop of <see cref="LocalReplicas"/>.
/// </summary>
internal sealed class DirectoryDisposal(LocalReplicasSetup setup)
{
    private readonly HashSet<ActionTimer> _removals = [];

    /// <summary>Takes the directory of a deleted replica out of the way; removes it after a delay.</summary>
    public void Delete(Replica replica, long delayMs)
    {
        var directory = setup.Directories.Of(replica);
        directory.PartitionCount--;
        Touch(directory, $"deleting {replica.Partition}", () =>
            RemoveLater(directory, directory.Files.MarkDeleted(replica.Partition, setup.Randomness.NextUuid()), delayMs));
    }

    /// <summary>Sets aside a log that this node should not have; nothing is lost.</summary>
    public void SetAside(FoundLog found)
    {
        found.Log.Abandon();
        SetAside(found.Place, new PartitionDirectory(found.Log.Partition, found.TopicId, found.Log.DirectoryPath));
    }

    /// <summary>As the other, for a directory that was not opened.</summary>
    public void SetAside(ReplicaDirectory directory, PartitionDirectory stray) =>
        Touch(directory, $"setting {stray.Partition} aside", () =>
        {
            var path = directory.Files.MarkStray(stray.Path, stray.Partition, setup.Randomness.NextUuid());
            setup.Report($"{stray.Partition} is not assigned to this node: its directory is set aside as {path}");
        });

    /// <summary>Removes a copy that nobody needs.</summary>
    public void Discard(ReplicaDirectory directory, PartitionDirectory copy) =>
        Touch(directory, $"deleting a copy of {copy.Partition}", () => RemoveLater(
            directory, directory.Files.MarkDeleted(copy.Path, copy.Partition, setup.Randomness.NextUuid()), delayMs: 0));

    private static void Touch(ReplicaDirectory directory, string what, Action action)
    {
        try
        {
            if (directory.IsOnline)
            {
                action();
            }
        }
        catch (IOException e)
        {
            directory.Health.Fail(what, e);
        }
    }

    /// <summary>Removes a directory that has been taken out of the way, after a delay.</summary>
    public void RemoveLater(ReplicaDirectory directory, string path, long delayMs)
    {
        ActionTimer removal = null!;
        removal = new ActionTimer(() =>
        {
            _removals.Remove(removal);
            Remove(directory, path);
        });
        _removals.Add(removal);
        setup.Loop.Timers.Set(removal, setup.Loop.DueIn(delayMs));
    }

    /// <summary>Leaves what waits for its delay to the next start.</summary>
    public void Stop()
    {
        foreach (var removal in _removals)
        {
            setup.Loop.Timers.Cancel(removal);
        }
    }

    private void Remove(ReplicaDirectory directory, string path)
    {
        try
        {
            if (directory.IsOnline)
            {
                directory.Files.Remove(path);
            }
        }
        catch (IOException e)
        {
            setup.Report($"{path} cannot be removed: {e.Message}");
        }
    }
}
