using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Lookups;
using Barnabas.Log.Retention;

namespace Barnabas.Tests.Log;

/// <summary>Readers on other threads while the owner appends, rolls and deletes.</summary>
public sealed class LogReadersTests
{
    [Fact]
    public void Readers_on_other_threads_see_whole_batches_of_the_offsets_they_asked_for()
    {
        using var fixture = new LogFixture
        {
            Config = LogConfig.Default with { SegmentBytes = 20_000, IndexIntervalBytes = 300, RetentionBytes = 60_000, RetentionMs = -1 },
        };
        fixture.Append(1);
        var log = fixture.Log;
        var isDone = false;
        var readers = Enumerable.Range(0, 3).Select(n => Task.Run(() =>
        {
            var random = new Random(n);
            var slices = 0;
            while (!Volatile.Read(ref isDone))
            {
                slices += Read(log.View, random, tail: n == 0) ? 1 : 0;
            }

            return slices;
        })).ToArray();
        for (var turn = 0; turn < 3000; turn++)
        {
            fixture.NowMs++;
            fixture.Append(1 + (turn % 4), valueBytes: turn % 300);
            if (turn % 50 == 0 && RetentionPlan.Make(log.View, fixture.Config, fixture.NowMs) is { } plan)
            {
                var job = log.Delete(plan, fixture.NowMs);
                job?.Rename();
                job?.Remove();
            }
        }

        Volatile.Write(ref isDone, true);
        Assert.All(readers, r => Assert.True(r.Result > 0));
    }

    private static bool Read(LogView view, Random random, bool tail)
    {
        var offset = tail ? Math.Max(view.LogStartOffset, view.LogEndOffset - 8) : random.NextInt64(view.LogStartOffset, view.LogEndOffset);
        var slice = view.Slice(offset, 1 + random.Next(8000), ReadLimit.HighWatermark, minOneBatch: true);
        if (slice.IsStale)
        {
            return false;
        }

        Assert.Equal(ErrorCode.None, slice.ErrorCode);
        var headers = LogFixture.HeadersOf(LogFixture.BytesOf(slice));
        Assert.InRange(offset, headers[0].BaseOffset, headers[0].LastOffset);
        Assert.True(headers[^1].LastOffset < view.HighWatermark);
        if (!tail && LogLookup.ByTimestamp(view, headers[0].BaseTimestamp) is { } found)
        {
            Assert.True(found.TimestampMs >= headers[0].BaseTimestamp);
        }

        return true;
    }
}
