using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Barnabas.Tests.Tidy;

/// <summary>Every class that changes says who may touch it.</summary>
public sealed class OwnershipTests
{
    private static readonly string[] Folders = ["src/Barnabas.Log", "src/Barnabas.Cluster", "src/Barnabas.Broker/Network"];

    private static readonly string[] Words = ["own", "immutable", "any thread", "any loop"];

    [Fact]
    public void Stateful_classes_name_their_owner()
    {
        var findings =
            from file in Sources.CSharp(Folders)
            from type in file.Tree.DescendantNodes().OfType<ClassDeclarationSyntax>()
            where IsStateful(type) && type.Parent is not ClassDeclarationSyntax && !NamesAnOwner(type)
            select $"{file.At(type)}: {type.Identifier.Text}";
        Sources.AssertNone("The summary of a class with changing fields says which loop or thread owns it:", findings);
    }

    private static bool IsStateful(ClassDeclarationSyntax type) => type.Members.OfType<FieldDeclarationSyntax>()
        .Any(field => !field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword) && !field.Modifiers.Any(SyntaxKind.StaticKeyword)
            && !field.Modifiers.Any(SyntaxKind.ConstKeyword));

    private static bool NamesAnOwner(ClassDeclarationSyntax type)
    {
        var comment = string.Concat(type.GetLeadingTrivia().Where(t => t.HasStructure).Select(t => t.ToFullString()));
        return Words.Any(word => comment.Contains(word, StringComparison.OrdinalIgnoreCase));
    }
}
