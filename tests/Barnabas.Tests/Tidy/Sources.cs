using Barnabas.Shared;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>A file of the repository: its path from the root with forward slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    private CompilationUnitSyntax? tree;

    /// <summary>The syntax tree of a C# file, parsed on first use.</summary>
    public CompilationUnitSyntax Tree => tree ??= CSharpSyntaxTree.ParseText(Text, Sources.Parsing).GetCompilationUnitRoot();

    /// <summary>Lines, counted as an editor counts them.</summary>
    public int Lines { get; } = Text.Count(c => c == '\n') + (Text.EndsWith('\n') || Text.Length == 0 ? 0 : 1);

    /// <summary>Where <paramref name="node"/> stands, for a message: <c>path:line</c>.</summary>
    public string At(SyntaxNode node) => $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";
}

/// <summary>What Tidy tests read: every hand-written text file of the checkout, read and parsed once per run.</summary>
internal static class Sources
{
    public static readonly CSharpParseOptions Parsing = new(LanguageVersion.Preview, DocumentationMode.Parse);

    private static readonly string[] FoldersLeftOut =
        [".git", ".vs", ".idea", "bin", "obj", "artifacts", "data", "node_modules", "TestResults", "__pycache__"];

    private static readonly Lazy<SourceFile[]> Files = new(Read);

    /// <summary>Every text file, sorted by path.</summary>
    public static IReadOnlyList<SourceFile> All => Files.Value;

    /// <summary>The C# files below <paramref name="folders"/> (all of src and tests when none is given).</summary>
    public static IEnumerable<SourceFile> CSharp(params string[] folders) =>
        All.Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal)
            && (folders.Length == 0 || folders.Any(folder => file.Path.StartsWith(folder + "/", StringComparison.Ordinal))));

    /// <summary>Fails with one line per finding.</summary>
    public static void AssertNone(string rule, IEnumerable<string> findings)
    {
        var lines = findings.Distinct().ToList();
        Assert.True(lines.Count == 0, $"{rule}\n  {string.Join("\n  ", lines)}");
    }

    private static SourceFile[] Read()
    {
        var files = Walk(Checkout.Root).AsParallel().Select(path =>
        {
            var bytes = File.ReadAllBytes(path);
            return bytes.AsSpan(0, Math.Min(bytes.Length, 8000)).Contains((byte)0)
                ? null
                : new SourceFile(Path.GetRelativePath(Checkout.Root, path).Replace('\\', '/'), System.Text.Encoding.UTF8.GetString(bytes));
        });
        var read = files.OfType<SourceFile>().OrderBy(file => file.Path, StringComparer.Ordinal).ToArray();
        _ = read.AsParallel().Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal)).Select(file => file.Tree).ToArray();
        return read;
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            // A worktree's .git is a file, and says where on this machine the repository is.
            if (Path.GetFileName(file) != ".git" && new FileInfo(file) is { Length: < 2_000_000, LinkTarget: null })
            {
                yield return file;
            }
        }

        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            if (!FoldersLeftOut.Contains(Path.GetFileName(child)))
            {
                foreach (var file in Walk(child))
                {
                    yield return file;
                }
            }
        }
    }
}
