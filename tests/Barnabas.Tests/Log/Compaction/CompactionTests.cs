using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;

namespace Barnabas.Tests.Log.Compaction;

public sealed class CompactionTests : IDisposable
{
    private readonly CompactedLog _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public void The_last_value_of_each_key_stays_at_its_offset()
    {
        _log.Append("a=1", "b=1", "c=1");
        _log.Append("a=2");
        _log.Append("b=2", "a=3");
        _log.Roll();
        _log.Append("c=9");
        Assert.True(_log.Clean());
        Assert.Equal([(2, "c=1"), (4, "b=2"), (5, "a=3"), (6, "c=9")], Shown());
        Assert.Equal([0L, 4, 6], _log.Batches().Select(b => b.BaseOffset));
        Assert.Equal([3L, 6, 7], _log.Batches().Select(b => b.NextOffset));
        Assert.Equal(6, _log.View.FirstDirtyOffset);
        Assert.Null(_log.Plan());
    }

    [Fact]
    public void A_later_cleaning_reaches_into_what_was_clean()
    {
        _log.Append("a=1", "b=1");
        _log.Roll();
        _log.Append("x=1");
        _log.Roll();
        Assert.True(_log.Clean());
        _log.Append("a=2");
        _log.Roll();
        Assert.True(_log.Clean());
        Assert.Equal([(1, "b=1"), (2, "x=1"), (3, "a=2")], Shown());
    }

    [Fact]
    public void Neighbours_that_fit_become_one_segment()
    {
        for (var i = 0; i < 40; i++)
        {
            _log.Append("k=" + new string('v', 100), $"u{i}=1");
        }

        _log.Roll();
        var files = Files(".log").Length;
        Assert.True(files > 10);
        _log.CleanAll();
        Assert.Equal(files, Files(".log").Length);
        _log.ForgetCheckpoint();
        _log.CleanAll();
        Assert.InRange(Files(".log").Length, 2, files / 2);
        Assert.Equal(41, _log.Read().Count);
        Assert.All(Files(".log"), file => Assert.InRange(new FileInfo(file).Length, 0, 500));
        Assert.Empty(Files(".deleted").Concat(Files(".cleaned")).Concat(Files(".swap")).Concat(Files(".tmp")));
    }

    [Theory, InlineData(CompressionType.None), InlineData(CompressionType.Gzip), InlineData(CompressionType.Snappy),
        InlineData(CompressionType.Lz4), InlineData(CompressionType.Zstd)]
    public void Batches_are_written_again_with_their_codec_and_all_their_fields(CompressionType codec)
    {
        Assert.True(RecordCompression.IsAvailable(codec));
        var options = new BatchOptions { Compression = codec, ProducerId = 7, ProducerEpoch = 3, BaseSequence = 10 };
        _log.Fixture.Append(CompactedLog.Batch(options, 5000, "a=1", "b=1", "c=1", "d=1"), epoch: 4);
        _log.Append("a=2", "d=2");
        _log.Roll();
        _log.Clean();
        var batch = _log.Batches()[0];
        Assert.Equal((0L, 3, 2, codec), (batch.BaseOffset, batch.LastOffsetDelta, batch.RecordCount, batch.Compression));
        Assert.Equal((7L, (short)3, 10, 4), (batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.PartitionLeaderEpoch));
        Assert.Equal((5001L, 5002L), (batch.BaseTimestamp, batch.MaxTimestamp));
        var records = _log.Read().Take(2).Select(r => ((int)r.Offset, $"{r.Key}={r.Value}", (int)r.TimestampMs));
        Assert.Equal([(1, "b=1", 5001), (2, "c=1", 5002)], records);
    }

    [Fact]
    public void A_tombstone_goes_a_while_after_it_was_first_cleaned()
    {
        _log.Append("a=1", "b=1");
        _log.Append("a");
        _log.Roll();
        _log.Append("x=1");
        _log.Clean();
        Assert.Equal([(1, "b=1"), (2, "a"), (3, "x=1")], Shown());
        var tombstone = _log.Batches()[1];
        Assert.Equal((true, _log.Fixture.NowMs + 1000), (tombstone.HasDeleteHorizon, tombstone.BaseTimestamp));
        Assert.Equal(_log.Fixture.NowMs, _log.Read()[1].TimestampMs);

        _log.Fixture.NowMs += 999;
        _log.Roll();
        _log.Clean();
        Assert.Contains((2, "a"), Shown());
        Assert.Equal(tombstone.BaseTimestamp, _log.Batches()[1].BaseTimestamp);

        _log.Fixture.NowMs += 1;
        _log.Append("y=1");
        _log.Roll();
        _log.Clean();
        Assert.Equal([(1, "b=1"), (3, "x=1"), (4, "y=1")], Shown());
    }

    [Fact]
    public void The_last_batch_of_a_live_producer_stays_empty()
    {
        var options = new BatchOptions { ProducerId = 7, ProducerEpoch = 0 };
        _log.Append(options with { BaseSequence = 0 }, "a=1");
        _log.Append(options with { BaseSequence = 1 }, "a=2", "b=2");
        _log.Append("a=3", "b=3");
        _log.Roll();
        _log.Append("x=1");
        _log.Clean();
        var empty = _log.Batches()[0];
        Assert.Equal((1L, 2L, 0, 1), (empty.BaseOffset, empty.LastOffset, empty.RecordCount, empty.BaseSequence));
        Assert.Equal((-1L, _log.Fixture.NowMs + 1, 61L), (empty.BaseTimestamp, empty.MaxTimestamp, empty.SizeBytes));
        _log.Log.Abandon();
        Directory.GetFiles(_log.Fixture.Directory, "*.snapshot").ToList().ForEach(File.Delete);
        _log.Fixture.Open();
        Assert.Equal((7L, 2), _log.Log.DescribeProducers().Select(p => (p.ProducerId, p.LastSequence)).Single());
    }

    [Fact]
    public void The_batch_before_the_end_of_the_round_stays_empty_to_keep_its_offset()
    {
        _log.Append("a=1");
        _log.Append("k");
        _log.Roll();
        _log.Append("a=2");
        _log.Roll();
        _log.Append("a=3");
        _log.Roll();
        _log.Clean();
        Assert.Equal([(1, 1), (3, 1)], _log.Batches().Select(b => ((int)b.BaseOffset, b.RecordCount)));
        _log.Fixture.NowMs += 5000;
        _log.ForgetCheckpoint();
        _log.Append("a=4");
        _log.Clean();
        Assert.Equal([(3, 1), (4, 1)], _log.Batches().Select(b => ((int)b.BaseOffset, b.RecordCount)));
        _log.Roll();
        _log.Append("a=5");
        _log.Log.TruncateTo(5);
        _log.Clean();
        Assert.Equal([(4, 1)], _log.Batches().Select(b => ((int)b.BaseOffset, b.RecordCount)));
    }

    [Fact]
    public void Records_of_aborted_transactions_go_and_hide_nothing()
    {
        Transaction(11, isAbort: false, 0, "a=1", "b=1");
        Transaction(12, isAbort: true, 0, "a=2", "c=2");
        _log.Roll();
        _log.Append("x=1");
        _log.Clean();
        Assert.Equal(["a=1", "b=1", "x=1"], _log.Read(committed: true).Select(r => $"{r.Key}={r.Value}"));
        Assert.Equal(["a=1", "b=1", "", "", "x=1"], _log.Read().Select(r => r.Batch.IsControl ? "" : $"{r.Key}={r.Value}"));
        Assert.Equal(12, _log.View.AbortedBetween(0, 100).Single().ProducerId);
    }

    [Fact]
    public void A_marker_goes_when_nothing_of_its_transaction_is_left_and_its_horizon_has_passed()
    {
        Transaction(12, isAbort: true, 0, "a=2");
        _log.Append(new BatchOptions { ProducerId = 12, ProducerEpoch = 1, BaseSequence = 0 }, "z=1");
        _log.Roll();
        _log.Append("x=1");
        _log.Clean();
        Assert.Equal([1L, 2, 3], _log.Batches().Select(b => b.BaseOffset));
        Assert.False(_log.Batches()[0].HasDeleteHorizon);
        Assert.Single(_log.View.AbortedBetween(0, 100));

        _log.Roll();
        _log.Clean();
        Assert.True(_log.Batches()[0].HasDeleteHorizon);
        Assert.Empty(_log.View.AbortedBetween(0, 100));

        _log.Fixture.NowMs += 1000;
        _log.Append("y=1");
        _log.Roll();
        _log.Clean();
        Assert.Equal([2L, 3, 4], _log.Batches().Select(b => b.BaseOffset));
    }

    [Fact]
    public void A_commit_marker_stays_while_a_record_of_its_transaction_is_left()
    {
        Transaction(12, isAbort: false, 0, "a=2");
        _log.Append(new BatchOptions { ProducerId = 12, ProducerEpoch = 1, BaseSequence = 0 }, "z=1");
        for (var i = 0; i < 3; i++)
        {
            CleanWith($"x={i}");
        }

        Assert.Equal([0L, 1], _log.Batches().Select(b => b.BaseOffset).Where(offset => offset < 2));
        Assert.False(_log.Batches()[1].HasDeleteHorizon);
        Assert.Contains("a", _log.Read(committed: true).Select(r => r.Key));

        CleanWith("a=3");
        Assert.Equal(1, _log.Batches()[0].BaseOffset);
        CleanWith("x=3");
        CleanWith("x=4");
        Assert.Equal(2, _log.Batches()[0].BaseOffset);

        void CleanWith(string record)
        {
            _log.Append(record);
            _log.Roll();
            _log.Clean();
            _log.Fixture.NowMs += 5000;
        }
    }

    [Fact]
    public void An_open_transaction_and_what_comes_behind_it_stay()
    {
        _log.Append("a=1");
        _log.Append("a=2");
        _log.Roll();
        _log.Append(new BatchOptions { ProducerId = 11, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true }, "a=3");
        _log.Append("a=4");
        _log.Roll();
        _log.Append("a=5");
        Assert.True(_log.Clean());
        Assert.Equal([1L, 2, 3, 4], _log.Read().Select(r => r.Offset));
        Assert.Equal(2, _log.View.FirstDirtyOffset);
    }

    [Fact]
    public void A_dirty_range_larger_than_the_map_is_cleaned_in_part()
    {
        for (var i = 0; i < 30; i++)
        {
            _log.Append($"k{i % 10}={i}", $"k{(i + 5) % 10}={i}");
        }

        _log.Roll();
        var map = new CleaningMemory(24 * 5, 0.9, 4096);
        var ends = new List<long>();
        while (_log.Clean(map))
        {
            ends.Add(_log.View.FirstDirtyOffset);
        }

        Assert.True(ends.Count > 3, string.Join(' ', ends));
        Assert.Equal(ends.Order(), ends);
        Assert.Equal(60, ends[^1]);
        Assert.Equal(10, _log.Read().Count);
        Assert.Equal(10, _log.Read().Select(r => r.Key).Distinct().Count());
    }

    [Fact]
    public void A_body_that_nobody_can_read_stays_as_it_is()
    {
        var batch = CompactedLog.Batch(new BatchOptions(), 1, "a=1", "b=1");
        batch[^1] = 77;
        batch[RecordBatchHeader.HeaderBytes] = 1;
        BatchStamp.SetCrc(batch);
        _log.Append("a=0");
        _log.Fixture.Append(batch);
        _log.Append("a=2");
        _log.Roll();
        Assert.True(_log.Clean());
        Assert.Equal([1L, 3], _log.Batches().Select(b => b.BaseOffset));
    }

    [Fact]
    public void Rot_stops_a_cleaning_and_nothing_is_changed()
    {
        _log.Append("a=1");
        _log.Append("a=2");
        _log.Append("a=3");
        _log.Roll();
        using (var file = File.OpenWrite(_log.Fixture.PathOf(0, ".log")))
        {
            file.Position = 100;
            file.WriteByte(99);
        }

        var before = File.ReadAllBytes(_log.Fixture.PathOf(0, ".log"));
        using (var job = _log.Begin())
        {
            Assert.Equal(CompactionStep.Impossible, job.Step(1 << 20));
            Assert.Contains("checksum", job.Problem);
        }

        Assert.Equal(before, File.ReadAllBytes(_log.Fixture.PathOf(0, ".log")));
        Assert.Empty(Files(".cleaned"));
    }

    [Fact]
    public void Append_time_is_kept()
    {
        _log.Fixture.Config = _log.Fixture.Config with { TimestampType = TimestampType.LogAppendTime };
        _log.Fixture.NowMs = 7777;
        _log.Append("a=1", "b=1", "c");
        _log.Append("b=2");
        _log.Roll();
        _log.Clean();
        Assert.All(_log.Read(), r => Assert.Equal((7777L, TimestampType.LogAppendTime), (r.TimestampMs, r.Batch.TimestampType)));
        Assert.Equal([0L, 2, 3], _log.Read().Select(r => r.Offset));
    }

    private IEnumerable<(int, string)> Shown() =>
        _log.Read().Select(r => ((int)r.Offset, r.Value is null ? r.Key! : $"{r.Key}={r.Value}"));

    private string[] Files(string suffix) => Directory.GetFiles(_log.Fixture.Directory, "*" + suffix);

    private void Transaction(long producerId, bool isAbort, int sequence, params string[] records)
    {
        var options = new BatchOptions { ProducerId = producerId, BaseSequence = sequence, ProducerEpoch = 0, IsTransactional = true };
        _log.Append(options, records);
        _log.Marker(producerId, 0, isAbort);
    }
}
