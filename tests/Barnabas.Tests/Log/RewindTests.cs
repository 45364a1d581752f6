using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Broker.Worlds;
using Barnabas.Log;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Worlds;

namespace Barnabas.Tests.Log;

/// <summary>A disk that is full in the middle of an append: the log goes back to what it was, and on when there is room.</summary>
public sealed class RewindTests
{
    [Theory, InlineData(0), InlineData(40), InlineData(100_000)]
    public void An_append_that_found_no_room_leaves_nothing_behind(int bytesThrough)
    {
        var disk = new FaultyDisk(new FileDisk()) { BytesThrough = bytesThrough };
        using var fixture = new LogFixture { Disk = disk };
        fixture.Append(3, Producer(0));
        var length = new FileInfo(fixture.PathOf(0, ".log")).Length;
        disk.Before = (call, path) => Refuse(call == "write", path);
        Assert.Throws<DiskFullException>(() => fixture.Append(2, Producer(3)));
        Assert.True(fixture.Log.IsBroken);

        disk.Before = null;
        fixture.Log.Rewind();
        Assert.Equal((3L, length), (fixture.Log.LogEndOffset, new FileInfo(fixture.PathOf(0, ".log")).Length));

        // The producer may send it again, and nothing else.
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, fixture.Append(1, Producer(5)).ErrorCode);
        Assert.Equal((ErrorCode.None, 3L), Of(fixture.Append(2, Producer(3))));
        Assert.Equal((ErrorCode.None, 3L), Of(fixture.Append(2, Producer(3))));
        Assert.Equal([3, 2], LogFixture.ReadAll(fixture.Log.View, 0).Select(h => h.RecordCount));
        fixture.ReopenAfterCrash();
        Assert.Equal([3, 2], LogFixture.ReadAll(fixture.Log.View, 0).Select(h => h.RecordCount));
    }

    [Theory, InlineData("create", false), InlineData("reserve", true), InlineData("write", false)]
    public void A_roll_that_found_no_room_leaves_no_segment_behind(string call, bool preallocates)
    {
        var disk = new FaultyDisk(new FileDisk());
        using var fixture = new LogFixture
        {
            Disk = disk, Config = LogConfig.Default with { SegmentBytes = 550, Preallocate = preallocates },
        };
        fixture.Append(3);
        disk.Before = (now, path) => Refuse(now == call && path.EndsWith("3.log", StringComparison.Ordinal), path);
        Assert.Throws<DiskFullException>(() => fixture.Append(2, valueBytes: 200));
        disk.Before = null;
        fixture.Log.Rewind();

        // Fits into the first segment after all, behind whose base another file would end it.
        fixture.Append(1);
        fixture.Append(2, valueBytes: 200);
        Assert.Equal([3, 1, 2], LogFixture.ReadAll(fixture.Log.View, 0).Select(h => h.RecordCount));
        fixture.Log.BeginFlush(includeActive: true).Run();
        fixture.ReopenClean();
        Assert.Equal([3, 1, 2], LogFixture.ReadAll(fixture.Log.View, 0).Select(h => h.RecordCount));
        fixture.ReopenAfterCrash();
        Assert.Equal([3, 1, 2], LogFixture.ReadAll(fixture.Log.View, 0).Select(h => h.RecordCount));
    }

    private static BatchOptions Producer(int sequence) => new() { ProducerId = 7, ProducerEpoch = 0, BaseSequence = sequence };

    private static (ErrorCode Error, long Offset) Of(AppendResult result) => (result.ErrorCode, result.BaseOffset);

    private static void Refuse(bool now, string path)
    {
        if (now)
        {
            throw new DiskFullException($"write {path}: ENOSPC", 28);
        }
    }
}
