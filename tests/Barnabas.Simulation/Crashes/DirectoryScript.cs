using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Directories;
using Barnabas.Log.Retention;
using Barnabas.Protocol.Records;
using Barnabas.Simulation.Seams;

namespace Barnabas.Simulation.Crashes;

/// <summary>
/// One life of a log directory, with every kind of change that its owner makes to it, and the model of what each moment must leave and may
/// leave behind. Runs in the test's thread; the disk ends it wherever the test says.
/// </summary>
internal sealed class DirectoryScript(SimDisk disk)
{
    private const string Root = "/data";
    private const int EpochOffsets = 10;
    private static readonly MetaProperties Meta = new("a-cluster", 1, new Uuid(1, 1));

    private static readonly LogConfig Config = LogConfig.Default with
    {
        SegmentBytes = 600, IndexIntervalBytes = 100, RetentionBytes = 1500, RetentionMs = -1, Preallocate = true,
    };

    private readonly Dictionary<string, ScriptedLog> _topics = [];
    private readonly Randomness _ids = new(1);
    private LogDirectory? _directory;
    private bool _isFormatted;
    private bool _mayBeClean;
    private bool _hasLostItsEnd;
    private long _nowMs = 1_000_000;

    /// <summary>The whole life, to a clean end.</summary>
    public void Run()
    {
        disk.CreateDirectory(Root);
        disk.SyncAll();
        Open();
        var first = Create("first");
        Fill(first, 12);
        Flush(first, includeActive: true);
        WriteCheckpoints();
        Fill(first, 8);
        Truncate(first, 26);
        Fill(first, 5);
        Flush(first, includeActive: false);
        Truncate(first, 14);
        WriteCheckpoints(); // as who cuts below the recovery point does, before more is appended
        Fill(first, 9);
        Retain(first);
        Fill(first, 2);
        AdvanceLogStart(first);
        Retain(first);
        var second = Create("second");
        Fill(second, 37);
        Flush(second, includeActive: false); // some of it
        WriteCheckpoints();
        Flush(second, includeActive: true);
        Delete(second);
        Fill(Create("second"), 3);
        Close();

        Open();
        var again = _topics["first"];
        Fill(again, 6);
        Flush(again, includeActive: true);
        WriteCheckpoints();
        StartOver(again);
        Fill(again, 3);
        Delete(_topics["second"]);
        WriteCheckpoints();
        Close();
    }

    /// <summary>Opens what the end has left, as a start does that may die as well.</summary>
    public void Recover()
    {
        if (LogDirectory.Inspect(disk, Root) == DirectoryKind.Kafka)
        {
            using var directory = LogDirectory.Open(disk, Root, new Uuid(1, 1));
            directory.Begin();
            foreach (var found in directory.Partitions)
            {
                directory.OpenLog(found, Config, _nowMs);
            }
        }
    }

    /// <summary>Opens what the end has left, and closes it cleanly.</summary>
    public void RecoverAndClose()
    {
        if (LogDirectory.Inspect(disk, Root) == DirectoryKind.Kafka)
        {
            using var directory = LogDirectory.Open(disk, Root, new Uuid(1, 1));
            directory.Begin();
            var logs = directory.Partitions.Select(found => directory.OpenLog(found, Config, _nowMs).Log).ToList();
            logs.ForEach(log => log.Close());
            directory.WriteRecoveryPoints([.. logs.Select(log => new PartitionOffset(log.Partition, log.RecoveryPoint))]);
            _mayBeClean = true;
            _hasLostItsEnd = true;
            directory.CloseClean(7);
        }
    }

    /// <summary>Opens what the end has left, and judges it.</summary>
    public void CheckAfter(bool isPowerCut)
    {
        if (LogDirectory.Inspect(disk, Root) == DirectoryKind.Empty)
        {
            Assert.False(_isFormatted, "the identity of the directory is gone");
            return;
        }

        using var directory = LogDirectory.Open(disk, Root, new Uuid(1, 1));
        Assert.Equal(Meta, directory.Meta);
        Assert.True(_mayBeClean || !directory.WasClean, "it says that it was closed, and it was not");
        foreach (var found in directory.Partitions)
        {
            var topic = _topics.GetValueOrDefault(found.Partition.Topic);
            Assert.True(topic is not null, $"{found.Partition} was deleted");
            if (topic.Id == found.TopicId)
            {
                var opened = directory.OpenLog(found, Config, _nowMs);
                Assert.True(opened.Report.Damages.Count == 0, $"{found.Partition} is said to be damaged: {opened.Report}");
                topic.CheckAgainst(opened.Log, isPowerCut && (!directory.WasClean || _hasLostItsEnd));
            }
            else
            {
                Assert.False(topic.IsMade, $"{found.Partition} belongs to topic {found.TopicId}, not {topic.Id}");
            }
        }

        Assert.All(_topics.Values.Where(topic => topic is { IsMade: true, MayBeGone: false }), topic =>
            Assert.Contains(directory.Partitions, found => found.TopicId == topic.Id));
    }

    private void Open()
    {
        if (LogDirectory.Inspect(disk, Root) == DirectoryKind.Empty)
        {
            LogDirectory.Format(disk, Root, Meta);
            _isFormatted = true;
        }

        _directory = LogDirectory.Open(disk, Root, new Uuid(1, 1));
        _directory.Begin();
        _mayBeClean = false;
        foreach (var leftover in _directory.Leftovers)
        {
            _directory.Remove(leftover);
        }

        foreach (var found in _directory.Partitions)
        {
            var topic = _topics[found.Partition.Topic];
            topic.Log = _directory.OpenLog(found, Config, _nowMs).Log;
            topic.Log.Publish(topic.Log.LogEndOffset);
        }
    }

    private ScriptedLog Create(string name)
    {
        // From here on a directory of the old topic may not come back, and one of the new topic may be there.
        var topic = _topics[name] = new ScriptedLog(name, _ids.NextUuid());
        topic.Log = _directory!.CreateLog(topic.Partition, topic.Id, Config, _nowMs).Log;
        topic.IsMade = true;
        return topic;
    }

    private void Delete(ScriptedLog topic)
    {
        topic.Log.Abandon();
        topic.MayBeGone = true;
        var aside = _directory!.MarkDeleted(topic.Partition, _ids.NextUuid());
        _topics.Remove(topic.Partition.Topic);
        _directory.Remove(aside);
    }

    private void Fill(ScriptedLog topic, int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            topic.Append(_nowMs++, (int)(topic.End / EpochOffsets));
        }
    }

    private static void Flush(ScriptedLog topic, bool includeActive)
    {
        var job = topic.Log.BeginFlush(includeActive);
        job.Run();
        topic.Log.CompleteFlush(job);
        topic.MakeDurable(topic.Log.RecoveryPoint);
    }

    private void Truncate(ScriptedLog topic, long offset)
    {
        topic.Cut(offset);
        topic.Log.TruncateTo(offset);
        topic.HasBeenCut();
    }

    private void StartOver(ScriptedLog topic)
    {
        topic.StartsOver(topic.End + 100);
        topic.Log.TruncateFully(topic.End, _nowMs);
        topic.HasBeenCut();
    }

    private void Retain(ScriptedLog topic)
    {
        if (RetentionPlan.Make(topic.Log.View, Config, _nowMs) is { } plan)
        {
            topic.MayStartAt(plan.EndOffset);
            var job = topic.Log.Delete(plan, _nowMs)!;
            job.Rename();
            job.Remove();
        }
    }

    private static void AdvanceLogStart(ScriptedLog topic)
    {
        topic.MayStartAt(topic.End - 3);
        Assert.Equal(ErrorCode.None, topic.Log.AdvanceLogStart(topic.End - 3));
    }

    private void WriteCheckpoints()
    {
        var topics = _topics.Values.ToArray();
        _directory!.WriteRecoveryPoints([.. topics.Select(t => new PartitionOffset(t.Partition, t.Log.RecoveryPoint))]);
        _directory.WriteLogStarts([.. topics.Select(t => new PartitionOffset(t.Partition, t.Log.View.LogStartOffset))]);
        _directory.WriteHighWatermarks([.. topics.Select(t => new PartitionOffset(t.Partition, t.Log.View.HighWatermark))]);
    }

    private void Close()
    {
        foreach (var topic in _topics.Values)
        {
            topic.Log.Close();
            topic.MakeDurable(topic.End);
        }

        WriteCheckpoints();
        _mayBeClean = true;
        _directory!.CloseClean(7);
    }
}
