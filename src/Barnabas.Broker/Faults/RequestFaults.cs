using Barnabas.Messages;

namespace Barnabas.Broker.Faults;

/// <summary>
/// The faults that a test has scripted, first in first out per API. Safe from any thread: one lock, taken only while a script is there.
/// </summary>
public sealed class RequestFaults
{
    private readonly Lock _lock = new();
    private readonly Queue<RequestFault>?[] _scripts = new Queue<RequestFault>?[ApiTable.KeyCount];
    private int _pending;

    /// <summary>Faults that wait for their request.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>The next <paramref name="times"/> requests of an API meet this fault, behind those scripted before.</summary>
    public void Add(ApiKey api, RequestFault fault, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(times);
        lock (_lock)
        {
            var script = _scripts[(int)api] ??= new Queue<RequestFault>();
            for (var i = 0; i < times; i++)
            {
                script.Enqueue(fault);
            }

            _pending += times;
        }
    }

    /// <summary>Forgets every fault that has not met its request.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            Array.Clear(_scripts);
            _pending = 0;
        }
    }

    internal RequestFault? Take(ApiKey api)
    {
        if (Volatile.Read(ref _pending) == 0)
        {
            return null;
        }

        lock (_lock)
        {
            if (_scripts[(int)api] is not { Count: > 0 } script)
            {
                return null;
            }

            _pending--;
            return script.Dequeue();
        }
    }
}
