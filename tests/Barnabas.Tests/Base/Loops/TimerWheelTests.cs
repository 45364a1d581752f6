using Barnabas.Base.Loops;
using Barnabas.Base.Seams;

namespace Barnabas.Tests.Base.Loops;

/// <summary>The wheel against the simplest model there is: a list of what is due.</summary>
public sealed class TimerWheelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Behaves_as_a_sorted_list(ulong seed)
    {
        var random = new Randomness(seed);
        var model = new Dictionary<Entry, long>();
        var fired = new List<Entry>();
        long now = random.Next(10_000_000);
        var wheel = new TimerWheel(now);
        var entries = Enumerable.Range(0, 200).Select(_ => new Entry(fired)).ToList();
        for (var step = 0; step < 20_000; step++)
        {
            var entry = entries[random.Next(entries.Count)];
            switch (random.Next(4))
            {
                case 0 or 1:
                    // Mostly near, sometimes rounds away, sometimes past already.
                    var due = now + (random.Next(10) == 0 ? random.Next(5_000_000) : random.Next(300_000)) - 20_000;
                    wheel.Set(entry, due);
                    model[entry] = due;
                    break;
                case 2:
                    wheel.Cancel(entry);
                    model.Remove(entry);
                    break;
                default:
                    now += random.Next(20) == 0 ? random.Next(3_000_000) : random.Next(3_000);
                    var expected = model.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToHashSet();
                    wheel.Advance(now);
                    Assert.True(expected.SetEquals(fired));
                    Assert.Equal(expected.Count, fired.Count);
                    fired.ForEach(one => model.Remove(one));
                    fired.Clear();
                    break;
            }

            Assert.Equal(model.Count, wheel.Count);
            Assert.True(wheel.NextDueUs <= (model.Count == 0 ? long.MaxValue : model.Values.Min()));
            Assert.Equal(model.ContainsKey(entry), entry.IsSet);
        }
    }

    [Fact]
    public void A_timer_set_while_firing_fires_in_a_later_advance_even_when_it_is_due()
    {
        var wheel = new TimerWheel(0);
        var times = 0;
        ActionTimer? again = null;
        again = new ActionTimer(() =>
        {
            times++;
            wheel.Set(again!, 0);
        });
        wheel.Set(again, 5_000);
        wheel.Advance(4_999);
        Assert.Equal(0, times);
        wheel.Advance(5_000);
        Assert.Equal(1, times);
        Assert.True(wheel.NextDueUs <= 5_000);
        wheel.Advance(5_000);
        Assert.Equal(2, times);
    }

    [Fact]
    public void A_timer_may_cancel_and_set_its_neighbours_while_firing()
    {
        var wheel = new TimerWheel(0);
        var log = new List<string>();
        var third = new ActionTimer(() => log.Add("third"));
        var second = new ActionTimer(() => log.Add("second"));
        var first = new ActionTimer(() =>
        {
            log.Add("first");
            wheel.Cancel(second);
            wheel.Set(third, 1_000);
        });

        // The last that is set in a slot fires first.
        wheel.Set(second, 1_000);
        wheel.Set(first, 1_000);
        wheel.Advance(1_000);
        Assert.Equal(["first"], log);
        wheel.Advance(1_001);
        Assert.Equal(["first", "third"], log);
        Assert.Equal(0, wheel.Count);
        Assert.Equal(long.MaxValue, wheel.NextDueUs);
    }

    private sealed class Entry(List<Entry> fired) : TimerEntry
    {
        public override void Fire() => fired.Add(this);
    }
}
