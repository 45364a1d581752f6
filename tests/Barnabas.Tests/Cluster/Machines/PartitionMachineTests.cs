using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Worlds;
using Xunit;

namespace Barnabas.Tests.Cluster.Machines;

/// <summary>A machine on a partition of a real log: what it wrote it finds again, whoever led in between.</summary>
public sealed class PartitionMachineTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HandHost _host = new();
    private readonly List<string> _reports = [];
    private readonly List<string> _progress = [];
    private readonly List<BufferLease> _appended = [];
    private readonly Loop _background;
    private readonly PartitionShard _shard;
    private PartitionLog? _log;
    private Replica? _replica;
    private PartitionMachine<Words, Word>? _machine;

    public PartitionMachineTests()
    {
        _background = new Loop("background", _host, _host);
        var health = new DirectoryHealth("test", (_, e) => throw e);
        _shard = new PartitionShard(0, new Loop("shard", _host, _host), health);
        var disk = new UpkeepDisk(health, () => { }, () => { }, () => { });
        _shard.Upkeep = new LogUpkeep(_background, () => [], new UpkeepTimes(), disk);
    }

    public void Dispose()
    {
        _log?.Abandon();
        _appended.ForEach(lease => lease.Release());
        _folder.Dispose();
    }

    [Fact]
    public void What_was_said_is_there_after_a_restart()
    {
        Open();
        var replies = new[] { Say("a"), Say("b", "c"), Say("d") };
        Assert.All(replies, reply => Assert.Equal(ErrorCode.None, reply.End));
        Assert.Equal(["0 a", "1 b", "2 c", "3 d"], Heard());
        Reopen();
        Assert.Equal(["0 a", "1 b", "2 c", "3 d"], Heard());
        Assert.Equal(ErrorCode.None, Say("e").End);
        Assert.Equal("4 e", Heard()[^1]);
    }

    [Fact]
    public void What_no_record_can_say_is_refused_and_the_next_is_not()
    {
        Open();
        Assert.Equal(ErrorCode.UnknownServerError, Say("a", WordCodec.Unsayable).End);
        Assert.Equal(ErrorCode.None, Say("b").End);
        Assert.Equal(["0 b"], Heard());
    }

    [Fact]
    public void Until_all_is_read_back_nothing_is_decided()
    {
        Open();
        Say("a");
        Reopen(drain: false);
        _host.Run(_shard.Loop);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, Say("b", drain: false).End);
        _host.Drain();
        Assert.Equal(ErrorCode.None, Say("c").End);
        Assert.Equal(["0 a", "1 c"], Heard());
    }

    [Fact]
    public void A_long_log_is_read_in_pieces()
    {
        Open();
        var text = new string('x', 1000);
        for (var i = 0; i < 2_000; i++)
        {
            Say(text);
        }

        Reopen();
        Assert.Equal(2_000, Heard().Count);
        Assert.True(_machine!.Host.Machine.Loads == 1);
    }

    [Fact]
    public void Only_a_load_that_takes_long_tells_how_far_it_is()
    {
        Open();
        for (var i = 0; i < 2_000; i++)
        {
            Say(new string('x', 1000));
        }

        Reopen();
        Assert.Empty(_progress);
        Reopen(drain: false);
        _host.Run(_shard.Loop);
        for (var i = 0; i < 3; i++)
        {
            _host.MonotonicUs += 2_000_000;
            _host.Run(_background);
            _host.Run(_shard.Loop);
        }

        _host.Drain();
        Assert.Equal(2, _progress.Count);
        Assert.Matches("^loading p-0: at offset [0-9]+ of 2000$", _progress[0]);
        Assert.Equal("loaded p-0 in 6000 ms", _progress[1]);
    }

    [Fact]
    public void Compressed_batches_unknown_records_and_the_ends_of_transactions_are_read_too()
    {
        Open();
        Append(CompressionType.Gzip, 7, "a", "", "b");
        Append(CompressionType.None, -1, "c");
        AppendMarker(7, commit: true);
        AppendMarker(8, commit: false);
        Reopen();
        Assert.Equal(["0 a of 7", "2 b of 7", "3 c", "4 commit 7", "5 abort 8"], Heard());
    }

    [Fact]
    public void Lost_and_found_leadership_reads_it_all_again_and_answers_who_waits()
    {
        Open();
        Say("a");
        var parked = new Saying(_machine!.Host, ["b"]);
        _host.OnLoop(_shard.Loop, () =>
        {
            _machine.Host.Submit(parked, 0);
            _replica!.Become(State(epoch: 1, leads: false));
        });
        Assert.Equal(ErrorCode.NotLeaderOrFollower, parked.End);
        Assert.Equal(ErrorCode.NotCoordinator, Say("c").End);
        _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 2, leads: true)));
        Assert.Equal(["0 a", "1 b"], Heard());
        Assert.Equal(2, _machine.Host.Machine.Loads);
        _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 2, leads: true)));
        Assert.Equal(2, _machine.Host.Machine.Loads);
    }

    [Fact]
    public void A_load_that_was_overtaken_does_nothing()
    {
        Open();
        Say("a");
        _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 1, leads: true)), drain: false);
        _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 2, leads: true)), drain: false);
        _host.Drain();
        Assert.Equal(["0 a"], Heard());
        Assert.Equal(2, _machine!.Host.Machine.Loads);
    }

    [Fact]
    public void A_log_that_cannot_be_replayed_is_reported_and_refused()
    {
        Open();
        Say("broken");
        Reopen();
        Assert.Contains("broken", Assert.Single(_reports), StringComparison.Ordinal);
        Assert.Equal(ErrorCode.NotCoordinator, Say("a").End);
    }

    [Fact]
    public void A_load_that_a_stop_overtakes_reports_nothing()
    {
        Open();
        Say("a");
        Reopen(drain: false);
        _host.Run(_shard.Loop);
        _host.OnLoop(_shard.Loop, () => _machine!.Stop(ErrorCode.NotCoordinator), drain: false);
        _host.Run(_shard.Loop);
        _log!.Abandon();
        _host.Drain();
        Assert.Empty(_reports);
    }

    [Fact]
    public void What_is_appended_behind_the_reader_while_it_loads_is_read_too()
    {
        Open();
        Say("a");
        Reopen(drain: false);
        _host.Run(_shard.Loop);
        _host.Run(_background);
        _host.Run(_shard.Loop);

        // Queued before the reader says that it has come to the end, which is the end no more.
        AppendMarker(7, commit: true, _shard.Loop.Post);
        _host.Run(_background);
        _host.Drain();
        Assert.Equal(["0 a", "1 commit 7"], Heard());
    }

    [Fact]
    public void A_log_that_starts_in_the_middle_of_a_batch_is_loaded_from_there()
    {
        Open();
        Say("a", "b", "c");
        _host.OnLoop(_shard.Loop, () => _log!.AdvanceLogStart(1));
        _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 1, leads: true)));
        Assert.Equal(["1 b", "2 c"], Heard());
    }

    [Fact]
    public void A_log_that_cannot_be_used_answers_who_waits_and_is_not_loaded_again()
    {
        Open();
        var parked = new Saying(_machine!.Host, ["a"]);
        _host.OnLoop(_shard.Loop, () =>
        {
            _machine.Host.Submit(parked, 0);
            _replica!.Fail(new ReplicaFailure(ErrorCode.KafkaStorageError, "the test"));
        });
        Assert.Equal(ErrorCode.KafkaStorageError, parked.End);
        _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 1, leads: true)), drain: false);
        Assert.Equal(MachineState.Unloaded, _machine.Host.State);
    }

    [Theory]
    [InlineData("a damaged batch", "cannot be read at")]
    [InlineData("a batch that ends behind the log", "something else than a batch")]
    [InlineData("a file that ends early", "ends early")]
    [InlineData("a body that does not open", "gzip")]
    public void A_log_that_is_spoiled_is_reported_and_refused(string how, string report)
    {
        Open();
        Append(CompressionType.Gzip, -1, "a", "b");
        Say("c");
        Say("d");
        var path = Path.Combine(_folder.At("p-0"), $"{0:D20}.log");
        var bytes = File.ReadAllBytes(path);
        var second = 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(8));
        switch (how)
        {
            case "a damaged batch":
                bytes[second + 61]++;
                break;
            case "a batch that ends behind the log":
                bytes[9]++;
                break;
            case "a file that ends early":
                bytes = bytes[..^3];
                break;
            default:
                bytes.AsSpan(61, second - 61).Fill(0xEE);
                break;
        }

        File.WriteAllBytes(path, bytes);
        if (how == "a damaged batch")
        {
            Reopen();
        }
        else
        {
            _host.OnLoop(_shard.Loop, () => _replica!.Become(State(epoch: 1, leads: true)));
        }

        Assert.Contains(report, Assert.Single(_reports), StringComparison.Ordinal);
        Assert.Equal(ErrorCode.NotCoordinator, Say("e").End);
    }

    [Fact]
    public void What_a_long_turn_has_staged_stays_as_it_is_until_it_is_written()
    {
        Open();
        var words = Enumerable.Range(0, 40).Select(i => $"{i}:{new string((char)('a' + (i % 26)), 1_500)}").ToList();
        _host.OnLoop(_shard.Loop, () =>
        {
            foreach (var word in words)
            {
                _machine!.Host.Submit(new Saying(_machine.Host, [word]), 5);
                _machine.HighWatermarkAdvanced();
            }
        });
        Reopen();
        Assert.Equal(words.Select((word, i) => $"{i} {word}"), Heard());
    }

    [Fact]
    public void What_is_too_large_for_the_topic_is_refused_and_changes_nothing()
    {
        Open();
        Assert.Equal(ErrorCode.MessageTooLarge, Say(new string('x', 1_100_000)).End);
        Assert.Equal(ErrorCode.None, Say("a").End);
        Assert.Equal(["0 a"], Heard());
    }

    private static ReplicaState State(int epoch, bool leads) => new(leads ? 1 : 2, epoch, epoch, [1], 1, leads, LogConfig.Default);

    private void Reopen(bool drain = true)
    {
        _log!.Abandon();
        Open(drain);
    }

    private void Open(bool drain = true)
    {
        _log = PartitionLog.Open(new LogOpenRequest
        {
            Disk = new FileDisk(), DirectoryPath = _folder.At("p-0"), Partition = new TopicPartition("p", 0), NowMs = 1,
        }).Log;
        _replica = new Replica(_shard, new Uuid(1, 1), _log, 0, 1, State(epoch: 0, leads: true));
        var refusals = new MachineRefusals(
            ErrorCode.NotCoordinator, ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorNotAvailable);
        _machine = new PartitionMachine<Words, Word>(_replica, new Words(), new WordCodec(), refusals, _background, _reports.Add)
        {
            Progress = _progress.Add,
        };
        _host.OnLoop(_shard.Loop, () => _replica.Settle(_machine), drain);
    }

    private Saying Say(params string[] words) => Say(words, drain: true);

    private Saying Say(string word, bool drain) => Say([word], drain);

    private Saying Say(string[] words, bool drain)
    {
        var saying = new Saying(_machine!.Host, words);
        _host.OnLoop(_shard.Loop, () => _machine.Host.Submit(saying, 5), drain);
        return saying;
    }

    private List<string> Heard() => _machine!.Host.Machine.Heard;

    private void Append(CompressionType codec, long producerId, params string[] words) => AppendBatch(batch =>
    {
        batch.Begin(new BatchOptions
        {
            Compression = codec, IsTransactional = producerId >= 0, ProducerId = producerId, ProducerEpoch = 0,
            BaseSequence = producerId < 0 ? -1 : 0,
        });
        foreach (var word in words)
        {
            batch.Append(1, System.Text.Encoding.UTF8.GetBytes(word), "v"u8);
        }
    });

    private void AppendMarker(long producerId, bool commit, Action<LoopTask>? post = null) => AppendBatch(
        batch =>
        {
            batch.Begin(new BatchOptions { IsTransactional = true, IsControl = true, ProducerId = producerId, ProducerEpoch = 0 });
            ControlRecords.AppendMarker(batch, 1, commit, coordinatorEpoch: 0);
        },
        post);

    private void AppendBatch(Action<RecordBatchBuilder> fill, Action<LoopTask>? post = null)
    {
        using var writer = new ByteWriter();
        using var batch = new RecordBatchBuilder(writer);
        fill(batch);
        batch.End();
        var lease = BufferPool.RentUnpooled(writer.Length);
        writer.Written.CopyTo(lease.Span);
        var piece = lease.Piece(0, writer.Length);
        var append = new ActionTask(() =>
        {
            var part = new PartitionAppend { Batch = piece, Origin = AppendOrigin.Coordinator };
            _replica!.Append(part);
            Assert.Equal(ErrorCode.None, part.Error);
        });
        _appended.Add(lease);
        if (post is not null)
        {
            post(append);
            return;
        }

        _shard.Loop.PostOrRun(append);
        _host.Drain();
    }
}
