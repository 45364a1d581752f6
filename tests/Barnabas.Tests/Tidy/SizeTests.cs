using Barnabas.Shared;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>Budgets of size. They only ratchet down.</summary>
public sealed class SizeTests
{
    private const int FileLinesMax = 700;
    private const int FileLinesListed = 400;
    private const int FunctionLinesMax = 70;
    private const int LineCharactersMax = 140;
    private const int ConstructorParametersMax = 7;
    private const string Ratchet = "tests/Barnabas.Tests/Tidy/large-files.txt";

    [Fact]
    public void No_file_is_longer_than_700_lines() =>
        Sources.AssertNone($"Cut files over {FileLinesMax} lines by idea:",
            Sources.CSharp().Where(file => file.Lines > FileLinesMax).Select(file => $"{file.Path}: {file.Lines} lines"));

    [Fact]
    public void Files_over_400_lines_are_listed_and_never_grow()
    {
        var listed = File.ReadLines(Checkout.At(Ratchet)).Where(line => line.Length > 0 && !line.StartsWith('#'))
            .Select(line => line.Split(' ')).ToDictionary(parts => parts[1], parts => int.Parse(parts[0]));
        var large = Sources.CSharp().Where(file => file.Lines > FileLinesListed).ToDictionary(file => file.Path, file => file.Lines);
        var grown = large.Where(file => file.Value > listed.GetValueOrDefault(file.Key, FileLinesListed))
            .Select(file => $"{file.Key}: {file.Value} lines, allowed {listed.GetValueOrDefault(file.Key, FileLinesListed)}");
        var gone = listed.Keys.Where(path => !large.ContainsKey(path))
            .Select(path => $"{path}: now within {FileLinesListed} lines, take it off");
        Sources.AssertNone($"Cut the file by idea; what must stay whole gets a line in {Ratchet}:", grown.Concat(gone));
    }

    [Fact]
    public void No_function_is_longer_than_70_lines()
    {
        var findings =
            from file in Sources.CSharp()
            from node in file.Tree.DescendantNodes()
            where node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
                or AnonymousFunctionExpressionSyntax
            let lines = LinesOf(node)
            where lines > FunctionLinesMax
            select $"{file.At(node)}: {NameOf(node)} has {lines} lines";
        Sources.AssertNone($"Functions have at most {FunctionLinesMax} lines:", findings);
    }

    [Fact]
    public void No_line_is_longer_than_140_characters()
    {
        var findings =
            from file in Sources.CSharp()
            from line in file.Text.Split('\n').Select((text, index) => (Text: text, Number: index + 1))
            where line.Text.Length > LineCharactersMax
            select $"{file.Path}:{line.Number}: {line.Text.Length} characters";
        Sources.AssertNone($"Lines have at most {LineCharactersMax} characters:", findings);
    }

    [Fact]
    public void No_constructor_takes_more_than_7_parameters()
    {
        // A positional record is a row of data: its parameters are its fields, named where it is made.
        var findings =
            from file in Sources.CSharp("src")
            from node in file.Tree.DescendantNodes()
            let parameters = node switch
            {
                ConstructorDeclarationSyntax constructor => constructor.ParameterList.Parameters.Count,
                ClassDeclarationSyntax { ParameterList: { } list } => list.Parameters.Count,
                StructDeclarationSyntax { ParameterList: { } list } => list.Parameters.Count,
                _ => 0,
            }
            where parameters > ConstructorParametersMax
            select $"{file.At(node)}: {NameOf(node)} takes {parameters}";
        Sources.AssertNone($"A constructor takes at most {ConstructorParametersMax} parameters; group what belongs together:", findings);
    }

    private static int LinesOf(SyntaxNode node)
    {
        SyntaxNode? body = node switch
        {
            BaseMethodDeclarationSyntax method => (SyntaxNode?)method.Body ?? method.ExpressionBody,
            LocalFunctionStatementSyntax local => (SyntaxNode?)local.Body ?? local.ExpressionBody,
            AccessorDeclarationSyntax accessor => (SyntaxNode?)accessor.Body ?? accessor.ExpressionBody,
            _ => node,
        };
        // A body that is one switch expression is a table from value to value, not steps to follow.
        if (body is null or ArrowExpressionClauseSyntax { Expression: SwitchExpressionSyntax })
        {
            return 0;
        }

        var span = body.SyntaxTree.GetLineSpan(body.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        _ => node.Kind().ToString(),
    };
}
