using Barnabas.Base.Loops;

namespace Barnabas.Tests.Base.Loops;

public sealed class TaskQueueTests
{
    [Fact]
    public void Tasks_come_out_in_the_order_of_one_poster()
    {
        var queue = new TaskQueue();
        Assert.True(queue.IsEmpty);
        Assert.Null(queue.Take());
        var tasks = Enumerable.Range(0, 10).Select(number => new NumberedTask(0, number)).ToList();
        Assert.True(queue.Post(tasks[0]));
        Assert.False(queue.Post(tasks[1]));
        Assert.Same(tasks[0], queue.Take());
        tasks[2..].ForEach(task => queue.Post(task));
        for (var i = 1; i < 10; i++)
        {
            Assert.False(queue.IsEmpty);
            Assert.Same(tasks[i], queue.Take());
        }

        Assert.True(queue.IsEmpty);
        Assert.Null(queue.Take());
    }

    [Fact]
    public void Every_poster_keeps_its_order_and_nothing_is_lost_or_doubled()
    {
        const int Posters = 4;
        const int Each = 50_000;
        var queue = new TaskQueue();
        var threads = Enumerable.Range(0, Posters).Select(poster => new Thread(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                queue.Post(new NumberedTask(poster, i));
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        var next = new int[Posters];
        for (var taken = 0; taken < Posters * Each;)
        {
            if (queue.Take() is NumberedTask task)
            {
                Assert.Equal(next[task.Poster]++, task.Number);
                taken++;
            }
        }

        threads.ForEach(thread => thread.Join());
        Assert.Null(queue.Take());
        Assert.All(next, count => Assert.Equal(Each, count));
    }

    private sealed class NumberedTask(int poster, int number) : LoopTask
    {
        public int Poster => poster;

        public int Number => number;

        public override void Run()
        {
        }
    }
}
