using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Recovery;

namespace Barnabas.Tests.Log;

/// <summary>Holes that a power cut leaves in what was not flushed: ten batches of two records each, five to a segment.</summary>
public sealed class PowerCutTests : IDisposable
{
    private readonly LogFixture _fixture = new() { ClosesHoles = true };
    private readonly int _batchBytes;

    public PowerCutTests()
    {
        _batchBytes = LogFixture.Batch(2, new Barnabas.Protocol.Records.BatchOptions(), valueBytes: 100).Length;
        _fixture.Config = LogConfig.Default with { SegmentBytes = _batchBytes * 5, IndexIntervalBytes = 0 };
        for (var i = 0; i < 10; i++)
        {
            _fixture.Append(2, valueBytes: 100);
        }

        Assert.Equal(20, _fixture.Append(2, valueBytes: 100).BaseOffset);
        _fixture.Log.Abandon();
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(3, 5, 6, 10)]
    [InlineData(1, 3, 2, 6)]
    [InlineData(0, 5, 0, 10)]
    [InlineData(0, 1, 0, 2)]
    public void Zeros_in_what_was_not_flushed_are_taken_out_and_what_is_behind_is_read(int fromBatch, int toBatch, long first, long next)
    {
        Zero(0, fromBatch, toBatch);
        var opened = _fixture.Open(recoveryPoint: 0);
        Assert.Empty(opened.Report.Damages);
        Assert.Equal([new LostRecords(first, next)], opened.Report.Lost);
        Assert.Equal((toBatch - fromBatch) * _batchBytes, opened.Report.BytesCut);
        AssertReads(opened.Log.View, offset => offset < first || offset >= next);
        Assert.Equal(next, LogFixture.ReadAll(opened.Log.View, first)[0].BaseOffset);
        Assert.Equal(22, _fixture.Append(2).BaseOffset);

        // The file is sound from now on, for whoever opens it.
        var again = _fixture.ReopenAfterCrash();
        Assert.Equal((0L, 0), (again.Report.BytesCut, again.Report.Damages.Count));
        AssertReads(again.Log.View, offset => offset < first || offset >= next);
        var clean = _fixture.ReopenClean();
        AssertReads(clean.Log.View, offset => offset < first || offset >= next);
    }

    [Fact]
    public void A_missing_end_with_a_later_segment_kept_is_stepped_over_and_said()
    {
        using (var file = File.OpenWrite(_fixture.PathOf(0, ".log")))
        {
            file.SetLength(_batchBytes * 4);
        }

        var opened = _fixture.Open(recoveryPoint: 4);
        Assert.Equal([new LostRecords(8, 10)], opened.Report.Lost);
        Assert.Empty(opened.Report.Damages);
        AssertReads(opened.Log.View, offset => offset is < 8 or >= 10);
    }

    [Fact]
    public void Several_holes_are_closed_at_once()
    {
        Zero(0, 1, 2);
        Zero(0, 3, 4);
        Zero(10, 0, 1);
        var opened = _fixture.Open(recoveryPoint: 0);
        Assert.Equal([new(2, 4), new(6, 8), new(10, 12)], opened.Report.Lost);
        AssertReads(opened.Log.View, offset => offset is < 2 or (>= 4 and < 6) or (>= 8 and < 10) or >= 12);
    }

    [Fact]
    public void What_was_flushed_is_never_taken_out()
    {
        Zero(0, 1, 2);
        Zero(0, 3, 4);
        var opened = _fixture.Open(recoveryPoint: 6);
        Assert.Equal([new LostRecords(6, 8)], opened.Report.Lost);
        var damage = Assert.Single(opened.Report.Damages);
        Assert.Equal((2L, 4L), (damage.FirstOffset, damage.NextOffset));
        Assert.Equal(ErrorCode.CorruptMessage, opened.Log.View.Slice(2, 1 << 20, ReadLimit.LogEnd, true).ErrorCode);
        Assert.Equal([4L, 8, 10, 12, 14, 16, 18, 20], LogFixture.ReadAll(opened.Log.View, 4).Select(h => h.BaseOffset));
    }

    [Fact]
    public void Where_there_are_other_copies_a_hole_stays_damage()
    {
        _fixture.ClosesHoles = false;
        Zero(0, 3, 5);
        var opened = _fixture.Open(recoveryPoint: 0);
        Assert.Empty(opened.Report.Lost);
        Assert.Single(opened.Report.Damages);
    }

    [Fact]
    public void A_crash_while_a_hole_is_closed_leaves_it_to_the_next_start()
    {
        Zero(0, 3, 5);
        var path = _fixture.PathOf(0, ".log.tmp");
        File.WriteAllBytes(path, new byte[100]);
        var opened = _fixture.Open(recoveryPoint: 0);
        Assert.Equal([new LostRecords(6, 10)], opened.Report.Lost);
        Assert.False(File.Exists(path));
    }

    private void Zero(long segment, int fromBatch, int toBatch)
    {
        using var file = File.OpenWrite(_fixture.PathOf(segment, ".log"));
        file.Position = fromBatch * _batchBytes;
        file.Write(new byte[(toBatch - fromBatch) * _batchBytes]);
    }

    private static void AssertReads(LogView view, Predicate<long> isThere)
    {
        var expected = Enumerable.Range(0, 11).Select(i => i * 2L).Where(offset => isThere(offset));
        Assert.Equal(expected, LogFixture.ReadAll(view, 0).Select(h => h.BaseOffset).Where(offset => offset < 22));
    }
}
