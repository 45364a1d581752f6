using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Tests.Cluster.Partitions.Moves;

/// <summary>Which moves begin: those that were asked for, and those that another run of the program left.</summary>
public sealed class MoveAskTests : IDisposable
{
    private readonly MovesBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Nothing_moves_to_a_directory_that_is_offline_nor_out_of_one()
    {
        _bench.CreateTopic("t");
        _bench.B.Health.Fail("the test", new IOException("the test"));
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Ask(_bench.B));
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Pump();
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Ask(_bench.A));
    }

    [Fact]
    public void A_replica_whose_disk_has_failed_is_not_moved()
    {
        _bench.CreateTopic("t");
        _bench.A.Health.Fail("the test", new IOException("the test"));
        _bench.Pump();
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Ask(_bench.B));
    }

    [Fact]
    public void What_was_asked_last_is_where_it_goes()
    {
        _bench.CreateTopic("t");
        _bench.Fill(2);
        var move = _bench.MoveUntilAsked(_bench.B);
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.B));
        Assert.False(move.IsCancelled);
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.A));
        Assert.True(move.IsCancelled);
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.B));
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
    }

    [Fact]
    public void No_move_begins_once_the_moves_have_stopped()
    {
        _bench.CreateTopic("t");
        _bench.Fill(2);
        _bench.StopMoves();
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.B));
        _bench.Advance(1);
        Assert.Empty(_bench.Held("b"));
    }

    [Fact]
    public void A_wish_for_a_directory_that_has_failed_since_is_forgotten()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _bench.Ask(_bench.B));
        _bench.B.Health.Fail("the test", new IOException("the test"));
        _bench.CreateTopic("t");
        Assert.Same(_bench.A.Health, _bench.Find()!.Shard.Health);
        Assert.Empty(_bench.Held("b"));
    }

    [Fact]
    public void So_many_wishes_are_kept_and_may_be_changed_but_no_more()
    {
        for (var partition = 0; partition < 10_000; partition++)
        {
            _bench.Ask(_bench.A, "w", partition);
        }

        _bench.Ask(_bench.B, "late");
        _bench.Ask(_bench.B, "w");
        _bench.CreateTopic("late", id: 8);
        Assert.Equal(["late-0"], _bench.Held("a"));
        _bench.A.PartitionCount = 0;
        _bench.CreateTopic("w", id: 9);
        Assert.Equal(["w-0"], _bench.Held("b"));
    }

    [Fact]
    public void A_copy_that_was_left_of_another_topic_of_the_name_is_set_aside()
    {
        _bench.CreateTopic("t");
        _bench.Fill(2);
        _bench.Stop();
        _bench.LeaveCopy("b", new Uuid(7, 8), 1);
        _bench.Start();
        _bench.Advance(1);
        Assert.EndsWith("-stray", Assert.Single(_bench.Held("b")));
        Assert.Equal(["t-0"], _bench.Held("a"));
    }

    [Fact]
    public void A_copy_that_was_left_beside_its_own_log_goes()
    {
        var topic = _bench.CreateTopic("t");
        _bench.Fill(2);
        _bench.Stop();
        _bench.LeaveCopy("a", topic, 1);
        _bench.Start();
        _bench.Advance(1);
        Assert.Equal(["t-0"], _bench.Held("a"));
        Assert.True(_bench.A.IsOnline);
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 2));
    }

    [Fact]
    public void Of_two_copies_that_were_left_one_goes_on()
    {
        var topic = _bench.CreateTopic("t");
        _bench.Fill(2);
        _bench.Stop();
        _bench.LeaveCopy("b", topic, 1);
        _bench.LeaveCopy("b", topic, 2);
        _bench.IsControllerAway = true;
        _bench.Start();
        _bench.Advance(1);
        Assert.Single(_bench.Asked);
        Assert.EndsWith("-future", Assert.Single(_bench.Held("b")));
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 2));
    }

    [Fact]
    public void A_copy_that_a_crash_left_is_begun_anew_for_nobody_knows_what_of_it_is_on_the_disk()
    {
        _bench.CreateTopic("t");
        _bench.Fill(12);
        _bench.MoveSlowly(_bench.B);
        _bench.Crash();

        // Of what was never synced the middle is gone, with good records behind it.
        using (var file = File.OpenWrite(Directory.GetFiles(_bench.At("b"), "*.log", SearchOption.AllDirectories).Single()))
        {
            file.Position = 400_000;
            file.Write(new byte[4_096]);
        }

        _bench.Start();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 12));
    }

    [Fact]
    public void A_stop_makes_a_copy_durable_and_the_next_start_goes_on_with_it()
    {
        _bench.CreateTopic("t");
        _bench.Fill(12);
        _bench.MoveSlowly(_bench.B);
        var synced = new List<string>();
        _bench.Disk.Before = (call, path) => synced.AddRange(call == "sync" ? [path] : []);
        _bench.Stop();
        Assert.Contains(synced, path => path.Contains("-future", StringComparison.Ordinal) && path.EndsWith(".log"));
        var created = new List<string>();
        _bench.Disk.Before = (call, path) => created.AddRange(call == "open" ? [path] : []);
        _bench.Start();
        _bench.Advance(1);
        Assert.DoesNotContain(created, path => path.EndsWith("-future/00000000000000000000.log"));
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 12));
    }

    [Fact]
    public void A_copy_that_was_left_is_cut_to_what_its_log_has()
    {
        _bench.CreateTopic("t");
        _bench.Fill(12);
        _bench.MoveSlowly(_bench.B);
        _bench.Stop();
        _bench.Cut("a", 2);
        _bench.IsControllerAway = true;
        _bench.Start();
        _bench.Pump();
        Assert.Equal(2, _bench.Now.Single().View!.LogEndOffset);
        _bench.Fill(2);
        _bench.Answer();
        _bench.Advance(1);
        Assert.Equal((0, "t-0"), (_bench.Held("a").Length, _bench.Held("b").Single()));
        Assert.True(MovesBench.IsWhole(_bench.Find()!, 4));
    }

    [Fact]
    public void A_move_waits_until_there_is_room()
    {
        _bench.CreateTopic("t");
        _bench.Fill(2);
        _bench.B.Health.Room.Exhaust();
        Assert.Equal(ErrorCode.None, _bench.Ask(_bench.B));
        _bench.Advance(2_000);
        Assert.Single(_bench.Now);
        Assert.Empty(_bench.Held("b"));
        _bench.B.Health.Room.Measured(long.MaxValue, 0);
        _bench.Advance(600);
        Assert.Equal(["t-0"], _bench.Held("b"));
    }

    [Fact]
    public void A_move_that_finds_no_room_is_given_up_and_fails_nobody()
    {
        _bench.CreateTopic("t");
        _bench.Fill(12);
        var move = _bench.MoveSlowly(_bench.B);
        _bench.Disk.Before = (call, path) =>
        {
            if (call == "write" && path.Contains("-future", StringComparison.Ordinal))
            {
                throw new DiskFullException($"{call} {path}: ENOSPC", 28);
            }
        };
        _bench.BytesPerSecond = long.MaxValue;
        _bench.Advance(200);
        Assert.Empty(_bench.Now);
        Assert.Equal((true, false), (_bench.B.IsOnline, _bench.B.Health.Room.IsThere));
        Assert.Contains("stays in", Assert.Single(_bench.Reports));
        Assert.Same(move.Source, _bench.Find());
        Assert.Equal(ErrorCode.None, _bench.Append());
    }
}
