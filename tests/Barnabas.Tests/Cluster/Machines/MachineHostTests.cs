using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Xunit;

namespace Barnabas.Tests.Cluster.Machines;

public sealed class MachineHostTests
{
    private readonly MemoryJournal _journal = new();
    private readonly MachineHost<Counters, Add> _host;

    public MachineHostTests()
    {
        var refusals = new MachineRefusals(
            ErrorCode.NotController, ErrorCode.CoordinatorLoadInProgress, ErrorCode.ThrottlingQuotaExceeded, 8);
        _host = new MachineHost<Counters, Add>(new Counters(), _journal, refusals);
    }

    [Fact]
    public void A_reply_waits_until_the_last_of_its_records_is_committed()
    {
        Load();
        var ask = Submit(Adding(("a", 1), ("a", 2)));
        Assert.Equal(3, _host.Machine.Sums["a"].Sum);
        Assert.Empty(ask.Ends);

        Commit(1);
        Assert.Empty(ask.Ends);
        Commit(2);
        Assert.Equal([ErrorCode.None], ask.Ends);
        Assert.Equal(0, _host.ParkedCount);
    }

    [Fact]
    public void A_reply_without_records_waits_for_what_it_read()
    {
        Load();
        var write = Submit(Adding(("a", 5)));
        var read = Submit(Reading("a"));
        Assert.Equal(5, read.Seen);
        Assert.Empty(read.Ends);
        Commit(1);
        Assert.Equal([ErrorCode.None], write.Ends);
        Assert.Equal([ErrorCode.None], read.Ends);

        var later = Submit(Reading("a"));
        Assert.Equal([ErrorCode.None], later.Ends);
    }

    [Fact]
    public void A_reply_that_names_what_it_saw_overtakes_those_that_wait_for_more()
    {
        Load();
        Submit(Adding(("a", 1)));
        Submit(Adding(("b", 1)));
        var order = new List<string>();
        var onB = Submit(Reading("b"));
        onB.WhenDone = () => order.Add("b");
        var onA = Submit(Reading("a", names: true));
        onA.WhenDone = () => order.Add("a");
        var onNothing = Submit(new Ask((_, decision, _) => decision.Saw(-1)));
        Assert.Equal([ErrorCode.None], onNothing.Ends);

        Commit(1);
        Assert.Equal(["a"], order);
        Commit(2);
        Assert.Equal(["a", "b"], order);
    }

    [Fact]
    public void A_refused_append_changes_nothing_and_answers_its_error()
    {
        Load();
        _journal.Fails = new JournalAppend(ErrorCode.NotEnoughReplicas, -1);
        var ask = Submit(Adding(("a", 1)));
        Assert.Equal([ErrorCode.NotEnoughReplicas], ask.Ends);
        Assert.Empty(_host.Machine.Sums);
        Assert.Equal(MachineState.Active, _host.State);

        _journal.Fails = null;
        Submit(Adding(("a", 1)));
        Assert.Equal(1, _host.Machine.Sums["a"].Sum);
    }

    [Fact]
    public void A_torn_append_unloads_and_the_reload_takes_what_the_journal_holds()
    {
        Load();
        var before = Submit(Adding(("a", 1)));
        var reloads = 0;
        _host.Torn = () => reloads++;
        _journal.Fails = new JournalAppend(ErrorCode.KafkaStorageError, -1, IsTorn: true);
        var torn = Submit(Adding(("a", 10), ("a", 100)));
        Assert.Equal(1, reloads);
        Assert.Equal([ErrorCode.KafkaStorageError], torn.Ends);
        Assert.Equal([ErrorCode.KafkaStorageError], before.Ends);
        Assert.Equal([ErrorCode.NotController], Submit(Reading("a")).Ends);

        Load();
        Assert.Equal(11, _host.Machine.Sums["a"].Sum);
    }

    [Fact]
    public void Lost_leadership_answers_all_that_waits_once_and_refuses_what_follows()
    {
        Load();
        var parked = Submit(Adding(("a", 1)));
        var deferred = Submit(new Ask((machine, decision, self) =>
        {
            machine.Deferred.Add(self);
            decision.Defer();
        }));
        _host.Unload(ErrorCode.NotController);
        _journal.HighWatermark = 1;
        _host.Release();
        Assert.Equal([ErrorCode.NotController], parked.Ends);
        Assert.Equal([ErrorCode.NotController], deferred.Ends);
        Assert.Equal([ErrorCode.NotController], Submit(Reading("a")).Ends);

        _host.BeginLoad(0);
        Assert.Equal([ErrorCode.CoordinatorLoadInProgress], Submit(Reading("a")).Ends);
    }

    [Fact]
    public void Parked_replies_are_bounded_but_the_machines_own_work_is_not_refused()
    {
        Load();
        for (var i = 0; i < 8; i++)
        {
            Submit(Adding(("a", 1)));
        }

        Assert.Equal([ErrorCode.ThrottlingQuotaExceeded], Submit(Adding(("a", 1))).Ends);
        var own = Submit(new Ask((_, decision, _) => decision.Add(new Add("a", 1)), isInternal: true));
        Assert.Empty(own.Ends);
        Commit(9);
        Assert.Equal([ErrorCode.None], own.Ends);
        Assert.Equal(9, _host.Machine.Sums["a"].Sum);
    }

    [Fact]
    public void A_deferred_operation_is_finished_by_the_machine_and_its_records_are_written_at_once()
    {
        Load();
        var waiting = Submit(new Ask((machine, decision, self) =>
        {
            machine.Deferred.Add(self);
            decision.Add(new Add("a", 1));
            decision.Defer();
        }));
        Commit(1);
        Assert.Empty(waiting.Ends);
        Assert.Equal(1, _host.Machine.Sums["a"].Sum);

        waiting.Finish(ErrorCode.RebalanceInProgress);
        waiting.Finish(ErrorCode.None);
        Assert.Equal([ErrorCode.RebalanceInProgress], waiting.Ends);
    }

    [Fact]
    public void A_parked_operation_that_timed_out_is_not_answered_again()
    {
        Load();
        var ask = Submit(Adding(("a", 1)));
        ask.Finish(ErrorCode.RequestTimedOut);
        Commit(1);
        Assert.Equal([ErrorCode.RequestTimedOut], ask.Ends);
    }

    [Fact]
    public void A_completion_may_submit_the_next_operation()
    {
        Load();
        Ask? second = null;
        var first = Submit(Adding(("a", 1)));
        first.WhenDone = () => second = Submit(Adding(("a", 2)));
        Commit(1);
        Assert.NotNull(second);
        Assert.Equal(3, _host.Machine.Sums["a"].Sum);
        _journal.Fails = new JournalAppend(ErrorCode.NotController, -1);
        var refused = new Ask((_, decision, _) => decision.Add(new Add("a", 9)));
        Ask? third = null;
        refused.WhenDone = () =>
        {
            _journal.Fails = null;
            third = Submit(Adding(("a", 4)));
        };
        Submit(refused);
        Commit(3);
        Assert.Equal([ErrorCode.None], third!.Ends);
        Assert.Equal(7, _host.Machine.Sums["a"].Sum);
    }

    [Fact]
    public void What_others_append_is_followed_but_for_a_load_that_comes_to_it()
    {
        _journal.Records.Add(new Add("a", 1));
        _host.BeginLoad(0);
        _host.Follow(_journal.Records[0], 0);
        Assert.Empty(_host.Machine.Sums);
        _host.Load(_journal.Records[0], 0);
        _host.EndLoad(1);
        _journal.Records.Add(new Add("a", 2));
        _host.Follow(_journal.Records[1], 1);
        Assert.Equal(3, _host.Machine.Sums["a"].Sum);
    }

    [Fact]
    public void A_machine_is_unloaded_once()
    {
        _host.Unload(ErrorCode.NotController);
        Assert.Equal(0, _host.Machine.Unloads);
        Load();
        _host.Unload(ErrorCode.NotController);
        _host.Unload(ErrorCode.NotController);
        Assert.Equal(1, _host.Machine.Unloads);
    }

    [Fact]
    public void What_has_ended_when_it_is_decided_takes_no_room()
    {
        Load();
        Submit(new Ask((_, decision, self) =>
        {
            decision.Add(new Add("a", 1));
            self.Finish(ErrorCode.RequestTimedOut);
        }));
        Assert.Equal(0, _host.ParkedCount);
    }

    [Fact]
    public void Replies_that_saw_the_same_come_in_order_also_between_others()
    {
        Load();
        var order = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            Submit(Adding(("a", 1)));
        }

        foreach (var name in new[] { "first", "second", "third" })
        {
            Submit(new Ask((_, decision, _) => decision.Saw(1)) { WhenDone = () => order.Add(name) });
        }

        Commit(4);
        Assert.Equal(["first", "second", "third"], order);
    }

    [Fact]
    public void Records_taken_back_are_not_written()
    {
        Load();
        Submit(new Ask((_, decision, _) =>
        {
            decision.Add(new Add("a", 1));
            var before = decision.Count;
            decision.Add(new Add("b", 1));
            decision.Add(new Add("b", 1));
            decision.TakeBack(before);
        }));
        Assert.Equal([new Add("a", 1)], _journal.Records);
    }

    [Fact]
    public void Random_operations_and_reloads_give_the_state_that_replay_gives()
    {
        var random = new Barnabas.Base.Seams.Randomness(7);
        Load();
        for (var step = 0; step < 2000; step++)
        {
            switch (random.Next(6))
            {
                case 0:
                    _journal.HighWatermark = _journal.HighWatermark + random.Next((int)(_journal.EndOffset - _journal.HighWatermark) + 1);
                    _host.Release();
                    break;
                case 1 when random.Chance(0.2):
                    _host.Unload(ErrorCode.NotController);
                    Load();
                    break;
                case 2 when random.Chance(0.2):
                    _journal.Fails = new JournalAppend(ErrorCode.KafkaStorageError, -1, random.Chance(0.5));
                    Submit(Adding(("x", random.Next(9)), ("y", 1)));
                    _journal.Fails = null;
                    if (_host.State == MachineState.Unloaded)
                    {
                        Load();
                    }

                    break;
                default:
                    Submit(Adding((random.Next(3).ToString(), random.Next(9)), ("z", 1)));
                    break;
            }

            var model = _journal.Records.GroupBy(r => r.Name).ToDictionary(g => g.Key, g => g.Sum(r => r.Amount));
            Assert.Equal(model.OrderBy(p => p.Key), _host.Machine.Sums.ToDictionary(p => p.Key, p => p.Value.Sum).OrderBy(p => p.Key));
            if (step % 50 == 0)
            {
                Commit(_journal.EndOffset);
            }
        }
    }

    private static Ask Adding(params (string Name, int Amount)[] adds) => new((_, decision, _) =>
    {
        foreach (var (name, amount) in adds)
        {
            decision.Add(new Add(name, amount));
        }
    });

    private static Ask Reading(string name, bool names = false) => new((machine, decision, self) =>
    {
        var (sum, offset) = machine.Sums.GetValueOrDefault(name);
        self.Seen = sum;
        if (names)
        {
            decision.Saw(offset);
        }
    });

    private Ask Submit(Ask ask)
    {
        _host.Submit(ask, 0);
        return ask;
    }

    private void Commit(long highWatermark)
    {
        _journal.HighWatermark = highWatermark;
        _host.Release();
    }

    private void Load()
    {
        _host.BeginLoad(0);
        for (var i = 0; i < _journal.Records.Count; i++)
        {
            _host.Load(_journal.Records[i], i);
        }

        _host.EndLoad(0);
    }
}
