using Barnabas.Base;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Log.Compaction;

/// <summary>
/// Seeded random histories of a compacted log against a list of all that was appended: plain, numbered and transactional producers with
/// every codec, tombstones, a clock that moves, cleanings with large and tiny maps, truncation, restarts clean and after a crash.
/// </summary>
[Trait("Category", "Slow")]
public sealed class CompactionModelTests
{
    [Fact]
    public void Random_histories_keep_to_the_model()
    {
        var removed = 0;
        var only = int.Parse(Environment.GetEnvironmentVariable("BARNABAS_SEED") ?? "0");
        var last = Math.Max(only, int.Parse(Environment.GetEnvironmentVariable("BARNABAS_COMPACTION_SEEDS") ?? "15"));
        for (var seed = Math.Max(1, only); seed <= last; seed++)
        {
            using var run = new Run(seed);
            try
            {
                for (var step = 0; step < 80; step++)
                {
                    run.Step();
                }

                run.End();
                removed += run.Removed;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed} after {run.Trail}: {e.Message}", e);
            }
        }

        Assert.True(only > 0 || removed > 300, $"only {removed} records were cleaned away");
    }

    private sealed class Run : IDisposable
    {
        private readonly Random _random;
        private readonly CompactedLog _log;
        private readonly CompactionModel _model = new();

        public Run(int seed)
        {
            _random = new Random(seed);
            _log = new CompactedLog(new FailingDisk(new FileDisk()) { SkipsSyncs = true }, LogConfig.Default with
            {
                Cleanup = CleanupPolicy.Compact,
                SegmentBytes = 400 + _random.Next(1500),
                IndexIntervalBytes = _random.Next(500),
                DeleteRetentionMs = _random.Next(4000),
                RetentionMs = -1,
                MinCompactionLagMs = _random.Next(3) == 0 ? 2000 : 0,
            });
        }

        public string Trail { get; private set; } = "";

        public int Removed => _model.Removed;

        public void Step()
        {
            var kind = _random.Next(20);
            Trail += $" {kind}@{_model.End}";
            _log.Fixture.NowMs += _random.Next(500);
            switch (kind)
            {
                case 0 or 1 or 2:
                    Clean();
                    break;
                case 3:
                    ReopenClean();
                    break;
                case 4:
                    Crash();
                    break;
                case 5:
                    _log.Roll();
                    break;
                case 6:
                    Truncate();
                    break;
                case 7:
                    _log.Fixture.NowMs += 5000;
                    break;
                case 8:
                    Flush();
                    break;
                case 9 or 10 or 11:
                    EndTransaction();
                    break;
                default:
                    Append();
                    break;
            }

            _model.Check(_log.View, _log.Fixture.NowMs, loadsIndexes: _random.Next(3) == 0);
        }

        /// <summary>Cleans all, then again what cannot change any more; recovers the producers from what is left.</summary>
        public void End()
        {
            _log.Roll();
            _log.Append("last=1");
            _model.Sent.Add(new SentBatch(_model.End, _model.End, new BatchOptions(), [("last", "1", _log.Fixture.NowMs)], null));
            for (var i = 0; i < 4; i++)
            {
                _log.Fixture.NowMs += 20_000;
                CleanAgain();
            }

            var settled = Snapshot();
            CleanAgain();
            Assert.Equal(settled, Snapshot());
            var committed = _model.Committed(_log.View.FirstDirtyOffset).ToHashSet();
            var clean = _log.Read(committed: true).Where(r => committed.Contains(r.Offset)).ToList();
            Assert.Equal(clean.Count, clean.Select(r => r.Key).Distinct().Count());
            Assert.All(clean, r => Assert.NotNull(r.Value));
            CheckProducers();
        }

        public void Dispose() => _log.Dispose();

        private void CleanAgain()
        {
            _log.ForgetCheckpoint();
            _log.CleanAll();
            _model.Cleaned(_log.View.FirstDirtyOffset, _log.Fixture.NowMs, _log.Fixture.Config.DeleteRetentionMs);
            _model.Check(_log.View, _log.Fixture.NowMs);
        }

        private string Snapshot() => string.Join('\n', LogFixture.ReadAll(_log.View, _log.View.LogStartOffset)
            .Select(h => $"{h.BaseOffset} {h.LastOffset} {h.RecordCount} {h.Crc}"));

        private void CheckProducers()
        {
            string Producers() => string.Join('\n', _log.Log.DescribeProducers()
                .Select(p => $"{p.ProducerId} {p.Epoch} {p.LastSequence} {p.TransactionFirstOffset}"));
            var aborted = _log.View.AbortedBetween(0, long.MaxValue);
            var before = Producers();
            _log.Log.Abandon();
            Directory.GetFiles(_log.Fixture.Directory, "*.snapshot").ToList().ForEach(File.Delete);
            _log.Fixture.Open(clean: false);
            Assert.Equal(before, Producers());

            // The index may still name a transaction of which there is no batch left.
            var batches = _log.Batches();
            var needed = aborted.Where(a => batches.Exists(
                b => b.ProducerId == a.ProducerId && !b.IsControl && b.BaseOffset >= a.FirstOffset && b.LastOffset < a.LastOffset));
            Assert.Equal(needed.Select(a => (a.ProducerId, a.LastOffset)),
                _log.View.AbortedBetween(0, long.MaxValue).Select(a => (a.ProducerId, a.LastOffset)));
        }

        private void Clean()
        {
            var isTiny = _random.Next(2) == 0;
            var memory = new CleaningMemory(isTiny ? 24 * (3 + _random.Next(10)) : 1 << 16, 0.9, 1 + _random.Next(3000));
            if (_log.Plan() is not { } plan)
            {
                return;
            }

            // Also tombstones behind the map's end get their horizon, if they are in a segment that is written again.
            _model.Cleaned(plan.FirstUncleanableOffset, _log.Fixture.NowMs, _log.Fixture.Config.DeleteRetentionMs);
            var before = _log.View.FirstDirtyOffset;
            Assert.True(_log.Clean(memory));
            Assert.True(_log.View.FirstDirtyOffset > before);
        }

        private void Append()
        {
            var producer = new[] { -1, -1, 1, 2, 11, 12 }[_random.Next(6)];
            var options = new BatchOptions
            {
                Compression = (CompressionType)_random.Next(5),
                ProducerId = producer,
                ProducerEpoch = (short)(producer < 0 ? -1 : EpochOf(producer)),
                BaseSequence = producer < 0 ? -1 : NextSequence(producer),
                IsTransactional = producer > 10,
            };
            var count = 1 + _random.Next(4);
            var records = Enumerable.Range(0, count).Select(i => (
                $"key{_random.Next(8)}", _random.Next(5) == 0 ? null : new string((char)('a' + _random.Next(26)), _random.Next(80)),
                _log.Fixture.NowMs + i)).ToArray();
            var at = _log.Append(options, [.. records.Select(r => r.Item2 is null ? r.Item1 : $"{r.Item1}={r.Item2}")]);
            Assert.Equal(_model.End, at);
            _model.Sent.Add(new SentBatch(at, at + count - 1, options, records, null));
        }

        private void EndTransaction()
        {
            var producer = 11 + _random.Next(2);
            if (!_log.Log.DescribeProducers().Any(p => p.ProducerId == producer && p.TransactionFirstOffset >= 0))
            {
                return;
            }

            var isAbort = _random.Next(2) == 0;
            var epoch = (short)(EpochOf(producer) + _random.Next(2)); // as either version of transactions has it
            var at = _model.End;
            _log.Marker(producer, epoch, isAbort);
            var options = new BatchOptions { ProducerId = producer, ProducerEpoch = epoch, IsTransactional = true };
            _model.Sent.Add(new SentBatch(at, at, options, [], isAbort));
        }

        private short EpochOf(long producer) => _model.Sent.FindLast(b => b.Options.ProducerId == producer)?.Options.ProducerEpoch ?? 0;

        private int NextSequence(long producer)
        {
            var last = _model.Sent.FindLast(b => b.Options.ProducerId == producer && b.IsAbort is null);
            return last is null || last.Options.ProducerEpoch != EpochOf(producer) ? 0 : last.Options.BaseSequence + last.Records.Length;
        }

        // Not below what is cleaned, which was committed: what supersedes a record would go, and the record is gone already.
        private void Truncate()
        {
            var offset = _random.NextInt64(Math.Max(_model.CommittedBelow, _model.End - 12), _model.End + 1);
            _log.Log.TruncateTo(offset);
            _model.TruncateTo(_log.Log.LogEndOffset);
            _log.Log.Publish(_log.Log.LogEndOffset);
            Assert.Equal(_model.End, _log.Log.LogEndOffset);
        }

        private void ReopenClean()
        {
            var (start, high, dirty) = (_log.View.LogStartOffset, _log.View.HighWatermark, _log.View.FirstDirtyOffset);
            _log.Log.Close();
            _log.Fixture.Open(clean: true, _log.Log.RecoveryPoint, start, high, _random.Next(3) == 0 ? -1 : dirty);
        }

        private void Crash()
        {
            var (point, dirty) = (_log.Log.RecoveryPoint, _log.View.FirstDirtyOffset);
            _log.Log.Abandon();
            var opened = _log.Fixture.Open(clean: false, point, 0, 0, dirty);
            Assert.Empty(opened.Report.Damages);
            _log.Log.Publish(_log.Log.LogEndOffset);
            Assert.Equal(_model.End, _log.Log.LogEndOffset);
        }

        private void Flush()
        {
            var job = _log.Log.BeginFlush(includeActive: _random.Next(2) == 0);
            job.Run();
            _log.Log.CompleteFlush(job);
        }
    }
}
