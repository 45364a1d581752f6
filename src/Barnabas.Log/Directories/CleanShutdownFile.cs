using System.Globalization;
using System.Text;
using Barnabas.Base.Seams;

namespace Barnabas.Log.Directories;

/// <summary>
/// The file <c>.kafka_cleanshutdown</c>: it is there only while every log of the directory is closed properly. Stateless; blocks.
/// </summary>
internal static class CleanShutdownFile
{
    private const string FileName = ".kafka_cleanshutdown", EpochKey = "\"brokerEpoch\":";

    /// <summary>The epoch in the flag, or -1; null when there is none.</summary>
    internal static long? Read(IDisk disk, string directory)
    {
        var path = Path.Join(directory, FileName);
        return disk.FileExists(path) ? EpochOf(Encoding.UTF8.GetString(SmallFile.Read(disk, path))) : null;
    }

    /// <summary>Removes the flag, durably, so that a crash from now on is seen as one.</summary>
    internal static void Remove(IDisk disk, string directory)
    {
        FaultPoint.Here("start.before-flag-goes");
        disk.Delete(Path.Join(directory, FileName));
        FaultPoint.Here("start.before-directory-sync");
        disk.SyncDirectory(directory);
    }

    /// <summary>The last act of a clean shutdown.</summary>
    internal static void Write(IDisk disk, string directory, long brokerEpoch) =>
        SmallFile.Replace(
            disk, Path.Join(directory, FileName),
            Encoding.UTF8.GetBytes($"{{\"version\":0,{EpochKey}{brokerEpoch.ToString(CultureInfo.InvariantCulture)}}}"));

    /// <summary>The epoch in the text; -1 for the flags of old versions, which say none.</summary>
    private static long EpochOf(string text)
    {
        var at = text.IndexOf(EpochKey, StringComparison.Ordinal);
        if (at < 0)
        {
            return -1;
        }

        var rest = text[(at + EpochKey.Length)..].TrimStart();
        var end = rest.AsSpan().IndexOfAny(',', '}');
        return long.TryParse(end < 0 ? rest : rest[..end], NumberStyles.Integer, CultureInfo.InvariantCulture, out var epoch) ? epoch : -1;
    }
}
