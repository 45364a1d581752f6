using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;

namespace Barnabas.Broker.Quorum;

/// <summary>
/// Writes snapshots of the published image when enough was committed or enough time has passed, and drops what they make needless. Its
/// state is owned by the metadata loop; files are written on a loop beside it. A node whose metadata does not change sets no timer.
/// </summary>
internal sealed class SnapshotKeeper
{
    private readonly QuorumDriver _driver;
    private readonly Loop _beside;
    private readonly ActionTimer _timer;
    private long _bytesAtSnapshot = -1;
    private bool _isBusy;
    private bool _isStopped;

    public SnapshotKeeper(QuorumDriver driver, Loop beside)
    {
        _driver = driver;
        _beside = beside;
        _timer = new ActionTimer(() => driver.Guard(Begin));
    }

    private MetadataLogConfig Config => _driver.Setup.Node.Log;

    /// <summary>More is committed.</summary>
    public void Committed()
    {
        var bytes = _driver.Node.Log.CommittedBytes;
        if (_bytesAtSnapshot < 0)
        {
            _bytesAtSnapshot = _driver.Node.LastSnapshot.EndOffset > 0 ? bytes : 0;
        }

        if (bytes - _bytesAtSnapshot >= Config.SnapshotAfterBytes)
        {
            Begin();
        }
        else if (!_isStopped && Config.SnapshotAfterMs > 0 && !_timer.IsSet)
        {
            _driver.Loop.Timers.Set(_timer, _driver.Loop.DueIn(Config.SnapshotAfterMs));
        }
    }

    /// <summary>Writes nothing more; <paramref name="then"/> runs beside the loop, behind what is being written.</summary>
    public void Stop(Action then)
    {
        _isStopped = true;
        _driver.Loop.Timers.Cancel(_timer);
        _beside.Post(new ActionTask(then));
    }

    private void Begin()
    {
        var image = _driver.Publisher.Image;
        var id = new SnapshotId(image.EndOffset, image.Epoch);
        if (_isBusy || _isStopped || _driver.HasFailed || image.EndOffset <= _driver.Node.LastSnapshot.EndOffset)
        {
            return;
        }

        _isBusy = true;
        _driver.Loop.Timers.Cancel(_timer);
        _bytesAtSnapshot = _driver.Node.Log.CommittedBytes;
        var head = new SnapshotHead(image.TimestampMs, _driver.Node.Raft.KRaftVersion, _driver.Node.Raft.Voters);
        var (disk, directory) = (_driver.Setup.Node.Disk, _driver.Setup.Node.MetadataDirectory);
        _beside.Post(new ActionTask(() => _driver.Guard(() =>
        {
            SnapshotWriter.Write(disk, directory, id, head, ImageRecords.Of(image));
            var files = _driver.Node.Snapshots.List();
            _driver.Post(() => Written(id, files));
        })));
    }

    private void Written(SnapshotId id, IReadOnlyList<SnapshotFile> files)
    {
        _driver.Node.LastSnapshot = id;
        if (!_isStopped && !Clean(files))
        {
            Cleaned();
        }
    }

    private void Cleaned()
    {
        _isBusy = false;
        if (!_isStopped)
        {
            Committed(); // what came meanwhile
        }
    }

    // A snapshot may go, and the log below the next one with it, when both are too large or it is too old. The newest always stays.
    // False when nothing goes; the next snapshot waits until all is gone, so that its list of files is true.
    private bool Clean(IReadOnlyList<SnapshotFile> files)
    {
        var bytes = _driver.Node.Log.SizeBytes + files.Sum(file => file.SizeBytes);
        var gone = 0;
        while (gone < files.Count - 1 && (IsTooMuch(bytes) || IsTooOld(files[gone])))
        {
            bytes -= files[gone].SizeBytes;
            gone++;
        }

        if (gone == 0)
        {
            return false;
        }

        var deletion = _driver.Node.Log.DeleteBefore(files[gone].Id.EndOffset, _driver.Loop.NowWallMs);
        _driver.PostJob(() =>
        {
            deletion?.Rename();
            deletion?.Remove();
            foreach (var file in files.Take(gone))
            {
                _driver.Node.Snapshots.Delete(file.Id);
            }

            _driver.Post(Cleaned);
        });
        return true;
    }

    private bool IsTooMuch(long bytes) => Config.RetentionBytes >= 0 && bytes > Config.RetentionBytes;

    private bool IsTooOld(SnapshotFile file) => Config.RetentionMs >= 0 && _driver.Loop.NowWallMs - file.WrittenMs > Config.RetentionMs;
}
