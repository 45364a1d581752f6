using System.Globalization;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Faults.Load;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults;

/// <summary>
/// The machine loses its power under mixed load: the file system takes nothing more, and what is not on the disk is gone. With flush on
/// acknowledgement nothing acknowledged is lost; with Kafka's defaults nothing below the recovery point, and no metadata.
/// <c>BARNABAS_POWER_CUTS</c> says how often; without it they are skipped.
/// </summary>
public sealed class PowerCutTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [PowerCutTheory]
    [InlineData("log.flush.interval.messages", "1")]
    [InlineData("barnabas.flush.on.ack", "true")]
    [Trait("Category", "Slow")]
    public void Nothing_acknowledged_is_lost_where_acknowledgements_wait_for_the_disk(string key, string value) =>
        Run(new Dictionary<string, string>(MixedLoad.BrokerSettings) { [key] = value }, 100, _ => true, (load, disk, broker) =>
        {
            Cut(load, disk, broker);
            broker.Start();
            load.Verify(broker.Port, Promise.All, isWhole: false);
        });

    [PowerCutFact]
    [Trait("Category", "Slow")]
    public void By_default_only_records_above_the_recovery_point_are_lost()
    {
        using var writeback = new Writeback(centiseconds: 360_000);
        var lost = 0;
        var safe = 0L;
        Run(MixedLoad.BrokerSettings, 3000, broker => SafeEnd(Promise.FromCheckpoint(broker.DataFolder)) > safe, (load, disk, broker) =>
        {
            Cut(load, disk, broker);
            var promise = Promise.FromCheckpoint(broker.DataFolder);
            broker.Start();
            load.Verify(broker.Port, promise, isWhole: false);
            lost = load.Lost;
            safe = Math.Max(safe, SafeEnd(promise));
        });
        Assert.True(safe > 0, "no recovery point was ever written");
        Assert.True(lost > 0, "the cut took nothing that was not synced: it proves nothing about what was");
    }

    private static long SafeEnd(Promise promise) => promise.RecoveryPoints!.Values.DefaultIfEmpty().Max();

    // Each cut comes a while after the broker is ready for it.
    private static void Run(
        Dictionary<string, string> settings, int answersMin, Func<BrokerProcess, bool> isReady,
        Action<MixedLoad, LoopFileSystem, BrokerProcess> round)
    {
        var rounds = PowerCuts.Count;
        KeptFolder.Run("power", (folder, seed) =>
        {
            var random = new Randomness(seed);
            var load = new MixedLoad(random.Split());
            using var disk = new LoopFileSystem(megabytes: 512);
            using var broker = BrokerProcess.Start(settings, Path.Combine(disk.Path, "data"));
            try
            {
                load.Create(broker.Port);
                for (var i = 0; i < rounds; i++)
                {
                    load.Begin(broker.Port);
                    var answers = answersMin + random.Next(answersMin * 2);
                    SpinWait.SpinUntil(() => (load.Answered >= answers && isReady(broker)) || load.HasEnded, Limit);
                    LossException.Unless(
                        load.Answered >= answers && isReady(broker), $"cut {i}: {load.Answered} answers of {answers}, or nothing flushed");
                    round(load, disk, broker);
                }
            }
            catch
            {
                broker.Kill();
                Command.Run("cp", ["-r", broker.DataFolder, folder]);
                throw;
            }

            broker.Kill();
        });
    }

    private static void Cut(MixedLoad load, LoopFileSystem disk, BrokerProcess broker)
    {
        load.PowerGoesOff();
        disk.Cut();
        broker.Kill();
        load.End();
        disk.Remount();
    }

    /// <summary>How soon the kernel writes what nobody syncs, for a while; put back at the end.</summary>
    private sealed class Writeback : IDisposable
    {
        private const string Path = "/proc/sys/vm/dirty_writeback_centisecs";
        private readonly string before = File.ReadAllText(Path);

        public Writeback(int centiseconds) => File.WriteAllText(Path, centiseconds.ToString(CultureInfo.InvariantCulture));

        public void Dispose() => File.WriteAllText(Path, before);
    }
}
