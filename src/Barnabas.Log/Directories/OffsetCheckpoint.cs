using System.Globalization;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;

namespace Barnabas.Log.Directories;

/// <summary>One offset of one partition, as a checkpoint file holds it.</summary>
public readonly record struct PartitionOffset(TopicPartition Partition, long Offset);

/// <summary>A file of one offset per partition, such as <c>recovery-point-offset-checkpoint</c>. Stateless; blocks.</summary>
internal static class OffsetCheckpoint
{
    internal const string RecoveryPoints = "recovery-point-offset-checkpoint", LogStarts = "log-start-offset-checkpoint",
        HighWatermarks = "replication-offset-checkpoint", CleanerOffsets = "cleaner-offset-checkpoint";

    /// <summary>
    /// The offsets of a file; none for an absent one. A malformed one is an <see cref="IOException"/>, as it is for Kafka.
    /// </summary>
    internal static Dictionary<TopicPartition, long> Read(IDisk disk, string path)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        if (!disk.FileExists(path))
        {
            return offsets;
        }

        try
        {
            foreach (var line in CheckpointText.Entries(SmallFile.Read(disk, path), path))
            {
                var fields = line.Split(' ');
                if (fields.Length != 3
                    || !int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                    || !long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset))
                {
                    throw new MalformedException($"{path}: '{line}' is not a topic, a partition and an offset");
                }

                offsets[new TopicPartition(fields[0], partition)] = offset;
            }
        }
        catch (MalformedException e)
        {
            throw new IOException(e.Message, e);
        }

        return offsets;
    }

    /// <summary>Replaces a file so that a crash leaves the old or the new one.</summary>
    internal static void Write(IDisk disk, string path, IReadOnlyCollection<PartitionOffset> offsets)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"0\n{offsets.Count}\n");
        foreach (var (partition, offset) in offsets)
        {
            text.Append(CultureInfo.InvariantCulture, $"{partition.Topic} {partition.Partition} {offset}\n");
        }

        FaultPoint.Here("checkpoint.before-write");
        SmallFile.Replace(disk, path, Encoding.UTF8.GetBytes(text.ToString()));
        FaultPoint.Here("checkpoint.written");
    }
}
