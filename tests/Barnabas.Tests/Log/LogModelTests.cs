using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Lookups;
using Barnabas.Log.Retention;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log;

/// <summary>
/// Seeded random histories of one log against a list of what was appended: append, roll, read, truncate, delete, retention, reopen after
/// a clean close, and reopen after a crash that cuts the last file at a random byte above the recovery point.
/// </summary>
public sealed class LogModelTests
{
    private sealed record Model(long BaseOffset, int Count, long ProducerId, int Sequence, int Epoch, long TimestampMs)
    {
        public long NextOffset => BaseOffset + Count;
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Random_histories_keep_to_the_model(bool portable)
    {
        for (var seed = 1; seed <= (portable ? 4 : int.Parse(Environment.GetEnvironmentVariable("BARNABAS_LOG_SEEDS") ?? "25")); seed++)
        {
            using var run = new Run(seed, portable);
            try
            {
                for (var step = 0; step < 120; step++)
                {
                    run.Step();
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed} after {run.Trail}: {e.Message}", e);
            }
        }
    }

    private sealed class Run : IDisposable
    {
        private readonly Random _random;
        private readonly LogFixture _fixture;
        private readonly List<Model> _batches = [];
        private readonly List<Model> _history = []; // with those below the log start, which still say what a producer sent last
        private long _start;
        private long _end;
        private int _epoch;

        public Run(int seed, bool portable)
        {
            _random = new Random(seed);
            _fixture = new LogFixture
            {
                Disk = new FileDisk(portable),
                Config = LogConfig.Default with
                {
                    SegmentBytes = 3000 + _random.Next(6000),
                    IndexIntervalBytes = _random.Next(1500),
                    SegmentMs = 50_000,
                    RetentionMs = -1,
                    RetentionBytes = 8000,
                    IndexBytesMax = _random.Next(3) == 0 ? 120 : 1 << 20,
                },
            };
        }

        /// <summary>What was done, as step numbers and log ends.</summary>
        public string Trail { get; private set; } = "";

        public void Step()
        {
            var kind = _random.Next(16);
            Trail += $" {kind}@{_start}-{_end}";
            switch (kind)
            {
                case 0:
                    Truncate();
                    break;
                case 1:
                    Retain();
                    break;
                case 2:
                    DeleteRecords();
                    break;
                case 3:
                    Adopt(_fixture.ReopenClean().Report.SegmentsScanned == 0, _fixture.Log.View.HighWatermark);
                    break;
                case 4:
                    Crash();
                    break;
                case 5:
                    Flush();
                    break;
                case 6:
                    _fixture.Log.Roll(_fixture.NowMs);
                    break;
                case 7:
                    _epoch++;
                    _fixture.Log.StartEpoch(_epoch);
                    break;
                case 8:
                    Retry();
                    break;
                default:
                    Append();
                    break;
            }

            Check();
        }

        public void Dispose() => _fixture.Dispose();

        /// <summary>A turn: several batches staged, written at once.</summary>
        private void Append()
        {
            var leases = new List<Barnabas.Base.Bytes.BufferLease>();
            for (var i = 1 + _random.Next(5); i > 0; i--)
            {
                _fixture.NowMs += _random.Next(3000);
                var producer = _random.Next(3) - 1L;
                var count = 1 + _random.Next(4);
                var sequence = producer < 0 ? -1 : NextSequence(producer);
                var options = new BatchOptions
                {
                    ProducerId = producer, ProducerEpoch = (short)(producer < 0 ? -1 : 0), BaseSequence = sequence,
                };
                var batch = LogFixture.Batch(count, options, _random.Next(600), _fixture.NowMs);
                var lease = LogFixture.Lease(batch);
                leases.Add(lease);
                var result = _fixture.Log.AppendAsLeader(lease.Piece(0, batch.Length), _epoch, _fixture.NowMs);
                Assert.Equal((ErrorCode.None, _end, false), (result.ErrorCode, result.BaseOffset, result.IsDuplicate));
                _batches.Add(new Model(_end, count, producer, sequence, _epoch, _fixture.NowMs));
                _history.Add(_batches[^1]);
                _end += count;
            }

            _fixture.Log.WriteStaged();
            leases.ForEach(l => l.Release());
            _fixture.Log.Publish(_end);
        }

        /// <summary>The last batch of a numbered producer again.</summary>
        private void Retry()
        {
            var last = _batches.FindLast(b => b.ProducerId >= 0);
            if (last is null || NextSequence(last.ProducerId) != last.Sequence + last.Count)
            {
                return;
            }

            var options = new BatchOptions { ProducerId = last.ProducerId, ProducerEpoch = 0, BaseSequence = last.Sequence };
            var result = _fixture.Append(last.Count, options, 10, _epoch);
            Assert.Equal((true, last.BaseOffset), (result.IsDuplicate, result.BaseOffset));
        }

        private void Truncate()
        {
            var offset = _random.NextInt64(Math.Max(_start, _end - 12), _end + 1);
            _fixture.Log.TruncateTo(offset);
            Forget(b => b.NextOffset > offset, _fixture.Log.LogEndOffset);
            Assert.True(_fixture.Log.LogEndOffset <= offset);
        }

        private void Retain()
        {
            if (RetentionPlan.Make(_fixture.Log.View, _fixture.Config, _fixture.NowMs) is { } plan
                && _fixture.Log.Delete(plan, _fixture.NowMs) is { } job)
            {
                job.Rename();
                if (_random.Next(2) == 0)
                {
                    job.Remove();
                }

                Assert.True(_fixture.Log.View.LogStartOffset >= _start);
                _start = _fixture.Log.View.LogStartOffset;
                _batches.RemoveAll(b => b.NextOffset <= _start);
            }
        }

        private void DeleteRecords()
        {
            var offset = _random.NextInt64(_start, Math.Min(_end, _start + 10) + 1);
            Assert.Equal(ErrorCode.None, _fixture.Log.AdvanceLogStart(offset));
            _start = offset;
            _batches.RemoveAll(b => b.NextOffset <= _start);
        }

        private void Flush()
        {
            var job = _fixture.Log.BeginFlush(includeActive: _random.Next(2) == 0);
            job.Run();
            _fixture.Log.CompleteFlush(job);
            Assert.InRange(_fixture.Log.RecoveryPoint, 0, _end);
        }

        /// <summary>The log is dropped and its last file cut at a byte that was not flushed; sometimes garbage follows.</summary>
        private void Crash()
        {
            var recoveryPoint = _fixture.Log.RecoveryPoint;
            _fixture.Log.Abandon();
            var last = Directory.GetFiles(_fixture.Directory, "*.log").Order().Last();
            using (var file = File.Open(last, FileMode.Open))
            {
                var lastBase = long.Parse(Path.GetFileNameWithoutExtension(last));
                var flushed = _batches.Where(b => b.BaseOffset >= lastBase && b.NextOffset <= recoveryPoint).Any() ? file.Length : 0;
                file.SetLength(_random.NextInt64(flushed, file.Length + 1));
                if (_random.Next(3) == 0)
                {
                    file.Seek(0, SeekOrigin.End);
                    file.Write(new byte[_random.Next(300)]);
                }
            }

            var opened = _fixture.Open(clean: false, recoveryPoint, _start);
            Assert.Empty(opened.Report.Damages);
            Adopt(true, opened.Log.LogEndOffset);
        }

        private void Adopt(bool asExpected, long highWatermark)
        {
            Assert.True(asExpected);
            var end = _fixture.Log.LogEndOffset;
            Assert.True(end <= _end);
            Assert.True(end >= Math.Min(_end, _fixture.Log.RecoveryPoint));
            Forget(b => b.NextOffset > end, end);
            _fixture.Log.Publish(Math.Max(highWatermark, end));
        }

        private void Forget(Predicate<Model> gone, long end)
        {
            _batches.RemoveAll(gone);
            _history.RemoveAll(gone);
            _end = end;
            _start = Math.Min(_start, end);
        }

        private int NextSequence(long producer) =>
            _history.FindLast(b => b.ProducerId == producer) is { } last ? last.Sequence + last.Count : 0;

        private void Check()
        {
            var view = _fixture.Log.View;
            Assert.Equal((_start, _end), (view.LogStartOffset, view.LogEndOffset));
            var found = LogFixture.ReadAll(view, _start, 1 + _random.Next(5000));
            Assert.Equal(
                _batches.Select(b => (b.BaseOffset, b.NextOffset, b.ProducerId, b.Sequence, b.Epoch)),
                found.Select(h => (h.BaseOffset, h.NextOffset, h.ProducerId, h.BaseSequence, h.PartitionLeaderEpoch)));
            if (_batches.Count == 0)
            {
                return;
            }

            var offset = _random.NextInt64(_start, _end);
            var at = _batches.Find(b => b.NextOffset > offset)!;
            var slice = view.Slice(offset, 1, ReadLimit.HighWatermark, minOneBatch: true);
            Assert.Equal(at.BaseOffset, LogFixture.HeadersOf(LogFixture.BytesOf(slice)).Single().BaseOffset);
            Assert.Equal(at.Epoch, view.Epochs.EpochOf(Math.Max(at.BaseOffset, _start)));
            var late = _batches.Find(b => b.TimestampMs + b.Count - 1 >= at.TimestampMs && b.NextOffset > _start)!;
            var byTime = LogLookup.ByTimestamp(view, at.TimestampMs)!.Value;
            Assert.InRange(byTime.Offset, Math.Max(_start, late.BaseOffset), late.NextOffset - 1);
        }
    }
}
