using Barnabas.Base.Seams;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// The clock of a <see cref="TimeProvider"/>: the system's own, or one that a caller of the embedded broker drives. Immutable; any thread.
/// </summary>
public sealed class SystemClock : IClock
{
    private readonly TimeProvider _provider;
    private readonly double _usPerTick;

    /// <summary>Reads the given provider.</summary>
    public SystemClock(TimeProvider provider)
    {
        _provider = provider;
        _usPerTick = 1e6 / provider.TimestampFrequency;
    }

    /// <summary>The clock of this machine.</summary>
    public static SystemClock Instance { get; } = new(TimeProvider.System);

    /// <summary>False when somebody else says what time it is, so that waiting on the system's clock would be wrong.</summary>
    public bool IsSystem => ReferenceEquals(_provider, TimeProvider.System);

    /// <summary>Where the time comes from.</summary>
    public TimeProvider Provider => _provider;

    /// <inheritdoc/>
    public long WallMs => _provider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public long MonotonicUs => (long)(_provider.GetTimestamp() * _usPerTick);
}
