using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Barnabas.Base;

/// <summary>
/// Always-on assertions for what our own code must hold. A failed check is a bug: it prints state and ends the process, or the
/// simulation with its seed. Bytes from disk or wire are never checked with this class; wrong ones are a <see cref="MalformedException"/>.
/// </summary>
public static class Check
{
    /// <summary>Called with the message instead of ending the process; set once by tests and by the simulator.</summary>
    public static Action<string>? OnFailure { get; set; }

    /// <summary>Ends the process when <paramref name="condition"/> is false. Allocates nothing when it is true.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void That(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        if (!condition)
        {
            Fail(expression, file, line);
        }
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fail(string expression, string file, int line)
    {
        var text = $"check failed: {expression} ({Path.GetFileName(file)}:{line})";
        OnFailure?.Invoke(text);
        if (OnFailure is not null)
        {
            throw new CheckFailedException(text);
        }

        Environment.FailFast(text + Environment.NewLine + new StackTrace(2, false));
    }
}

/// <summary>Thrown by a failed <see cref="Check"/> only where <see cref="Check.OnFailure"/> is set (tests, simulator).</summary>
public sealed class CheckFailedException(string message) : Exception(message);

/// <summary>A fault of the world: bytes from the wire or from disk that are not what their format says.</summary>
public sealed class MalformedException(string message) : Exception(message);
