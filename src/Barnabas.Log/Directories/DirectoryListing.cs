using System.Globalization;
using Barnabas.Base;
using Barnabas.Base.Seams;

namespace Barnabas.Log.Directories;

/// <summary>Reads which partitions a log directory holds. Stateless; blocks.</summary>
internal static class DirectoryListing
{
    internal const string DeletedSuffix = "-delete", StraySuffix = "-stray", FutureSuffix = "-future";
    private const int NameMax = 255;

    internal readonly record struct Found(
        IReadOnlyList<PartitionDirectory> Partitions, IReadOnlyList<PartitionDirectory> Futures, IReadOnlyList<string> Leftovers);

    /// <summary>
    /// The partition directories, the copies of a move that did not end, and the deleted ones. Files are nobody's business; stray
    /// directories are left alone; any other directory is a <see cref="LogDirectoryException"/>, for a log directory holds nothing else.
    /// </summary>
    internal static Found Read(IDisk disk, string path)
    {
        var (partitions, futures) = (new List<PartitionDirectory>(), new List<PartitionDirectory>());
        var leftovers = new List<string>();
        foreach (var entry in disk.List(path))
        {
            var full = Path.Join(path, entry.Name);
            if (!entry.IsDirectory || IsLeftAlone(entry.Name))
            {
                continue;
            }

            if (entry.Name.EndsWith(DeletedSuffix, StringComparison.Ordinal))
            {
                leftovers.Add(full);
            }
            else if (TopicPartition.TryParse(NameBeforeMove(entry.Name), out var partition))
            {
                var list = entry.Name.EndsWith(FutureSuffix, StringComparison.Ordinal) ? futures : partitions;
                list.Add(new PartitionDirectory(partition, PartitionMetadataFile.Read(disk, full, out var isDamaged), full, isDamaged));
            }
            else
            {
                throw new LogDirectoryException(
                    $"{full} is not named like a topic and a partition; move it elsewhere, a log directory holds nothing else");
            }
        }

        return new Found(partitions, futures, leftovers);
    }

    /// <summary>
    /// A name such as <c>orders-3.0123456789abcdef0123456789abcdef-delete</c>, cut before the dot to what a file system takes.
    /// </summary>
    internal static string AsideName(TopicPartition partition, Uuid unique, string suffix)
    {
        var tail = string.Create(CultureInfo.InvariantCulture, $".{unique.High:x16}{unique.Low:x16}{suffix}");
        var name = partition.ToString();
        return name[..Math.Min(name.Length, NameMax - tail.Length)] + tail;
    }

    /// <summary>The partition's name in the name of a copy; a name that was cut says another, and its topic's id tells.</summary>
    private static string NameBeforeMove(string name) =>
        name.EndsWith(FutureSuffix, StringComparison.Ordinal) && name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : name;

    private static bool IsLeftAlone(string name) =>
        name.EndsWith(StraySuffix, StringComparison.Ordinal) || name is "lost+found" or "remote-log-index-cache";
}
