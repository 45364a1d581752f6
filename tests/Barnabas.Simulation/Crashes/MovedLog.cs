using Barnabas.Base;
using Barnabas.Log;
using Barnabas.Log.Copying;
using Barnabas.Log.Directories;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// A log on its way from one log directory to another, as the owner of both moves it. Runs in the test's thread; the disk ends it wherever
/// the test says.
/// </summary>
internal sealed class MovedLog
{
    private const string From = "/from", To = "/to";
    private static readonly LogConfig Config = LogConfig.Default with { SegmentBytes = 600, IndexIntervalBytes = 100 };
    private readonly SimDisk _disk;
    private readonly ScriptedLog _topic = new("moved", new Uuid(7, 7));
    private LogDirectory _from;

    private MovedLog(SimDisk disk)
    {
        _disk = disk;
        Format(From, new Uuid(1, 1));
        Format(To, new Uuid(1, 2));
        _from = Open(From);
        _topic.Log = _from.CreateLog(_topic.Partition, _topic.Id, Config, 0).Log;
        Fill(20);
        Flush();
        Fill(2);
    }

    /// <summary>True once the move has come to its end.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>A log that is flushed but for its end, and about to move.</summary>
    public static MovedLog Make(SimDisk disk) => new(disk);

    /// <summary>Moves it: a part, more that comes meanwhile, the rest.</summary>
    public void Move()
    {
        using var to = Open(To);
        using var copy = new LogCopy(to.CreateFuture(_topic.Partition, _topic.Id, new Uuid(3, 3), Config, 0, 0).Log);
        CopyAll(copy);
        copy.Flush();
        Fill(3);
        CopyAll(copy);
        copy.Complete(_topic.Log.View);
        to.Promote(copy.Log, firstDirtyOffset: -1, 0);

        // Acknowledged as moved: from here on what is flushed there counts, whatever becomes of the old one.
        _topic.MakeDurable(_topic.End);
        HasMoved = true;
        _topic.Log.Abandon();
        _from.Remove(_from.MarkDeleted(_topic.Partition, new Uuid(3, 4)));
    }

    /// <summary>Whatever has died, one directory has the log, and what has its name in the other is the log too.</summary>
    public void CheckAfter(bool isPowerCut)
    {
        using var from = Open(From);
        using var to = Open(To);
        var inTo = Check(to, isPowerCut);
        Assert.True(inTo || !HasMoved, "the copy is gone");

        // The old one keeps what was flushed in it; that of the end only was promised which moved.
        var inFrom = from.Partitions.Count == 1;
        Assert.True(inTo || inFrom, "the log is in neither directory");
        if (!inTo)
        {
            Check(from, isPowerCut);
        }
    }

    private bool Check(LogDirectory directory, bool isPowerCut)
    {
        foreach (var found in directory.Partitions)
        {
            Assert.Equal(_topic.Id, found.TopicId);
            _topic.CheckAgainst(directory.OpenLog(found, Config, 0).Log, isPowerCut);
        }

        return directory.Partitions.Count == 1;
    }

    private void CopyAll(LogCopy copy)
    {
        while (copy.Read(() => _topic.Log.View, out var error))
        {
            Assert.Equal(ErrorCode.None, error);
            Assert.True(copy.Write(_topic.Log.View, 0));
        }
    }

    private void Fill(int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            _topic.Append(0, epoch: 0);
        }
    }

    private void Flush()
    {
        var job = _topic.Log.BeginFlush(includeActive: true);
        job.Run();
        _topic.Log.CompleteFlush(job);
        _topic.MakeDurable(_topic.Log.RecoveryPoint);
        _from.WriteRecoveryPoints([new PartitionOffset(_topic.Partition, _topic.Log.RecoveryPoint)]);
    }

    private void Format(string path, Uuid id)
    {
        _disk.CreateDirectory(path);
        _disk.SyncAll();
        LogDirectory.Format(_disk, path, new MetaProperties("a-cluster", 1, id));
    }

    private LogDirectory Open(string path) => LogDirectory.Open(_disk, path, new Uuid(9, 9));
}
