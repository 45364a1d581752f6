using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Recovery;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>A log of three batches that never flushed, the middle one zeros since a power cut. Owned by its test.</summary>
internal sealed class HollowLog
{
    private const string Root = "/hollow";
    private readonly SimDisk _disk;

    private HollowLog(SimDisk disk) => _disk = disk;

    /// <summary>Makes one, all of it on the platters.</summary>
    public static HollowLog Make(SimDisk disk)
    {
        disk.CreateDirectory(Root);
        var log = new HollowLog(disk);
        var scripted = new ScriptedLog("hollow", new Uuid(1, 2)) { Log = log.Open() };
        scripted.Append(0, 0);
        scripted.Append(0, 0);
        scripted.Append(0, 0);
        scripted.Log.Abandon();
        using (var data = disk.Open($"{Root}/{0:D20}.log", FileOpen.ReadWrite))
        {
            var batchBytes = (int)data.Length / 3;
            data.Write(new byte[batchBytes], batchBytes);
        }

        disk.SyncAll();
        return log;
    }

    /// <summary>Opens it as a start does after a crash.</summary>
    public PartitionLog Open() => PartitionLog.Open(new LogOpenRequest
    {
        Disk = _disk,
        DirectoryPath = Root,
        Partition = new TopicPartition("hollow", 0),
        Config = LogConfig.Default,
        NowMs = 1,
        IsClean = false,
        ClosesHoles = true,
    }).Log;
}
