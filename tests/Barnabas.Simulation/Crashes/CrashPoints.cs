using System.Text.RegularExpressions;
using Barnabas.Base.Seams;
using Barnabas.Shared;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// The fault points of the production code: which there are, and what happens when the history of this thread passes one. Histories run in
/// one thread each, several at a time.
/// </summary>
internal static partial class CrashPoints
{
    [ThreadStatic]
    private static Action<string>? _onPoint;

    static CrashPoints() => FaultPoint.SetHandler(name => _onPoint?.Invoke(name));

    /// <summary>Names of all points in <c>src</c>, in ordinal order.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. Directory.EnumerateFiles(Checkout.At("src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(path => Call().Matches(File.ReadAllText(path)).Select(match => match.Groups[1].Value))
            .Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>Runs something and counts how often it passes each point.</summary>
    public static Dictionary<string, int> Count(Action history)
    {
        var passes = new Dictionary<string, int>(StringComparer.Ordinal);
        Watch(name => passes[name] = passes.GetValueOrDefault(name) + 1, history);
        return passes;
    }

    /// <summary>
    /// Runs something that is stopped, by an exception of <paramref name="die"/>, when it passes a point for the n-th time.
    /// </summary>
    public static void DieAt(string point, int pass, Action die, Action history)
    {
        var left = pass;
        Watch(
            name =>
            {
                if (name == point && --left == 0)
                {
                    die();
                }
            },
            history);
    }

    private static void Watch(Action<string> onPoint, Action history)
    {
        Assert.True(FaultPoint.Enabled, "the runtime switch Barnabas.FaultPoints is off");
        _onPoint = onPoint;
        try
        {
            history();
        }
        finally
        {
            _onPoint = null;
        }
    }

    [GeneratedRegex("FaultPoint\\.Here\\(\"([^\"]+)\"\\)")]
    private static partial Regex Call();
}
