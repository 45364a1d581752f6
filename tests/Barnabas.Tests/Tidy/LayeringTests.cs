using System.Xml.Linq;
using Barnabas.Shared;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>Who may depend on whom. A project that is not in the table has to be put there first.</summary>
public sealed class LayeringTests
{
    private static readonly Dictionary<string, string[]> References = new()
    {
        ["Barnabas.Base"] = [],
        ["Barnabas.Messages.Generator"] = [],
        ["Barnabas.Messages"] = ["Barnabas.Base", "Barnabas.Messages.Generator"],
        ["Barnabas.Protocol"] = ["Barnabas.Messages"],
        ["Barnabas.Log"] = ["Barnabas.Protocol"],
        ["Barnabas.Cluster"] = ["Barnabas.Log"],
        ["Barnabas.Client"] = ["Barnabas.Protocol"],
        ["Barnabas.Broker"] = ["Barnabas.Cluster", "Barnabas.Client"],
        ["Barnabas.Connect"] = ["Barnabas.Client"],
        ["Barnabas.Console"] = ["Barnabas.Client"],
        ["Barnabas.App"] = ["Barnabas.Broker", "Barnabas.Client", "Barnabas.Connect", "Barnabas.Console"],
    };

    /// <summary>Packages that a product project may use; everything else is written here or not needed.</summary>
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Barnabas.Messages.Generator"] = ["Microsoft.CodeAnalysis.CSharp"],
        ["Barnabas.Cluster"] = ["System.IO.Hashing"],
        ["Barnabas.App"] = ["System.CommandLine"],
    };

    private static readonly Dictionary<string, string[]> NamespacesOutOfReach = new()
    {
        ["src/Barnabas.Cluster/Raft"] = ["Barnabas.Cluster.Groups", "Barnabas.Cluster.Transactions"],
        ["src/Barnabas.Cluster/Groups"] = ["Barnabas.Cluster.Raft", "Barnabas.Cluster.Transactions"],
        ["src/Barnabas.Cluster/Transactions"] = ["Barnabas.Cluster.Raft", "Barnabas.Cluster.Groups"],
        ["tests/Barnabas.Simulation"] = ["Barnabas.Broker.Worlds"],
    };

    [Fact]
    public void Projects_depend_only_downwards()
    {
        var findings = new List<string>();
        foreach (var (name, project) in Projects())
        {
            if (!References.TryGetValue(name, out var allowed))
            {
                findings.Add($"{name} is not in the table of {nameof(LayeringTests)}");
                continue;
            }

            var references = project.Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include") ?? "").Replace('\\', '/')));
            findings.AddRange(references.Where(to => !allowed.Contains(to)).Select(to => $"{name} refers to {to}"));
        }

        Sources.AssertNone("Base < Messages < Protocol < Log < Cluster < Broker < App; nothing else is allowed:", findings);
    }

    [Fact]
    public void Product_projects_use_no_package_beyond_the_listed_ones()
    {
        var findings =
            from entry in Projects()
            from package in entry.Project.Descendants("PackageReference")
            let id = (string?)package.Attribute("Include")
            where !Packages.GetValueOrDefault(entry.Name, []).Contains(id)
            select $"{entry.Name} uses {id}";
        Sources.AssertNone("A new package needs a row in docs/dependencies.md and in this test:", findings);
    }

    [Fact]
    public void Every_package_has_a_row_in_the_dependencies_page()
    {
        var page = File.ReadAllText(Checkout.At("docs/dependencies.md"));
        var versions = XDocument.Load(Checkout.At("Directory.Packages.props")).Descendants("PackageVersion");
        var lacking = versions.Select(package => (string)package.Attribute("Include")!)
            .Where(id => !page.Contains($"| {id} |", StringComparison.Ordinal));
        Sources.AssertNone("docs/dependencies.md gives each package's licence and reason; it lacks:", lacking);
    }

    [Fact]
    public void Every_project_has_a_lock_file_and_is_in_the_solution()
    {
        var solution = File.ReadAllText(Checkout.At("Barnabas.slnx"));
        var projects = Sources.All.Select(file => file.Path).Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).ToList();
        var lacking = projects.Where(path => !File.Exists(Checkout.At(Path.GetDirectoryName(path) + "/packages.lock.json")))
            .Select(path => $"{path}: no packages.lock.json beside it");
        var outside = projects.Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal))
            .Select(path => $"{path}: not in Barnabas.slnx");
        Sources.AssertNone("Projects are locked and built together:", lacking.Concat(outside));
    }

    [Fact]
    public void Neighbours_inside_a_project_do_not_know_each_other()
    {
        var findings =
            from rule in NamespacesOutOfReach
            from file in Sources.CSharp(rule.Key)
            from name in file.Tree.DescendantNodes().OfType<NameSyntax>()
            where name is QualifiedNameSyntax && rule.Value.Any(outOfReach => IsWithin(name.ToString(), outOfReach))
            select $"{file.At(name)} names {name}";
        Sources.AssertNone("Raft, Groups and Transactions do not know each other; the simulation knows no real world:", findings);
    }

    [Fact]
    public void Namespaces_equal_their_folders()
    {
        var findings =
            from file in Sources.CSharp()
            from declared in file.Tree.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
            let expected = NamespaceOf(file.Path)
            where declared.Name.ToString() != expected || declared is NamespaceDeclarationSyntax
            select $"{file.At(declared)}: namespace {declared.Name}, expected file-scoped {expected}";
        Sources.AssertNone("A namespace is its folder:", findings);
    }

    private static string NamespaceOf(string path)
    {
        var folders = path.Split('/')[1..^1];
        return folders[0] == "Shared" ? "Barnabas.Shared" : string.Join('.', folders);
    }

    private static bool IsWithin(string name, string outer) =>
        name == outer || name.StartsWith(outer + ".", StringComparison.Ordinal);

    private static IEnumerable<(string Name, XDocument Project)> Projects() =>
        from file in Sources.All
        where file.Path.StartsWith("src/", StringComparison.Ordinal) && file.Path.EndsWith(".csproj", StringComparison.Ordinal)
        select (Path.GetFileNameWithoutExtension(file.Path), XDocument.Parse(file.Text));
}
