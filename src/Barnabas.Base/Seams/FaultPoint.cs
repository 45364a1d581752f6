namespace Barnabas.Base.Seams;

/// <summary>
/// Named places where a test or the simulator may make the world fail (a crash, an error). Off in production: the static switch lets the
/// JIT remove the call.
/// </summary>
public static class FaultPoint
{
    /// <summary>True when the process was started with the runtime switch <c>Barnabas.FaultPoints</c>.</summary>
    public static readonly bool Enabled = AppContext.TryGetSwitch("Barnabas.FaultPoints", out var on) && on;

    private static Action<string>? _handler;

    /// <summary>Sets what happens at a point; the handler may throw.</summary>
    public static void SetHandler(Action<string>? handler) => Volatile.Write(ref _handler, handler);

    /// <summary>Passes the point named <paramref name="name"/>, such as <c>roll.after-create</c>.</summary>
    public static void Here(string name)
    {
        if (Enabled)
        {
            Volatile.Read(ref _handler)?.Invoke(name);
        }
    }
}
