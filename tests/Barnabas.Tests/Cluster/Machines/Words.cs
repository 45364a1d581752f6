using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Machines;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Xunit;

namespace Barnabas.Tests.Cluster.Machines;

/// <summary>Time stands still, and loops run when the test says so, on its thread.</summary>
internal sealed class HandHost : ILoopHost, IClock
{
    private readonly List<Loop> _scheduled = [];

    public long WallMs => 1_000;

    public long MonotonicUs { get; set; } = 1_000_000;

    public void Schedule(Loop loop) => _scheduled.Add(loop);

    public void DueChanged(Loop loop)
    {
    }

    public void Run(Loop loop)
    {
        if (_scheduled.Remove(loop))
        {
            loop.RunTurn();
        }
    }

    public void OnLoop(Loop loop, Action action, bool drain = true)
    {
        loop.PostOrRun(new ActionTask(action));
        if (drain)
        {
            Drain();
        }
    }

    public void Drain()
    {
        while (_scheduled.Count > 0)
        {
            Run(_scheduled[0]);
        }
    }
}

/// <summary>A record of the test machine.</summary>
internal sealed record Word(string Text);

/// <summary>A machine that remembers the words that it heard, with their offsets.</summary>
internal sealed class Words : IMachine<Word>
{
    public List<string> Heard { get; } = [];

    public int Loads { get; private set; }

    public void Replay(in Word record, long offset) => Heard.Add($"{offset} {record.Text}");

    public void Reset() => Heard.Clear();

    public void Loaded(long nowMs) => Loads++;

    public void Unloaded(ErrorCode error)
    {
    }
}

/// <summary>Says words, and notes how that ended.</summary>
internal sealed class Saying(MachineHost<Words, Word> host, string[] words) : Operation<Words, Word>
{
    public ErrorCode? End { get; private set; }

    public override void Decide(Words machine, Decision<Word> decision, long nowMs)
    {
        Assert.Equal(MachineState.Active, host.State);
        foreach (var word in words)
        {
            decision.Add(new Word(word));
        }
    }

    protected override void Completed(ErrorCode error) => End = error;
}

/// <summary>Words as keys; the empty one is not read, and "broken" does not follow the schema.</summary>
internal sealed class WordCodec : RecordCodec<Word>
{
    /// <summary>A word for which there is no record.</summary>
    public const string Unsayable = "unsayable";

    public override void Write(Word record, long nowMs, RecordBatchBuilder batch) => batch.Append(
        nowMs,
        record.Text == Unsayable
            ? throw new UnsupportedVersionException("no way to say it")
            : System.Text.Encoding.UTF8.GetBytes(record.Text),
        OptionalBytes.Null);

    public override Word? Read(in Barnabas.Protocol.Records.Record record, in RecordBatchHeader header)
    {
        var text = System.Text.Encoding.UTF8.GetString(record.Key.Span);
        return text switch
        {
            "" => null,
            "broken" => throw new MalformedException("a broken word"),
            _ => new Word(header.IsTransactional ? $"{text} of {header.ProducerId}" : text),
        };
    }

    public override Word ReadTransactionEnd(long producerId, bool isCommit) => new($"{(isCommit ? "commit" : "abort")} {producerId}");
}
