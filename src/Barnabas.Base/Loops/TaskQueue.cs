namespace Barnabas.Base.Loops;

/// <summary>
/// Many posters, one drainer, first in first out; the drained end is owned by the holder of the loop's token, and any thread posts.
/// </summary>
public sealed class TaskQueue
{
    private LoopTask? _posted;
    private LoopTask? _ready;

    /// <summary>True when nothing waits. Exact for the drainer, a hint for others.</summary>
    public bool IsEmpty => Volatile.Read(ref _ready) is null && Volatile.Read(ref _posted) is null;

    /// <summary>
    /// Adds a task. Any thread. True when nothing had been posted since the last <see cref="Take"/> that emptied the queue.
    /// </summary>
    public bool Post(LoopTask task)
    {
        var head = Volatile.Read(ref _posted);
        while (true)
        {
            task.Next = head;
            var seen = Interlocked.CompareExchange(ref _posted, task, head);
            if (ReferenceEquals(seen, head))
            {
                return head is null;
            }

            head = seen;
        }
    }

    /// <summary>The oldest task, or null. Only the drainer.</summary>
    public LoopTask? Take()
    {
        if (_ready is null)
        {
            // The posted list is newest first: turn it round.
            var node = Interlocked.Exchange(ref _posted, null);
            while (node is not null)
            {
                var next = node.Next;
                node.Next = _ready;
                _ready = node;
                node = next;
            }
        }

        var task = _ready;
        if (task is not null)
        {
            _ready = task.Next;
            task.Next = null;
        }

        return task;
    }
}
