using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Log;
using Barnabas.Log.Batches;
using Barnabas.Log.Directories;
using Barnabas.Log.Indexes;
using Barnabas.Log.Lookups;
using Barnabas.Log.Producers;
using Barnabas.Log.Recovery;
using Barnabas.Log.Segments;

namespace Barnabas.Tests.Damage;

/// <summary>
/// Opens a damaged copy of a data directory as a broker does, and holds what it serves against what was written: nothing else is served,
/// nothing that the damage did not reach is lost, what cannot be used is named. Used once.
/// </summary>
internal sealed class DamagedDirectory(WrittenDirectory written, MemoryDisk disk, string path, TouchedFiles touched)
{
    private static readonly Uuid NewId = new(1, 2);
    private const long NowMs = 1_000_000;
    private readonly Dictionary<string, byte[]> _damaged = touched.Paths
        .Where(file => file.EndsWith(SegmentNames.ProducerSnapshot, StringComparison.Ordinal) && disk.FileExists(file))
        .ToDictionary(file => file, file => SmallFile.Read(disk, file), StringComparer.Ordinal);

    private Dictionary<string, long>? _recoveryPoints;

    /// <summary>Partitions that were opened, and those that were refused by name.</summary>
    public (int Opened, int Refused) Logs { get; private set; }

    /// <summary>False when the whole directory was refused, by name.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Fails when anything is served that was not written, or something is lost without need.</summary>
    public void Check()
    {
        LogDirectory directory;
        try
        {
            if (LogDirectory.Inspect(disk, path) == DirectoryKind.Empty)
            {
                Assert.Fail("a directory that holds partitions was taken for an empty one");
            }

            directory = LogDirectory.Open(disk, path, NewId);
        }
        catch (Exception e) when (e is IOException or LogDirectoryException)
        {
            Assert.Contains(path, e.Message);
            Assert.Contains(touched.Paths, file => Path.GetDirectoryName(file) == path);
            return;
        }

        IsOpen = true;
        foreach (var found in directory.Partitions)
        {
            Check(directory, found);
        }

        foreach (var lost in written.Batches.Keys.Where(folder => directory.Partitions.All(found => found.Path != folder)))
        {
            Assert.Fail($"{lost} was not found");
        }

        directory.Dispose();
    }

    private void Check(LogDirectory directory, PartitionDirectory found)
    {
        OpenedLog opened;
        try
        {
            opened = directory.OpenLog(found, LogConfig.Default with { IndexIntervalBytes = 100 }, NowMs);
        }
        catch (IOException e)
        {
            Logs = Logs with { Refused = Logs.Refused + 1 };
            Assert.True(IsTouched(found.Path), $"{found.Path} was not touched, and is refused: {e.Message}");
            Assert.Contains(found.Path, e.Message);
            return;
        }

        Logs = Logs with { Opened = Logs.Opened + 1 };
        var view = opened.Log.Publish(opened.Log.LogEndOffset);
        var served = Read(view, found.Path, directory.WasClean);
        CheckNothingLost(found.Path, view, served, directory.WasClean);
        _ = LogLookup.ByTimestamp(view, NowMs);
        _ = LogLookup.MaxTimestamp(view);
        opened.Log.Close();
    }

    /// <summary>Reads as a consumer does. Gives the first bytes of all batches that came.</summary>
    private HashSet<long> Read(LogView view, string folder, bool wasClean)
    {
        var served = new HashSet<long>();
        for (var offset = view.LogStartOffset; offset < view.LogEndOffset;)
        {
            var slice = view.Slice(offset, 1 << 20, ReadLimit.LogEnd, minOneBatch: true);
            if (slice.ErrorCode == ErrorCode.CorruptMessage || (slice.ErrorCode == ErrorCode.None && slice.Bytes.IsEmpty))
            {
                offset = NextWritten(folder, offset);
                continue;
            }

            Assert.Equal(ErrorCode.None, slice.ErrorCode);
            var file = slice.Bytes.Data.Path;
            var bytes = new byte[slice.Bytes.Length];
            Assert.Equal(bytes.Length, slice.Bytes.Data.Read(bytes, slice.Bytes.Position));
            slice.Bytes.Release();
            var next = Judge(bytes, file, folder, wasClean, served);
            offset = next > offset ? next : NextWritten(folder, offset);
        }

        return served;
    }

    /// <summary>Where a reader that cannot go on begins again: behind there may be a very large hole.</summary>
    private long NextWritten(string folder, long offset) =>
        written.Batches[folder].Select(batch => batch.BaseOffset).FirstOrDefault(next => next > offset, long.MaxValue);

    /// <summary>Every batch was written so, or lies in a file that nobody had reason to read when the log was opened.</summary>
    private long Judge(ReadOnlySpan<byte> bytes, string file, string folder, bool wasClean, HashSet<long> served)
    {
        var next = -1L;
        while (StoredBatch.TryRead(bytes, out var frame) && frame.SizeBytes <= bytes.Length)
        {
            var batch = bytes[..(int)frame.SizeBytes];
            var isWritten = false;
            foreach (var known in written.ByOffset[frame.BaseOffset])
            {
                isWritten |= known.Bytes.Length == batch.Length && known.IsSameAs(batch);
            }

            if (!isWritten && frame.SizeBytes == bytes.Length && Moved(folder, frame.BaseOffset, bytes.ToArray()) is { } moved)
            {
                served.Add(moved.BaseOffset);
                return frame.LastOffset + 1;
            }

            Assert.True(isWritten || (IsTrusted(file, folder, wasClean) && touched.Contains(file)),
                $"{file} serves offset {frame.BaseOffset}, which was not written so");
            if (isWritten)
            {
                served.Add(frame.BaseOffset);
                next = frame.LastOffset + 1;
            }

            bytes = bytes[batch.Length..];
        }

        Assert.True(bytes.IsEmpty || IsTrusted(file, folder, wasClean), $"{file} serves {bytes.Length} bytes that are no batch");
        return next;
    }

    /// <summary>
    /// A batch at the end of what is served whose offset alone was raised: the checksum does not cover it, and nothing behind it tells.
    /// </summary>
    private WrittenBatch? Moved(string folder, long offset, byte[] bytes) => written.Batches[folder].FirstOrDefault(known =>
        touched.Contains(known.File) && offset > known.BaseOffset && known.Bytes.AsSpan(8).SequenceEqual(bytes.AsSpan(8)));

    private void CheckNothingLost(string folder, LogView view, HashSet<long> served, bool wasClean)
    {
        var sound = written.Sound[folder];
        var isStartKnown = !touched.Contains(Path.Join(path, OffsetCheckpoint.LogStarts));
        var isStartRight = view.LogStartOffset <= sound.Start || !isStartKnown || HasLostFirst(folder);
        Assert.True(isStartRight, $"{folder} begins at {view.LogStartOffset}");
        if (!isStartKnown)
        {
            return;
        }

        foreach (var batch in written.Batches[folder].Where(batch => batch.LastOffset >= sound.Start))
        {
            var isReached = touched.Overlaps(batch.File, batch.Position, batch.Position + batch.Bytes.Length)
                || (touched.Contains(batch.File) && IsTrusted(batch.File, folder, wasClean));
            Assert.True(isReached || served.Contains(batch.BaseOffset),
                $"{batch.File} lost offset {batch.BaseOffset} at {batch.Position}, which the damage did not reach");
        }

        if (!touched.Paths.Any(file => file.StartsWith(folder + "/", StringComparison.Ordinal) && IsData(file)))
        {
            CheckAborted(folder, view, sound.Aborted, wasClean);
        }
    }

    /// <summary>
    /// A list of aborted transactions has no checksum: what is not read again is believed where it may be true, and missed where the file
    /// is gone. A producer snapshot that is whole is believed too, also another partition's.
    /// </summary>
    private void CheckAborted(string folder, LogView view, IReadOnlyList<AbortedTransaction> sound, bool wasClean)
    {
        var aborted = view.AbortedBetween(view.LogStartOffset, view.LogEndOffset);
        Assert.All(aborted, entry => Assert.InRange(entry.LastOffset, entry.FirstOffset, view.LogEndOffset - 1));
        var isBelieved = touched.Paths.Any(file => file.StartsWith(folder + "/", StringComparison.Ordinal)
            && (IsWholeSnapshot(file) || (file.EndsWith(SegmentNames.TransactionIndex, StringComparison.Ordinal)
                && IsTrusted(Path.ChangeExtension(file, SegmentNames.Data), folder, wasClean))));
        if (!isBelieved)
        {
            Assert.Equal<AbortedTransaction>(sound.Order(ByMarker), aborted.Order(ByMarker));
        }
    }

    private bool IsWholeSnapshot(string file) => file.EndsWith(SegmentNames.ProducerSnapshot, StringComparison.Ordinal)
        && _damaged.TryGetValue(file, out var bytes)
        && ProducerSnapshot.TryLoad(bytes, new ProducerStates());

    private static readonly Comparer<AbortedTransaction> ByMarker =
        Comparer<AbortedTransaction>.Create((one, other) => one.LastOffset.CompareTo(other.LastOffset));

    private static bool IsData(string file) => file.EndsWith(SegmentNames.Data, StringComparison.Ordinal);

    private bool IsTouched(string folder) => touched.Paths.Any(file => file.StartsWith(folder + "/", StringComparison.Ordinal));

    private bool HasLostFirst(string folder) => written.Batches[folder] is [var first, ..] && touched.Contains(first.File);

    /// <summary>
    /// What a log that was closed properly, or flushed, holds between its two ends is not read when it is opened.
    /// </summary>
    private bool IsTrusted(string file, string folder, bool wasClean)
    {
        if (folder.EndsWith("__cluster_metadata-0", StringComparison.Ordinal))
        {
            return false;
        }

        var next = written.Files.Where(other => IsData(other) && Path.GetDirectoryName(other) == folder)
            .SkipWhile(other => other != file).Skip(1).FirstOrDefault();
        return wasClean || (next is not null && RecoveryPointOf(folder) >= OffsetOf(next));
    }

    private static long OffsetOf(string file) => long.Parse(Path.GetFileNameWithoutExtension(file));

    private long RecoveryPointOf(string folder)
    {
        _recoveryPoints ??= OffsetCheckpoint.Read(disk, Path.Join(path, OffsetCheckpoint.RecoveryPoints))
            .ToDictionary(point => point.Key.ToString(), point => point.Value);
        return _recoveryPoints.GetValueOrDefault(Path.GetFileName(folder));
    }
}
