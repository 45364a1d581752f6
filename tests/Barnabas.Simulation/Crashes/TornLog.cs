using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>A log whose first segment ends in half a batch, with files behind it of which nothing was written. Owned by its test.</summary>
internal sealed class TornLog
{
    private const string Root = "/torn";
    private readonly SimDisk _disk;

    private TornLog(SimDisk disk, long end)
    {
        _disk = disk;
        End = end;
    }

    /// <summary>Where the log ends by right.</summary>
    public long End { get; }

    /// <summary>Makes one, all of it on the platters.</summary>
    public static TornLog Make(SimDisk disk, LogConfig config)
    {
        disk.CreateDirectory(Root);
        var scripted = new ScriptedLog("torn", new Uuid(1, 1)) { Log = Open(disk, config) };
        scripted.Append(0, 0);
        scripted.Append(0, 0);
        scripted.Log.Abandon();
        using (var data = disk.Open($"{Root}/{0:D20}.log", FileOpen.ReadWrite))
        {
            data.Truncate(data.Length - 10);
        }

        foreach (var offset in new[] { 6, 12 })
        {
            disk.Open($"{Root}/{offset:D20}.log", FileOpen.CreateOrTruncate).Dispose();
        }

        disk.SyncAll();
        return new TornLog(disk, 2);
    }

    /// <summary>Opens it as a start does after a crash.</summary>
    public PartitionLog Open(LogConfig config) => Open(_disk, config);

    private static PartitionLog Open(SimDisk disk, LogConfig config) => PartitionLog.Open(new LogOpenRequest
    {
        Disk = disk, DirectoryPath = Root, Partition = new TopicPartition("torn", 0), Config = config, NowMs = 1, IsClean = false,
    }).Log;
}
