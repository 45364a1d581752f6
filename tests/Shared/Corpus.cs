using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;

namespace Barnabas.Shared;

/// <summary>
/// Data directories that earlier commits of Barnabas, and Apache Kafka, wrote: one archive each under tests/Corpus with the directory
/// <c>data</c>, and beside it, in <c>picture.txt</c>, what its writer served when it stopped; the first line is the time then. Stateless.
/// </summary>
public static class Corpus
{
    private const string Suffix = ".tar.br", Data = "data", PictureFile = "picture.txt";

    private static string Folder => Checkout.At("tests/Corpus");

    /// <summary>Names of all archives, in order.</summary>
    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*" + Suffix)
        .Select(path => Path.GetFileName(path)[..^Suffix.Length]).Order(StringComparer.Ordinal);

    /// <summary>Unpacks an archive into an empty folder; gives the data directory in it.</summary>
    public static CorpusEntry Unpack(string name, string folder)
    {
        Directory.CreateDirectory(folder);
        using var file = File.OpenRead(Path.Combine(Folder, name + Suffix));
        using var plain = new BrotliStream(file, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(plain, folder, overwriteFiles: false);
        var lines = File.ReadAllLines(Path.Combine(folder, PictureFile));
        return new CorpusEntry(
            Path.Combine(folder, Data), long.Parse(lines[0], CultureInfo.InvariantCulture), [.. lines.Skip(1)]);
    }

    /// <summary>Makes an archive of a data directory that no broker uses, with the picture that its broker gave before.</summary>
    public static void Pack(string name, string dataDirectory, long nowMs, IEnumerable<string> picture)
    {
        Directory.CreateDirectory(Folder);
        using var file = File.Create(Path.Combine(Folder, name + Suffix));
        using var packed = new BrotliStream(file, CompressionLevel.SmallestSize);
        using var tar = new TarWriter(packed, TarEntryFormat.Ustar);
        foreach (var path in Directory.EnumerateFiles(dataDirectory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(path) != ".lock")
            {
                tar.WriteEntry(path, $"{Data}/{Path.GetRelativePath(dataDirectory, path)}");
            }
        }

        var text = string.Join('\n', picture.Prepend(nowMs.ToString(CultureInfo.InvariantCulture))) + "\n";
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, PictureFile)
        {
            DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)),
        });
    }
}

/// <summary>An unpacked archive.</summary>
/// <param name="DataDirectory">The directory, to be opened.</param>
/// <param name="NowMs">When it was written, wall-clock milliseconds.</param>
/// <param name="Picture">What its writer served.</param>
public sealed record CorpusEntry(string DataDirectory, long NowMs, IReadOnlyList<string> Picture);
