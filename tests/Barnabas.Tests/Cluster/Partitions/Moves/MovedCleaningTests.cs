using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Log.Compaction;

namespace Barnabas.Tests.Cluster.Partitions.Moves;

/// <summary>What is known to be clean of a log, before and after it has moved.</summary>
public sealed class MovedCleaningTests : IDisposable
{
    private readonly MovesBench _bench = new()
    {
        Config = LogConfig.Default with
        {
            Cleanup = CleanupPolicy.Compact, SegmentBytes = 500, IndexIntervalBytes = 100, FileDeleteDelayMs = 0,
        },
    };

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void What_is_cleaned_after_it_was_copied_is_not_clean_in_the_copy()
    {
        _bench.CreateTopic("t");
        Write();
        Clean();
        var cleanedBefore = _bench.Find()!.View.FirstDirtyOffset;
        Assert.InRange(cleanedBefore, 1, 24);
        Write();
        _bench.MoveUntilAsked(_bench.B);
        Clean();
        Assert.True(_bench.Find()!.View.FirstDirtyOffset > cleanedBefore);
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.Equal(cleanedBefore, _bench.Find()!.View.FirstDirtyOffset);
    }

    private void Write()
    {
        for (var i = 0; i < 8; i++)
        {
            string[] records = [$"a={i}", $"b={i}", $"c={i}{new string('.', 50)}"];
            var batch = CompactedLog.Batch(new BatchOptions(), _bench.Host.WallMs, records);
            Assert.Equal(ErrorCode.None, _bench.Append(_bench.Find()!, batch));
        }

        _bench.Pump();
    }

    private void Clean() => MovesBench.OnShard(_bench.Find()!, () =>
    {
        var log = _bench.Find()!.Log;
        CompactedLog.Flush(log);
        var order = new CompactionOrder(_bench.Config, _bench.Host.WallMs, CompactedLog.Small, new KeyHash(1, 2));
        using var job = log.Compaction.Begin(CompactionPlan.Make(log.View, _bench.Config, _bench.Host.WallMs)!, order)!;
        CompactedLog.Run(log, job);
    });
}
