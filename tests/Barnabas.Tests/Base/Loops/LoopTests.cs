using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;

namespace Barnabas.Tests.Base.Loops;

/// <summary>One holder at a time, nothing lost, every poster in order; on hosts of the test and on the real threads.</summary>
public sealed class LoopTests
{
    [Fact]
    public void An_idle_loop_runs_at_once_and_a_busy_one_later()
    {
        var host = new QueueHost();
        var loop = new Loop("loop", host, new StandingClock());
        var log = new List<string>();
        loop.TurnEnd = () => log.Add("end");
        loop.PostOrRun(new ActionTask(() =>
        {
            Assert.True(loop.IsOwned);
            log.Add("first");
            loop.PostOrRun(new ActionTask(() => log.Add("nested")));
            loop.Post(new ActionTask(() => log.Add("posted")));
            log.Add("first done");
        }));
        Assert.Equal(["first", "first done", "nested", "posted", "end"], log);
        Assert.False(loop.IsOwned);
        Assert.Empty(host.Scheduled);
        loop.Post(new ActionTask(() => log.Add("later")));
        Assert.Equal(5, log.Count);
        loop.PostOrRun(new ActionTask(() => log.Add("behind it")));
        Assert.Single(host.Scheduled);
        host.RunAll();
        Assert.Equal(["later", "behind it", "end"], log[5..]);
    }

    [Fact]
    public void A_turn_is_bounded_and_the_rest_is_handed_to_the_host()
    {
        var host = new QueueHost();
        var loop = new Loop("loop", host, new StandingClock(), turnTasksMax: 10);
        var run = 0;
        for (var i = 0; i < 25; i++)
        {
            loop.Post(new ActionTask(() => run++));
        }

        foreach (var expected in new[] { 10, 20, 25 })
        {
            Assert.Single(host.Scheduled);
            host.RunOne();
            Assert.Equal(expected, run);
        }

        Assert.Empty(host.Scheduled);
    }

    [Fact]
    public void The_host_hears_of_earlier_due_times_and_ticks_fire_what_is_due()
    {
        var host = new QueueHost();
        var clock = new StandingClock();
        var loop = new Loop("loop", host, clock);
        var fired = 0;
        var timer = new ActionTimer(() => fired++);
        loop.PostOrRun(new ActionTask(() => loop.Timers.Set(timer, 5_000)));
        Assert.Equal((1, 5_000), (host.DueChanges, loop.NextDueUs));
        clock.MonotonicUs = 5_000;
        loop.Tick();
        Assert.Equal(long.MaxValue, loop.NextDueUs);
        host.RunAll();
        Assert.Equal(1, fired);

        // Set again in between: told again, though the time is later than the one before.
        loop.PostOrRun(new ActionTask(() => loop.Timers.Set(timer, 9_000)));
        Assert.Equal((2, 9_000), (host.DueChanges, loop.NextDueUs));
        loop.Tick();
        host.RunAll();
        Assert.Equal((1, 3, 9_000), (fired, host.DueChanges, loop.NextDueUs));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_task_is_lost_and_no_two_run_at_once(bool runInline)
    {
        using var group = IoLoopGroup.Acquire(WireKind.Sockets, SystemClock.Instance, 2);
        const int Posters = 4;
        const int Each = 20_000;
        var loops = Enumerable.Range(0, 3).Select(i => new Loop($"loop-{i}", group.Io[i % group.Io.Count], SystemClock.Instance)).ToArray();
        var states = loops.Select(loop => new LoopState(loop, Posters)).ToArray();
        using var done = new CountdownEvent(Posters * Each);
        var threads = Enumerable.Range(0, Posters).Select(poster => new Thread(() =>
        {
            var random = new Randomness((ulong)poster);
            var next = new int[loops.Length];
            for (var i = 0; i < Each; i++)
            {
                var target = random.Next(loops.Length);
                var number = next[target]++;
                var task = new ActionTask(() =>
                {
                    states[target].Enter(poster, number);
                    done.Signal();
                });
                if (runInline)
                {
                    loops[target].PostOrRun(task);
                }
                else
                {
                    loops[target].Post(task);
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        done.Wait();
        Assert.All(states, state => Assert.Equal(0, state.Faults));
    }

    [Fact]
    public void Loops_that_post_to_each_other_never_fall_asleep_on_work()
    {
        using var group = IoLoopGroup.Acquire(WireKind.Sockets, SystemClock.Instance, 2);
        const int Hops = 20_000;
        using var done = new CountdownEvent(4);
        var left = new Loop("left", group.Io[0], SystemClock.Instance);
        var right = new Loop("right", group.Control, SystemClock.Instance);
        for (var ball = 0; ball < 4; ball++)
        {
            new Ball(left, right, Hops, done).Start();
        }

        done.Wait();
    }

    [Fact]
    public void Timers_fire_on_real_threads_while_others_are_set_and_cancelled()
    {
        using var group = IoLoopGroup.Acquire(WireKind.Sockets, SystemClock.Instance, 2);
        foreach (var host in new ILoopHost[] { group.Io[0], group.Io[^1], group.Control, group.BackgroundLoops })
        {
            var loop = new Loop("timers", host, SystemClock.Instance);
            using var done = new CountdownEvent(200);
            for (var i = 0; i < 200; i++)
            {
                var delayUs = 1_000 + (i * 97 % 20_000);
                var timer = new ActionTimer(() => done.Signal());
                var cancelled = new ActionTimer(() => throw new InvalidOperationException("was cancelled"));
                loop.Post(new ActionTask(() =>
                {
                    loop.Timers.Set(timer, loop.NowUs + delayUs);
                    loop.Timers.Set(cancelled, loop.NowUs + 500);
                    loop.Timers.Cancel(cancelled);
                }));
            }

            done.Wait();
        }
    }

    [Fact]
    public void A_background_pool_refuses_beyond_its_bound_and_ends_with_its_work_done()
    {
        var run = 0;
        using (var pool = new BackgroundPool(2))
        using (var gate = new ManualResetEventSlim())
        using (var started = new CountdownEvent(2))
        {
            for (var i = 0; i < 2; i++)
            {
                pool.Post(new ActionTask(() =>
                {
                    started.Signal();
                    gate.Wait();
                }));
            }

            started.Wait();
            for (var i = 0; i < BackgroundPool.WaitingMax; i++)
            {
                Assert.True(pool.TryPost(new ActionTask(() => Interlocked.Increment(ref run))));
            }

            Assert.False(pool.TryPost(new ActionTask(() => Interlocked.Increment(ref run))));
            gate.Set();
            pool.Dispose();
        }

        Assert.Equal(BackgroundPool.WaitingMax, run);
    }

    private sealed class LoopState(Loop loop, int posters)
    {
        private readonly int[] _next = new int[posters];
        private int _inside;

        public int Faults { get; private set; }

        public void Enter(int poster, int number)
        {
            Faults += Interlocked.Exchange(ref _inside, 1) == 0 && loop.IsOwned && _next[poster] == number ? 0 : 1;
            _next[poster] = number + 1;
            Volatile.Write(ref _inside, 0);
        }
    }

    private sealed class Ball(Loop left, Loop right, int hops, CountdownEvent done) : LoopTask
    {
        private int _hop;

        public void Start() => left.Post(this);

        public override void Run()
        {
            if (++_hop == hops)
            {
                done.Signal();
            }
            else
            {
                (_hop % 2 == 0 ? left : right).Post(this);
            }
        }
    }

    private sealed class QueueHost : ILoopHost
    {
        public Queue<Loop> Scheduled { get; } = new();

        public int DueChanges { get; private set; }

        public void Schedule(Loop loop) => Scheduled.Enqueue(loop);

        public void DueChanged(Loop loop) => DueChanges++;

        public void RunOne() => Scheduled.Dequeue().RunTurn();

        public void RunAll()
        {
            while (Scheduled.Count > 0)
            {
                RunOne();
            }
        }
    }

    private sealed class StandingClock : IClock
    {
        public long WallMs => 0;

        public long MonotonicUs { get; set; }
    }
}
