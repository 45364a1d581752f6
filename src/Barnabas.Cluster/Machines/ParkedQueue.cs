using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// Operations whose reply waits for the high watermark, in order of the offset that they wait for. Owned by the host's loop.
/// </summary>
internal sealed class ParkedQueue<TMachine, TRecord>
    where TMachine : class, IMachine<TRecord>
{
    private Operation<TMachine, TRecord>? _first;
    private Operation<TMachine, TRecord>? _last;

    public int Count { get; private set; }

    /// <summary>Adds an operation behind all that wait for the same offset or an earlier one.</summary>
    public void Add(Operation<TMachine, TRecord> operation, long offset)
    {
        operation.WaitsForOffset = offset;
        Count++;
        if (_last is null)
        {
            _first = _last = operation;
            return;
        }

        if (_last.WaitsForOffset <= offset)
        {
            _last.NextParked = operation;
            _last = operation;
            return;
        }

        InsertBefore(operation, offset);
    }

    /// <summary>Takes out the first operation if all it waits for is below <paramref name="highWatermark"/>.</summary>
    public Operation<TMachine, TRecord>? TakeBelow(long highWatermark)
    {
        var operation = _first;
        if (operation is null || operation.WaitsForOffset >= highWatermark)
        {
            return null;
        }

        _first = operation.NextParked;
        operation.NextParked = null;
        if (_first is null)
        {
            _last = null;
        }

        Count--;
        return operation;
    }

    // A decision that named what it saw may wait for less than those before it; that is rare and the way is short.
    private void InsertBefore(Operation<TMachine, TRecord> operation, long offset)
    {
        Operation<TMachine, TRecord>? before = null;
        var after = _first;
        while (after is not null && after.WaitsForOffset <= offset)
        {
            before = after;
            after = after.NextParked;
        }

        Check.That(after is not null);
        operation.NextParked = after;
        if (before is null)
        {
            _first = operation;
        }
        else
        {
            before.NextParked = operation;
        }
    }
}
