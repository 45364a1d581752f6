using System.Globalization;
using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;

namespace Barnabas.Log.Directories;

/// <summary>Whose a log directory is: the file <c>meta.properties</c>. Immutable.</summary>
/// <param name="ClusterId">The cluster's id, 22 characters.</param>
/// <param name="NodeId">The broker's or controller's number.</param>
/// <param name="DirectoryId">This directory's own id, or null in files of before Kafka 3.7.</param>
public sealed record MetaProperties(string ClusterId, int NodeId, Uuid? DirectoryId)
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "meta.properties";

    /// <summary>Reads a directory's file; null when there is none. A wrong one is a <see cref="LogDirectoryException"/>.</summary>
    public static MetaProperties? Read(IDisk disk, string directoryPath)
    {
        var path = Path.Join(directoryPath, FileName);
        if (!disk.FileExists(path))
        {
            return null;
        }

        var values = Parse(Encoding.Latin1.GetString(SmallFile.Read(disk, path)));
        var version = values.GetValueOrDefault("version");
        if (version != "1")
        {
            throw new LogDirectoryException($"{path} has version '{version}', but only version 1 (KRaft) can be read");
        }

        if (!values.TryGetValue("cluster.id", out var clusterId) || !values.TryGetValue("node.id", out var node)
            || !int.TryParse(node, NumberStyles.None, CultureInfo.InvariantCulture, out var nodeId))
        {
            throw new LogDirectoryException($"{path} lacks a cluster.id or a node.id that is a number");
        }

        if (clusterId.Length == 0)
        {
            throw new LogDirectoryException($"{path} has an empty cluster.id; put back the id that the cluster was formatted with");
        }

        if (!values.TryGetValue("directory.id", out var text))
        {
            return new MetaProperties(clusterId, nodeId, null);
        }

        return Uuid.TryParse(text, out var id)
            ? new MetaProperties(clusterId, nodeId, id)
            : throw new LogDirectoryException($"{path} has a directory.id '{text}' that is not an id");
    }

    /// <summary>Replaces the directory's file so that a crash leaves the old or the new one.</summary>
    public void Write(IDisk disk, string directoryPath)
    {
        var id = DirectoryId is { } known ? $"directory.id={known}\n" : "";
        var text = $"#\ncluster.id={ClusterId}\n{id}node.id={NodeId.ToString(CultureInfo.InvariantCulture)}\nversion=1\n";
        SmallFile.Replace(disk, Path.Join(directoryPath, FileName), Encoding.Latin1.GetBytes(text));
    }

    /// <summary>The lines of a Java properties file as far as this one needs them: comments, '=' or ':', and escaped characters.</summary>
    private static Dictionary<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            var separator = line.AsSpan().IndexOfAny('=', ':');
            if (separator > 0 && line[0] is not ('#' or '!'))
            {
                values[line[..separator].TrimEnd()] = line[(separator + 1)..].Trim().Replace("\\", "", StringComparison.Ordinal);
            }
        }

        return values;
    }
}
