using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Compaction;
using Barnabas.Log.Recovery;
using Barnabas.Log.Segments;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Faults;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// A log whose process dies, or whose machine loses its power, before each operation of its cleanings on the disk, and again in the
/// recovery: whatever is left says the same of every key, deleted ones stay deleted, and can be cleaned on.
/// </summary>
public sealed class CompactionCrashTests
{
    private static readonly Lazy<IReadOnlyCollection<string>> OfScript =
        new(() => CrashPoints.Count(new Script(MortalDisk.New(0)).Run).Keys);

    /// <summary>The fault points that the script passes, and so dies at, for it dies before every operation.</summary>
    internal static IReadOnlyCollection<string> Points => OfScript.Value;

    [Theory, InlineData(false, 1), InlineData(true, 1), InlineData(true, 2), InlineData(true, 3)]
    public void A_death_before_any_operation_changes_no_key(bool isPowerCut, ulong seed)
    {
        Check.OnFailure = _ => { };
        var deaths = 0;
        for (var at = 1L; ; at++)
        {
            var disk = MortalDisk.New((seed << 32) + (ulong)at);
            var script = new Script(disk);
            if (!MortalDisk.Dies(disk, at, isPowerCut, script.Run))
            {
                break;
            }

            if (!script.IsFilled)
            {
                continue;
            }

            deaths++;
            MortalDisk.Dies(disk, 1 + (at % 9), isPowerCut, script.Recover);
            try
            {
                script.Judge();
            }
            catch (Exception e)
            {
                Assert.Fail($"{(isPowerCut ? "power cut" : "death")} before operation {at}, seed {seed}: {e}");
            }
        }

        Assert.True(deaths > 150, $"only {deaths} operations");
    }

    /// <summary>
    /// This disk keeps the changes of a directory in their order; one that does not must not be able to show an exchange half done.
    /// </summary>
    [Fact]
    public void New_files_have_their_names_for_good_before_old_ones_go()
    {
        var disk = MortalDisk.New(0);
        var (unsynced, exchanges, isNameUnsynced) = (new HashSet<string>(), 0, false);
        disk.Fault = (operation, path) =>
        {
            if (operation is "write" or "fsync" && path.EndsWith(SegmentNames.Cleaned, StringComparison.Ordinal))
            {
                _ = operation == "write" ? unsynced.Add(path) : unsynced.Remove(path);
            }
            else if (operation == "fsync" && path.EndsWith("t-0", StringComparison.Ordinal))
            {
                isNameUnsynced = false;
            }
            else if (operation == "rename" && path.EndsWith(SegmentNames.Cleaned, StringComparison.Ordinal))
            {
                Assert.Empty(unsynced);
                isNameUnsynced = true;
            }
            else if (operation == "rename" && path.EndsWith(SegmentNames.Data, StringComparison.Ordinal))
            {
                Assert.False(isNameUnsynced);
                exchanges++;
            }

            return null;
        };
        new Script(disk).Run();
        Assert.True(exchanges > 5, $"only {exchanges} old files");
    }

    [Fact]
    public void What_has_been_exchanged_survives_a_power_cut()
    {
        var disk = MortalDisk.New(0);
        var script = new Script(disk);
        script.Run();
        disk.Restart(isPowerCut: true);
        script.JudgeCleaned();
    }

    /// <summary>The life of a compacted log: filled, cleaned, and cleaned again when its tombstones may go.</summary>
    private sealed class Script(SimDisk disk)
    {
        private const string Root = "/data";

        private static readonly LogConfig Config = LogConfig.Default with
        {
            Cleanup = CleanupPolicy.Compact, SegmentBytes = 500, IndexIntervalBytes = 100, DeleteRetentionMs = 1000, RetentionMs = -1,
        };

        private readonly SortedDictionary<string, string> _expected = [];
        private PartitionLog _log = null!;
        private long _nowMs = 1_000_000;

        public bool IsFilled { get; private set; }

        public void Run()
        {
            disk.CreateDirectory(Root);
            disk.SyncAll();
            Open();
            disk.SyncAll(); // the directory itself, which is not what is tried here
            Fill();
            Clean();
            _nowMs += 5000;
            Open(); // all is dirty again
            Clean();
        }

        public void Recover() => Open();

        public void Judge()
        {
            Open();
            Assert.Equal(_expected, Latest());
            Clean();
            _nowMs += 5000;
            Open();
            Clean();
            Assert.Equal(_expected, Latest());
            Assert.Equal(_expected.Count, Records().Count);
        }

        public void JudgeCleaned()
        {
            Open();
            Assert.Equal(_expected.Count, Records().Count);
        }

        private void Open()
        {
            var opened = PartitionLog.Open(new LogOpenRequest
            {
                Disk = disk, DirectoryPath = $"{Root}/t-0", Partition = new TopicPartition("t", 0), Config = Config, NowMs = _nowMs,
                RecoveryPoint = IsFilled ? 1000 : 0,
            });
            Assert.Empty(opened.Report.Damages);
            _log = opened.Log;
            _log.Publish(_log.LogEndOffset);
        }

        private void Fill()
        {
            for (var i = 0; i < 6; i++)
            {
                Append("a", $"{i}{new string('.', 150)}");
                Append("b", $"{i}");
                Append($"gone{i}", "here");
                Append($"gone{i}", null);
                Append("c", $"{i}{new string('.', 200)}");
            }

            _log.Roll(_nowMs);
            Append("end", "1");
            var job = _log.BeginFlush(includeActive: true);
            job.Run();
            _log.CompleteFlush(job);
            IsFilled = true;
        }

        private void Append(string key, string? value)
        {
            using var output = new ByteWriter();
            using var builder = new RecordBatchBuilder(output);
            builder.Begin(new BatchOptions());
            builder.Append(_nowMs, Encoding.UTF8.GetBytes(key), value is null ? OptionalBytes.Null : Encoding.UTF8.GetBytes(value));
            builder.End();
            var lease = BufferPool.RentUnpooled(output.Length);
            output.Written.CopyTo(lease.Span);
            Assert.Equal(ErrorCode.None, _log.AppendAsLeader(lease.Piece(0, output.Length), 0, _nowMs).ErrorCode);
            _log.WriteStaged();
            _log.Publish(_log.LogEndOffset);
            lease.Release();
            _expected[key] = value ?? "";
            if (value is null)
            {
                _expected.Remove(key);
            }
        }

        private void Clean()
        {
            while (_log.HasFlushWork)
            {
                var flush = _log.BeginFlush(includeActive: false);
                flush.Run();
                _log.CompleteFlush(flush);
            }

            var plan = CompactionPlan.Make(_log.View, Config, _nowMs)!;
            var order = new CompactionOrder(Config, _nowMs, new CleaningMemory(10_000, 0.9, 1000), new KeyHash(1, 2));
            using var job = _log.Compaction.Begin(plan, order)!;
            for (var step = job.Step(500); step != CompactionStep.Done; step = job.Step(500))
            {
                if (step == CompactionStep.Cleaned)
                {
                    var swap = _log.Compaction.Exchange(job)!;
                    swap.Run();
                    swap.Remove();
                }
            }

            _log.Compaction.Complete(job);
        }

        private SortedDictionary<string, string> Latest()
        {
            var latest = new SortedDictionary<string, string>();
            foreach (var (key, value) in Records())
            {
                latest[key] = value ?? "";
                if (value is null)
                {
                    latest.Remove(key);
                }
            }

            return latest;
        }

        private List<(string Key, string? Value)> Records()
        {
            var found = new List<(string, string?)>();
            for (var offset = _log.View.LogStartOffset; ;)
            {
                var slice = _log.View.Slice(offset, 1 << 20, ReadLimit.LogEnd, minOneBatch: true);
                Assert.Equal(ErrorCode.None, slice.ErrorCode);
                if (slice.Bytes.IsEmpty)
                {
                    return found;
                }

                var bytes = new byte[slice.Bytes.Length];
                slice.Bytes.Data.Read(bytes, slice.Bytes.Position);
                slice.Bytes.Release();
                for (ReadOnlySpan<byte> left = bytes; left.Length > 0;)
                {
                    Assert.True(RecordBatchHeader.TryRead(left, out var header));
                    Assert.Equal(header.Crc, BatchStamp.ComputeCrc(left[..(int)header.SizeBytes]));
                    var records = new RecordReader(left, header);
                    while (records.TryRead(out var record))
                    {
                        var value = record.Value.HasValue ? Encoding.UTF8.GetString(record.Value.Span) : null;
                        found.Add((Encoding.UTF8.GetString(record.Key.Span), value));
                    }

                    offset = header.NextOffset;
                    left = left[(int)header.SizeBytes..];
                }
            }
        }
    }
}
