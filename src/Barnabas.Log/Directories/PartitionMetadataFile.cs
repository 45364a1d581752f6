using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log.Segments;

namespace Barnabas.Log.Directories;

/// <summary>The file <c>partition.metadata</c>, which says whose topic a partition directory is. Stateless; blocks.</summary>
internal static class PartitionMetadataFile
{
    private const string Version = "version: 0", IdKey = "topic_id: ";

    /// <summary>
    /// The topic's id; null when the file is absent, or <paramref name="isDamaged"/>: it is there and says nothing that can be understood.
    /// </summary>
    internal static Uuid? Read(IDisk disk, string directory, out bool isDamaged)
    {
        var path = Path.Join(directory, SegmentNames.PartitionMetadata);
        isDamaged = false;
        if (!disk.FileExists(path))
        {
            return null;
        }

        var lines = Encoding.UTF8.GetString(SmallFile.Read(disk, path)).Split('\n');
        foreach (var line in lines[0] == Version ? lines : [])
        {
            if (line.StartsWith(IdKey, StringComparison.Ordinal) && Uuid.TryParse(line[IdKey.Length..].Trim(), out var id))
            {
                return id;
            }
        }

        isDamaged = true;
        return null;
    }

    /// <summary>Writes the file durably, before the first record.</summary>
    internal static void Write(IDisk disk, string directory, Uuid topicId) =>
        SmallFile.Replace(
            disk, Path.Join(directory, SegmentNames.PartitionMetadata), Encoding.UTF8.GetBytes($"{Version}\n{IdKey}{topicId}"));
}
