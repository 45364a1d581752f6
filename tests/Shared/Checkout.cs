namespace Barnabas.Shared;

/// <summary>Where the tests find this checkout and what lies beside it. Stateless.</summary>
public static class Checkout
{
    /// <summary>The folder that holds Barnabas.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder <c>../shared</c> beside the checkout: peers and tools to judge with. It may be absent.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(Root, "..", "shared"));

    /// <summary>The program that <c>./barnabas</c> builds. It may be absent when tests run without <c>./test</c>.</summary>
    public static string Program { get; } = Path.Combine(Root, "artifacts", "barnabas", "barnabas");

    /// <summary>A path under <see cref="Root"/>, given with forward slashes.</summary>
    public static string At(string relative) => Path.Combine(Root, relative.Replace('/', Path.DirectorySeparatorChar));

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Barnabas.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"no Barnabas.slnx above {AppContext.BaseDirectory}");
    }
}
