using System.Diagnostics;
using System.Globalization;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Faults.Load;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults;

/// <summary>
/// SIGKILL at random moments under mixed load, in recovery and in the middle of a clean stop too. <c>BARNABAS_KILLS</c> says how often
/// (20), <c>BARNABAS_SEED</c> at which moments.
/// </summary>
public sealed class KillLoopTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [BrokerFact(Apis = [Api.Produce, Api.Fetch, Api.ListOffsets, Api.CreateTopics, Api.DeleteRecords, Api.OffsetCommit,
        Api.WriteTxnMarkers])]
    [Trait("Category", "Slow")]
    public void Nothing_acknowledged_is_lost_and_nothing_appears_twice()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("BARNABAS_KILLS") ?? "20", CultureInfo.InvariantCulture);
        KeptFolder.Run("kill", (folder, seed) =>
        {
            var random = new Randomness(seed);
            var load = new MixedLoad(random.Split());
            using var broker = BrokerProcess.Start(MixedLoad.BrokerSettings, folder);
            load.Create(broker.Port);
            for (var round = 1; round <= rounds; round++)
            {
                load.Begin(broker.Port);
                var answers = 200 + random.Next(4_000);
                var (watch, leastMs) = (Stopwatch.StartNew(), random.Next(400)); // what comes by the clock has its time too
                SpinWait.SpinUntil(
                    () => (load.Answered >= answers && watch.ElapsedMilliseconds >= leastMs) || load.HasEnded, Limit);
                var isStop = End(broker, random);
                load.End();
                LossException.Unless(load.Answered >= answers, $"round {round}: only {load.Answered} answers");
                LossException.Unless(load.Unanswered > 0, $"round {round}: nothing was on its way");
                if (isStop)
                {
                    load.StopBegun();
                }

                broker.Start();
                load.Verify(broker.Port, Promise.All, isWhole: round == rounds);
            }

            var end = Stopwatch.StartNew();
            while (!load.HasDoneEnough && end.Elapsed < Limit)
            {
                load.Verify(broker.Port, Promise.All, isWhole: false);
            }

            load.CheckFloor();
        });
    }

    /// <summary>True when a clean stop was begun.</summary>
    private static bool End(BrokerProcess broker, Randomness random)
    {
        var isStop = random.Chance(0.2);
        if (isStop)
        {
            // A clean stop that does not come to its end.
            broker.Process.Signal(Child.SigTerm);
            Thread.Sleep(random.Next(80));
        }

        broker.Kill();
        while (random.Chance(0.3))
        {
            broker.StartAndKill(TimeSpan.FromMilliseconds(random.Next(600)));
        }

        return isStop;
    }
}
