using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Lookups;
using Barnabas.Log.Retention;

namespace Barnabas.Tests.Log;

/// <summary>Readers on other threads while the owner appends, rolls and deletes.</summary>
public sealed class LogReadersTests
{
    [Fact]
    public async Task Readers_on_other_threads_see_whole_batches_of_the_offsets_they_asked_for()
    {
        using var fixture = new LogFixture
        {
            Config = LogConfig.Default with { SegmentBytes = 20_000, IndexIntervalBytes = 300, RetentionBytes = 60_000, RetentionMs = -1 },
        };
        fixture.Append(1);
        var log = fixture.Log;
        var isDone = false;
        var slices = new int[3];
        var readers = Enumerable.Range(0, slices.Length).Select(n => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(n);
                while (!Volatile.Read(ref isDone))
                {
                    Volatile.Write(ref slices[n], slices[n] + (Read(log.View, random, tail: n == 0) ? 1 : 0));
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        for (var turn = 0; turn < 1000 || (!readers.Any(r => r.IsFaulted) && slices.Min() < 200); turn++)
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
        await Task.WhenAll(readers);
    }

    [Fact]
    public void A_reader_of_a_log_that_is_closed_meanwhile_gets_an_error_and_not_another_try()
    {
        using var fixture = new LogFixture();
        fixture.Append(3);
        var old = fixture.Log.View;
        fixture.Log.Abandon();
        Assert.True(old.Slice(0, 100, ReadLimit.LogEnd, true).IsStale);
        var last = fixture.Log.View.Slice(0, 100, ReadLimit.LogEnd, true);
        Assert.Equal((ErrorCode.KafkaStorageError, false), (last.ErrorCode, last.IsStale));
        Assert.True(fixture.Log.View.IsClosed);
        fixture.Log.Abandon();
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
