using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Machines;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Cluster.Machines;

/// <summary>A reply that has come or not.</summary>
internal sealed class Awaited<T>
    where T : class
{
    public T? Value { get; private set; }

    public bool IsThere => Value is not null;

    public T Now => Value ?? throw new Xunit.Sdk.XunitException($"no {typeof(T).Name} yet");

    public void Set(T value)
    {
        Xunit.Assert.Null(Value);
        Value = value;
    }
}

/// <summary>A coordinator on a loop, a clock and a journal that the test drives; time stands still unless the test moves it.</summary>
internal abstract class MachineBench<TMachine, TRecord> : IClock, ILoopHost
    where TMachine : class, IMachine<TRecord>
    where TRecord : class
{
    private readonly Queue<Loop> _scheduled = new();

    protected MachineBench(MemoryLog<TRecord> log, long wallMs, Func<MachineBench<TMachine, TRecord>, TMachine> make)
    {
        WallMs = wallMs;
        MonotonicUs = wallMs * 1000;
        Log = log;
        Loop = new Loop("test", this, this);
        Coordinator = make(this);
        Host = new MachineHost<TMachine, TRecord>(
            Coordinator, Log,
            new MachineRefusals(ErrorCode.NotCoordinator, ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorNotAvailable));
        Loop.TurnEnd = () =>
        {
            if (AutoCommit)
            {
                Log.HighWatermark = Log.EndOffset;
                Host.Release();
                Log.HighWatermark = Log.EndOffset;
            }
        };
    }

    public MemoryLog<TRecord> Log { get; }

    public Loop Loop { get; }

    public TMachine Coordinator { get; }

    public MachineHost<TMachine, TRecord> Host { get; }

    /// <summary>Everything is committed at the end of its turn, as with one replica.</summary>
    public bool AutoCommit { get; set; } = true;

    public long WallMs { get; set; }

    public long MonotonicUs { get; private set; }

    public void Schedule(Loop loop) => _scheduled.Enqueue(loop);

    public void DueChanged(Loop loop)
    {
    }

    /// <summary>Replays the log from its start, as whoever becomes leader does.</summary>
    public void Load() => Run(() =>
    {
        Host.BeginLoad(0);
        for (var i = 0; i < Log.Records.Count; i++)
        {
            Host.Load(Log.Records[i], i);
        }

        Host.EndLoad(WallMs);
    });

    public void Unload(ErrorCode error) => Run(() => Host.Unload(error));

    /// <summary>Commits all there is.</summary>
    public void Commit() => Run(() =>
    {
        Log.HighWatermark = Log.EndOffset;
        Host.Release();
    });

    /// <summary>Moves time in steps of whole milliseconds, so that timers fire in their order.</summary>
    public void Advance(long ms)
    {
        var end = MonotonicUs + (ms * 1000);
        while (MonotonicUs < end)
        {
            var due = Loop.NextDueUs > end ? end : (Loop.NextDueUs + 999) / 1000 * 1000;
            var next = Math.Min(end, Math.Max(MonotonicUs + 1000, due));
            WallMs += (next - MonotonicUs) / 1000;
            MonotonicUs = next;
            Loop.Tick();
            Drain();
        }
    }

    public void Run(Action action)
    {
        Loop.PostOrRun(new ActionTask(action));
        Drain();
    }

    /// <summary>Decides something in a turn of its own.</summary>
    public void Submit(Operation<TMachine, TRecord> operation) => Run(() => Host.Submit(operation, Loop.NowWallMs));

    /// <summary>What others do of their own accord when the loop rests.</summary>
    protected virtual void Rest()
    {
    }

    private void Drain()
    {
        do
        {
            while (_scheduled.TryDequeue(out var loop))
            {
                loop.RunTurn();
            }

            Rest();
        }
        while (_scheduled.Count > 0);
    }
}

/// <summary>A journal that keeps its records as the bytes that the log would have, so that a load reads what was written.</summary>
internal sealed class MemoryLog<TRecord>(RecordCodec<TRecord> codec) : IJournal<TRecord>
    where TRecord : class
{
    public List<TRecord> Records { get; } = [];

    public JournalAppend? Fails { get; set; }

    /// <summary>Records of the largest append until now.</summary>
    public int AppendMax { get; private set; }

    public long EndOffset => Records.Count;

    public long HighWatermark { get; set; }

    public JournalAppend Append(ReadOnlySpan<TRecord> records, long nowMs)
    {
        if (Fails is { } failure)
        {
            return failure;
        }

        AppendMax = Math.Max(AppendMax, records.Length);
        Records.AddRange(RoundTrip(records, nowMs));
        return new JournalAppend(ErrorCode.None, EndOffset - 1);
    }

    /// <summary>The records as they are read back.</summary>
    public List<TRecord> RoundTrip(ReadOnlySpan<TRecord> records, long nowMs)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(codec.OptionsOf(records) with { BaseOffset = EndOffset });
        foreach (var record in records)
        {
            codec.Write(record, nowMs, batch);
        }

        batch.End();
        Xunit.Assert.True(RecordBatchHeader.TryRead(bytes.Written, out var header));
        var reader = new RecordReader(bytes.Written, header);
        var read = new List<TRecord>();
        while (reader.TryRead(out var record))
        {
            read.Add(codec.Read(record, header)!);
        }

        return read;
    }
}
