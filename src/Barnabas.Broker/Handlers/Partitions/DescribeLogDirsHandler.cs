using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Config;
using Barnabas.Broker.Network;
using Barnabas.Log.Directories;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// Shows the log directory: its space and the sizes of the partitions that were asked for and lie in it. On a background loop, for the
/// disk is asked.
/// </summary>
/// <param name="partitions">Where partitions are found.</param>
/// <param name="directory">Where this broker keeps its logs.</param>
/// <param name="config">The configuration as it is now.</param>
/// <param name="background">A loop on the background pool.</param>
internal sealed class DescribeLogDirsHandler(
    PartitionFinder partitions, LogDirectory directory, Func<BrokerConfig> config, Loop background)
    : MessageHandler<DescribeLogDirsRequest>(ApiKey.DescribeLogDirs)
{
    private const string CordonedKey = "cordoned.log.dirs";
    private const string AllDirectories = "*";
    private readonly string _path = Path.GetFullPath(directory.Path);

    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeLogDirsRequest message) => background.Post(new ActionTask(() =>
    {
        var response = new DescribeLogDirsResponse();
        response.Results.Add(Describe(message));
        request.Complete(response);
    }));

    private DescribeLogDirsResponse.DescribeLogDirsResult Describe(DescribeLogDirsRequest message)
    {
        var result = new DescribeLogDirsResponse.DescribeLogDirsResult { LogDir = _path, IsCordoned = IsCordoned() };
        try
        {
            (result.UsableBytes, result.TotalBytes) = directory.Space();
        }
        catch (IOException)
        {
            result.ErrorCode = ErrorCode.KafkaStorageError;
            return result;
        }

        AddTopics(result, message.Topics?.SelectMany(t => t.Partitions.Select(p => (t.Topic, p))).ToHashSet());
        return result;
    }

    private bool IsCordoned() =>
        Array.Exists(config().Items(CordonedKey), item => item == AllDirectories || Path.GetFullPath(item) == _path);

    // Null asks for all.
    private void AddTopics(DescribeLogDirsResponse.DescribeLogDirsResult result, HashSet<(string, int)>? wanted)
    {
        DescribeLogDirsResponse.DescribeLogDirsTopic? topic = null;
        foreach (var replica in partitions.All)
        {
            var (name, index) = (replica.Partition.Topic, replica.Partition.Partition);
            if (replica.Failure is not null || wanted?.Contains((name, index)) == false)
            {
                continue;
            }

            if (topic?.Name != name)
            {
                topic = new() { Name = name };
                result.Topics.Add(topic);
            }

            // A log that is not being moved lags behind nobody.
            topic.Partitions.Add(new() { PartitionIndex = index, PartitionSize = replica.View.SizeBytes });
        }
    }
}
