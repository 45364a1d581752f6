using Barnabas.Messages;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>One API, one handler, one file of its name, and a test that names it.</summary>
public sealed class HandlerTests
{
    private static readonly (string Path, string Class)[] Handlers =
    [
        .. from file in Sources.CSharp("src/Barnabas.Broker/Handlers")
           from type in file.Tree.DescendantNodes().OfType<ClassDeclarationSyntax>()
           where type.Identifier.Text.EndsWith("Handler", StringComparison.Ordinal) && !type.Modifiers.Any(SyntaxKind.AbstractKeyword)
           select (file.Path, type.Identifier.Text),
    ];

    [Fact]
    public void Every_handler_is_alone_in_a_file_of_its_name_and_answers_the_API_of_its_name()
    {
        var apis = Enum.GetNames<ApiKey>().ToHashSet(StringComparer.Ordinal);
        var misplaced = Handlers.Where(handler => Path.GetFileNameWithoutExtension(handler.Path) != handler.Class)
            .Select(handler => $"{handler.Path}: {handler.Class} belongs into a file of its name");
        var nameless = Handlers.Where(handler => !apis.Contains(ApiOf(handler.Class)))
            .Select(handler => $"{handler.Path}: there is no API {ApiOf(handler.Class)}");
        var twice = Handlers.GroupBy(handler => handler.Class).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key} is there twice: {string.Join(", ", group.Select(handler => handler.Path))}");
        Sources.AssertNone("One handler file per API:", misplaced.Concat(nameless).Concat(twice));
    }

    [Fact]
    public void Every_handler_has_a_test_that_names_its_API()
    {
        var tests = Sources.All.Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal)
            && !file.Path.StartsWith("tests/Barnabas.Tests/Messages/", StringComparison.Ordinal)).ToList();
        var untested = Handlers.Where(handler => !tests.Exists(test => Names(test.Text, ApiOf(handler.Class))))
            .Select(handler => $"{handler.Path}: no test names {ApiOf(handler.Class)}");
        Sources.AssertNone("A served API has a test that names it:", untested);
    }

    private static string ApiOf(string handler) => handler[..^"Handler".Length];

    private static bool Names(string text, string api) =>
        text.Contains($"{api}Handler", StringComparison.Ordinal) || text.Contains($"ApiKey.{api}", StringComparison.Ordinal)
        || text.Contains($"{api}Request", StringComparison.Ordinal) || text.Contains($"\"{api}\"", StringComparison.Ordinal);
}
