namespace Barnabas.App;

/// <summary>The version of this program. Stateless.</summary>
internal static class ProgramVersion
{
    /// <summary>Major, minor and patch.</summary>
    public static string Text { get; } = typeof(ProgramVersion).Assembly.GetName().Version!.ToString(3);
}
