using System.Diagnostics;
using System.Runtime.InteropServices;
using Barnabas.Base.Loops;

namespace Barnabas.Broker.Worlds;

/// <summary>
/// A thread that runs loops and waits in epoll (Linux). The descriptors it watches are owned by the thread; each belongs to one loop, and
/// what is ready for one loop is handled in one turn of it.
/// </summary>
public sealed unsafe class EpollIoLoop : IoLoop
{
    private const int EventsMax = 256;

    // The kernel packs struct epoll_event on x64 only.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private readonly int _epoll;
    private readonly int _wakeUp;
    private readonly byte* _events;
    private readonly List<EpollItem?> _items = [null];
    private readonly Stack<int> _freeItems = new();
    private readonly Dictionary<Loop, EpollPort> _ports = [];
    private readonly List<EpollPort> _touched = [];
    private uint _generation;

    /// <summary>Opens the epoll descriptor and the one that wakes it.</summary>
    public EpollIoLoop(string name)
        : base(name)
    {
        _events = (byte*)NativeMemory.Alloc((nuint)(EventsMax * EventBytes));
        _epoll = SystemCalls.EpollCreate(SystemCalls.CloseOnExec);
        _wakeUp = SystemCalls.EventDescriptor(0, SystemCalls.CloseOnExec | SystemCalls.NonBlocking);
        if (_epoll < 0 || _wakeUp < 0)
        {
            throw SystemCalls.Failure("epoll_create1");
        }

        // Edge-triggered, so that the counter never has to be read.
        Control(SystemCalls.EpollAdd, _wakeUp, SystemCalls.EpollIn | SystemCalls.EpollEdge, 0);
    }

    /// <summary>Watches a descriptor for its item, in the name of a loop that lives on this thread. Only the thread.</summary>
    internal void Add(EpollItem item, int descriptor, uint events, Loop loop)
    {
        if (!_freeItems.TryPop(out var index))
        {
            index = _items.Count;
            _items.Add(null);
        }

        if (!_ports.TryGetValue(loop, out var port))
        {
            _ports.Add(loop, port = new EpollPort(loop));
        }

        item.Port = port;
        item.Descriptor = descriptor;
        item.Handle = ((ulong)++_generation << 32) | (uint)index;
        _items[index] = item;
        port.Items++;
        Control(SystemCalls.EpollAdd, descriptor, events, item.Handle);
    }

    /// <summary>Changes what an item is told of. Only the thread.</summary>
    internal void Modify(EpollItem item, uint events) => Control(SystemCalls.EpollModify, item.Descriptor, events, item.Handle);

    /// <summary>
    /// Forgets an item, whose descriptor its owner then closes; events of it that are under way are dropped. Only the thread.
    /// </summary>
    internal void Remove(EpollItem item)
    {
        var index = (int)(uint)item.Handle;
        Control(SystemCalls.EpollRemove, item.Descriptor, 0, 0);
        _items[index] = null;
        _freeItems.Push(index);
        item.Handle = 0;
        if (--item.Port!.Items == 0)
        {
            _ports.Remove(item.Port.Loop);
        }
    }

    /// <inheritdoc/>
    protected override void Wait(int timeoutMs)
    {
        var count = SystemCalls.EpollWait(_epoll, _events, EventsMax, timeoutMs);
        if (count < 0 && SystemCalls.LastError != SystemCalls.ErrorInterrupted)
        {
            throw SystemCalls.Failure("epoll_wait");
        }

        for (var i = 0; i < count; i++)
        {
            var at = _events + (i * EventBytes);
            Note(*(ulong*)(at + DataOffset), *(uint*)at);
        }

        if (_touched.Count == 0)
        {
            return;
        }

        var since = Stopwatch.GetTimestamp();
        foreach (var port in _touched)
        {
            port.Loop.PostOrRun(port);
            Watch(port.Loop.Name, ref since);
        }

        _touched.Clear();
    }

    /// <inheritdoc/>
    protected override void Signal()
    {
        ulong one = 1;
        SystemCalls.Write(_wakeUp, &one, sizeof(ulong));
    }

    /// <inheritdoc/>
    protected override void Close()
    {
        SystemCalls.Close(_wakeUp);
        SystemCalls.Close(_epoll);
        NativeMemory.Free(_events);
    }

    private void Note(ulong handle, uint events)
    {
        var item = _items[(int)(uint)handle];
        if (item is null || item.Handle != handle)
        {
            return;
        }

        if (item.Port!.Note(item, events))
        {
            _touched.Add(item.Port);
        }
    }

    private void Control(int operation, int descriptor, uint events, ulong handle)
    {
        var record = stackalloc byte[16];
        *(uint*)record = events;
        *(ulong*)(record + DataOffset) = handle;
        if (SystemCalls.EpollControl(_epoll, operation, descriptor, record) < 0)
        {
            throw SystemCalls.Failure("epoll_ctl");
        }
    }
}

/// <summary>Something that an <see cref="EpollIoLoop"/> watches. Owned by its loop, which only that thread runs.</summary>
internal abstract class EpollItem
{
    public EpollPort? Port { get; set; }

    public int Descriptor { get; set; } = -1;

    /// <summary>Index and generation of the item; 0 when it is not watched, so that late events find nobody.</summary>
    public ulong Handle { get; set; }

    public uint Pending { get; set; }

    /// <summary>Told in a turn of the item's loop.</summary>
    public abstract void OnEvents(uint events);
}

/// <summary>
/// What is ready for one loop on one thread: handled in one turn. Owned by the thread, which is the only one to run that loop.
/// </summary>
internal sealed class EpollPort(Loop loop) : LoopTask
{
    private readonly List<EpollItem> _ready = [];
    private bool _queued;

    public Loop Loop => loop;

    /// <summary>Descriptors that are watched in the loop's name.</summary>
    public int Items { get; set; }

    public override string Name => loop.Name;

    /// <summary>Keeps the events for the turn; true when the port has to be queued for it.</summary>
    public bool Note(EpollItem item, uint events)
    {
        if (item.Pending == 0)
        {
            _ready.Add(item);
        }

        item.Pending |= events;
        var first = !_queued;
        _queued = true;
        return first;
    }

    public override void Run()
    {
        _queued = false;

        // Nothing is noted while a turn runs: only the wait between turns notes.
        foreach (var item in _ready)
        {
            var events = item.Pending;
            item.Pending = 0;
            if (item.Handle != 0)
            {
                item.OnEvents(events);
            }
        }

        _ready.Clear();
    }
}
