namespace Barnabas.Base.Loops;

/// <summary>
/// A timer's entry, owned by the loop of its wheel and embedded in whatever waits, so that setting a timer allocates nothing. Belongs to
/// one wheel at a time.
/// </summary>
public abstract class TimerEntry
{
    internal TimerEntry? Previous;
    internal TimerEntry? Following;
    internal int Slot = -1;
    internal long SetInAdvance;

    /// <summary>When it fires, monotonic microseconds.</summary>
    public long DueUs { get; internal set; }

    /// <summary>True while it is set.</summary>
    public bool IsSet => Slot >= 0;

    /// <summary>Called on the loop that owns the wheel, in its turn, after the entry has been taken out.</summary>
    public abstract void Fire();
}

/// <summary>A timer made from a delegate, for timers that live as long as their owner.</summary>
public sealed class ActionTimer(Action action) : TimerEntry
{
    /// <inheritdoc/>
    public override void Fire() => action();
}

/// <summary>
/// Timers of one loop, owned by the holder of its token: a hashed wheel of one-millisecond slots with an exact due time per entry. Setting
/// and cancelling are O(1); advancing costs the slots passed, at most one round.
/// </summary>
public sealed class TimerWheel
{
    private const int Slots = 256;
    private const long TickUs = 1000;
    private readonly TimerEntry?[] _slots = new TimerEntry?[Slots];
    private long _tick;
    private long _advances = 1;
    private bool _advancing;

    /// <summary>An empty wheel that starts at the given monotonic time.</summary>
    public TimerWheel(long nowUs) => _tick = nowUs / TickUs;

    /// <summary>A time not after the earliest timer, or <see cref="long.MaxValue"/> when none is set.</summary>
    public long NextDueUs { get; private set; } = long.MaxValue;

    /// <summary>Timers that are set.</summary>
    public int Count { get; private set; }

    /// <summary>Sets or moves a timer. A time that has passed fires at the next advance, never in the one that is running.</summary>
    public void Set(TimerEntry entry, long dueUs)
    {
        Cancel(entry);
        entry.DueUs = dueUs;
        entry.SetInAdvance = _advancing ? _advances : 0;
        var slot = (int)(Math.Max(dueUs / TickUs, _tick) % Slots);
        entry.Slot = slot;
        entry.Following = _slots[slot];
        if (entry.Following is not null)
        {
            entry.Following.Previous = entry;
        }

        _slots[slot] = entry;
        Count++;
        NextDueUs = Math.Min(NextDueUs, dueUs);
    }

    /// <summary>Takes a timer out; nothing if it is not set.</summary>
    public void Cancel(TimerEntry entry)
    {
        if (!entry.IsSet)
        {
            return;
        }

        if (entry.Previous is null)
        {
            _slots[entry.Slot] = entry.Following;
        }
        else
        {
            entry.Previous.Following = entry.Following;
        }

        if (entry.Following is not null)
        {
            entry.Following.Previous = entry.Previous;
        }

        entry.Previous = null;
        entry.Following = null;
        entry.Slot = -1;
        if (--Count == 0 && !_advancing)
        {
            NextDueUs = long.MaxValue;
        }
    }

    /// <summary>Fires all that is due at <paramref name="nowUs"/>.</summary>
    public void Advance(long nowUs)
    {
        if (nowUs < NextDueUs)
        {
            return;
        }

        var nowTick = nowUs / TickUs;
        var last = Math.Min(nowTick, _tick + Slots - 1);
        _advances++;
        _advancing = true;
        var tick = _tick;
        _tick = nowTick;
        for (; tick <= last; tick++)
        {
            FireSlot((int)(tick % Slots), nowUs);
        }

        _advancing = false;
        NextDueUs = Earliest();
    }

    private void FireSlot(int slot, long nowUs)
    {
        var entry = _slots[slot];
        while (entry is not null)
        {
            if (entry.DueUs > nowUs || entry.SetInAdvance == _advances)
            {
                entry = entry.Following;
                continue;
            }

            Cancel(entry);
            entry.Fire();

            // The entry may have set or cancelled others of this slot: start again from its head.
            entry = _slots[slot];
        }
    }

    /// <summary>
    /// The earliest timer. Slots are looked at in the order of their ticks: the first that holds a timer of this round ends the search, so
    /// that the many far ones are looked at only when there is no near one.
    /// </summary>
    private long Earliest()
    {
        var far = long.MaxValue;
        if (Count == 0)
        {
            return far;
        }

        for (var tick = _tick; tick < _tick + Slots; tick++)
        {
            var near = long.MaxValue;
            for (var entry = _slots[(int)(tick % Slots)]; entry is not null; entry = entry.Following)
            {
                if (entry.DueUs / TickUs <= tick)
                {
                    near = Math.Min(near, entry.DueUs);
                }
                else
                {
                    far = Math.Min(far, entry.DueUs);
                }
            }

            if (near != long.MaxValue)
            {
                return near;
            }
        }

        return far;
    }
}
