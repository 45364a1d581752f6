using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// Shows the log directories: their space and the sizes of the partitions that were asked for and lie in them, also of those that are on
/// their way there. On a background loop, for the disk is asked.
/// </summary>
/// <param name="replicas">The partitions of this broker, and those that move.</param>
/// <param name="directories">Where this broker keeps its logs.</param>
/// <param name="paths">All of <c>log.dirs</c>, also those that could not be opened.</param>
/// <param name="background">A loop on the background pool.</param>
internal sealed class DescribeLogDirsHandler(
    LocalReplicas replicas, ReplicaDirectories directories, IReadOnlyList<string> paths, Loop background)
    : MessageHandler<DescribeLogDirsRequest>(ApiKey.DescribeLogDirs)
{
    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeLogDirsRequest message) => background.Post(new ActionTask(() =>
    {
        var response = new DescribeLogDirsResponse();

        // Null asks for all.
        var wanted = message.Topics?.SelectMany(t => t.Partitions.Select(p => (t.Topic, p))).ToHashSet();
        foreach (var path in paths)
        {
            response.Results.Add(Describe(path, wanted));
        }

        request.Complete(response);
    }));

    private DescribeLogDirsResponse.DescribeLogDirsResult Describe(string path, HashSet<(string, int)>? wanted)
    {
        var result = new DescribeLogDirsResponse.DescribeLogDirsResult { LogDir = path };
        if (directories.Find(path) is not { IsOnline: true } directory)
        {
            result.ErrorCode = ErrorCode.KafkaStorageError;
            return result;
        }

        try
        {
            (result.UsableBytes, result.TotalBytes) = directory.Files.Space();
            result.IsCordoned = directories.IsCordoned(directory);
            AddTopics(result, directory, wanted);
        }
        catch (IOException)
        {
            result.ErrorCode = ErrorCode.KafkaStorageError;
        }

        return result;
    }

    private void AddTopics(
        DescribeLogDirsResponse.DescribeLogDirsResult result, ReplicaDirectory directory, HashSet<(string, int)>? wanted)
    {
        // The log itself lags behind nobody.
        foreach (var replica in replicas.Table.Snapshot(directory.Health).Where(r => r.Failure is null))
        {
            Add(result, wanted, replica.Partition, new() { PartitionSize = replica.View.SizeBytes });
        }

        foreach (var move in replicas.Moves.Now.Where(m => m.To == directory))
        {
            var (source, copy) = (move.Source.View, move.View);
            Add(result, wanted, move.Source.Partition, new()
            {
                PartitionSize = copy?.SizeBytes ?? 0,
                OffsetLag = Math.Max(0, source.LogEndOffset - (copy?.LogEndOffset ?? source.LogStartOffset)),
                IsFutureKey = true,
            });
        }
    }

    private static void Add(
        DescribeLogDirsResponse.DescribeLogDirsResult result,
        HashSet<(string, int)>? wanted,
        TopicPartition partition,
        DescribeLogDirsResponse.DescribeLogDirsPartition described)
    {
        if (wanted?.Contains((partition.Topic, partition.Partition)) == false)
        {
            return;
        }

        var topic = result.Topics.Find(t => t.Name == partition.Topic);
        if (topic is null)
        {
            result.Topics.Add(topic = new() { Name = partition.Topic });
        }

        described.PartitionIndex = partition.Partition;
        topic.Partitions.Add(described);
    }
}
