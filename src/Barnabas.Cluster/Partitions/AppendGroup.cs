using Barnabas.Base;

namespace Barnabas.Cluster.Partitions;

/// <summary>
/// The countdown over the shards of one append. Each shard reports once that its part is in the log and once that it is acknowledged, from
/// its own thread; the last one calls on. Owned by its maker before <see cref="Arm"/> and after <see cref="Acknowledged"/>.
/// </summary>
public abstract class AppendGroup
{
    private const int OneAppend = 1 << 16;

    // High half: shards that have not appended. Low half: shards that have not acknowledged, and one for whoever appended last, so that
    // Acknowledged never overtakes Appended.
    private int _left;

    /// <summary>Sets the number of shards that will report.</summary>
    protected void Arm(int shards)
    {
        Check.That(shards is > 0 and < short.MaxValue);
        Volatile.Write(ref _left, (shards * OneAppend) + shards + 1);
    }

    internal void ReportAppended(bool acknowledged)
    {
        var left = Interlocked.Add(ref _left, -OneAppend - (acknowledged ? 1 : 0));
        if (left >= OneAppend)
        {
            return;
        }

        if (left > 1)
        {
            Appended();
        }

        ReportAcknowledged();
    }

    internal void ReportAcknowledged()
    {
        var left = Interlocked.Decrement(ref _left);
        Check.That(left >= 0);
        if (left == 0)
        {
            Acknowledged();
        }
    }

    /// <summary>
    /// All is in the logs but not acknowledged yet: what came later on the same connection may start. Any thread, at most once.
    /// </summary>
    protected abstract void Appended();

    /// <summary>Every part has its outcome. Any thread, exactly once, last.</summary>
    protected abstract void Acknowledged();
}
