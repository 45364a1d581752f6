using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>What must not be called, and where. Judged by syntax, so that strings and comments may name it.</summary>
public sealed class BannedTests
{
    /// <summary>The code that has to run unchanged in the simulator: time, files, sockets and threads come to it through seams.</summary>
    private static readonly string[] Deterministic =
        ["src/Barnabas.Base", "src/Barnabas.Protocol", "src/Barnabas.Log", "src/Barnabas.Cluster"];

    private static readonly string[] SingleWriter = ["src/Barnabas.Log", "src/Barnabas.Cluster"];

    private static readonly HashSet<string> Types =
    [
        "Stopwatch", "Thread", "Timer", "PeriodicTimer", "ThreadPool", "ThreadLocal", "AsyncLocal", "Parallel", "TimeProvider", "Process",
        "File", "FileStream", "FileInfo", "Directory", "DirectoryInfo", "RandomAccess",
        "Socket", "TcpClient", "TcpListener", "NetworkStream", "HashCode", "ConcurrentDictionary",
    ];

    private static readonly HashSet<string> Members =
    [
        "DateTime.Now", "DateTime.UtcNow", "DateTime.Today", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Environment.TickCount",
        "Environment.TickCount64", "Random.Shared", "Guid.NewGuid", "Guid.CreateVersion7", "Task.Run", "Task.Delay", "Task.Factory",
        "RandomNumberGenerator.GetBytes", "RandomNumberGenerator.Fill", "RandomNumberGenerator.GetInt32",
    ];

    [Fact]
    public void Deterministic_projects_reach_the_world_through_seams_only()
    {
        var findings =
            from file in Sources.CSharp(Deterministic)
            where !file.Path.StartsWith("src/Barnabas.Base/Loops/", StringComparison.Ordinal)
            from node in file.Tree.DescendantNodes()
            let name = NameOfUse(node)
            where name is not null && !IsHashCodeOfAKey(node, name)
            select $"{file.At(node)}: {name}";
        Sources.AssertNone("Time, randomness, files, sockets and threads come in through IClock, IDisk, IWire and loops:", findings);
    }

    [Fact]
    public void Placement_never_uses_the_hash_codes_of_a_run()
    {
        var findings =
            from file in Sources.CSharp(Deterministic)
            from call in file.Tree.DescendantNodes().OfType<InvocationExpressionSyntax>()
            where NameOf(call) == "GetHashCode" && !InsideGetHashCode(call)
            select file.At(call);
        Sources.AssertNone("GetHashCode differs between runs; use murmur2 or CRC-32C for placement:", findings);
    }

    [Fact]
    public void Log_and_Cluster_have_no_lock_and_no_async()
    {
        var findings =
            from file in Sources.CSharp(SingleWriter)
            from node in file.Tree.DescendantNodes()
            where node is LockStatementSyntax or AwaitExpressionSyntax
                || (node is IdentifierNameSyntax { Identifier.Text: "Monitor" or "SemaphoreSlim" or "Lock" or "ReaderWriterLockSlim" })
                || ModifiersOf(node).Any(SyntaxKind.AsyncKeyword)
            select $"{file.At(node)}: {node.Kind()}";
        Sources.AssertNone("State belongs to a loop: no lock, no async in Log and Cluster:", findings);
    }

    [Fact]
    public void Nobody_uses_the_flushes_that_hide_failures()
    {
        var findings =
            from file in Sources.CSharp("src", "bench")
            from call in file.Tree.DescendantNodes().OfType<InvocationExpressionSyntax>()
            let name = NameOf(call)
            let flushesTrue = call.ArgumentList.Arguments.Any(argument => argument.Expression.IsKind(SyntaxKind.TrueLiteralExpression))
            where name == "FlushToDisk" || (name == "Flush" && flushesTrue)
            select $"{file.At(call)}: {call}";
        Sources.AssertNone("These return normally when fsync fails; call fsync or fdatasync and look at the result:", findings);
    }

    [Fact]
    public void Native_calls_are_made_with_LibraryImport()
    {
        var findings =
            from file in Sources.CSharp("src", "bench")
            from attribute in file.Tree.DescendantNodes().OfType<AttributeSyntax>()
            where attribute.Name.ToString() is "DllImport" or "DllImportAttribute"
            select file.At(attribute);
        Sources.AssertNone("LibraryImport, not DllImport:", findings);
    }

    [Fact]
    public void Partial_is_for_generated_halves_only()
    {
        var findings =
            from file in Sources.CSharp()
            from type in file.Tree.DescendantNodes().OfType<TypeDeclarationSyntax>()
            where type.Modifiers.Any(SyntaxKind.PartialKeyword) && !HasGeneratedHalf(type)
            select $"{file.At(type)}: {type.Identifier.Text}";
        Sources.AssertNone("One type, one file; partial only beside LibraryImport or a JsonSerializerContext:", findings);
    }

    private static string? NameOfUse(SyntaxNode node)
    {
        if (node is MemberAccessExpressionSyntax access && Members.Contains($"{LastName(access.Expression)}.{access.Name.Identifier.Text}"))
        {
            return access.ToString();
        }

        if (node is not SimpleNameSyntax name || !Types.Contains(name.Identifier.Text) || IsDeclaredHere(name))
        {
            return null;
        }

        // After a dot it is somebody's member, unless the whole name is spelled out from System.
        var isMember = name.Parent is MemberAccessExpressionSyntax parent && parent.Name == name
            && !parent.Expression.ToString().StartsWith("System.", StringComparison.Ordinal);
        var isLabel = name.Parent is NameColonSyntax or NameEqualsSyntax
            || name.Ancestors().Any(ancestor => ancestor is CrefSyntax or XmlNameAttributeSyntax);
        return isMember || isLabel ? null : name.Identifier.Text;
    }

    /// <summary>A property, parameter or type of the file may have the same name as a banned type.</summary>
    private static bool IsDeclaredHere(SimpleNameSyntax name) => name.SyntaxTree.GetRoot().DescendantNodes().Any(node => node switch
    {
        PropertyDeclarationSyntax property => property.Identifier.Text == name.Identifier.Text,
        ParameterSyntax parameter => parameter.Identifier.Text == name.Identifier.Text,
        EnumMemberDeclarationSyntax member => member.Identifier.Text == name.Identifier.Text,
        BaseTypeDeclarationSyntax type => type.Identifier.Text == name.Identifier.Text,
        _ => false,
    });

    private static bool IsHashCodeOfAKey(SyntaxNode node, string name) => name == "HashCode" && InsideGetHashCode(node);

    private static bool InsideGetHashCode(SyntaxNode node) =>
        node.FirstAncestorOrSelf<MethodDeclarationSyntax>() is { Identifier.Text: "GetHashCode" };

    private static string? LastName(ExpressionSyntax expression) => expression switch
    {
        SimpleNameSyntax name => name.Identifier.Text,
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        _ => null,
    };

    private static string? NameOf(InvocationExpressionSyntax call) => LastName(call.Expression);

    private static SyntaxTokenList ModifiersOf(SyntaxNode node) => node switch
    {
        MemberDeclarationSyntax member => member.Modifiers,
        LocalFunctionStatementSyntax local => local.Modifiers,
        AnonymousFunctionExpressionSyntax lambda => lambda.Modifiers,
        _ => default,
    };

    private static bool HasGeneratedHalf(TypeDeclarationSyntax type) =>
        type.DescendantNodes().OfType<AttributeSyntax>()
            .Any(attribute => attribute.Name.ToString() is "LibraryImport" or "GeneratedRegex" or "JsonSerializable")
        || type.DescendantNodes().OfType<TypeDeclarationSyntax>().Any(HasGeneratedHalf)
        || (type.BaseList?.Types.Any(t => t.ToString() == "JsonSerializerContext") ?? false);
}
