using System.Text;
using Barnabas.Base;
using Barnabas.Base.Seams;

namespace Barnabas.Cluster.Raft;

/// <summary>
/// The file <c>quorum-state</c> in the metadata log's directory. Blocks, so it is used while loading and by the thread beside the metadata
/// loop, one at a time.
/// </summary>
public sealed class QuorumStateFile(IDisk disk, string directory)
{
    private const int BytesMax = 1 << 20;
    private readonly string _path = Path.Join(directory, "quorum-state");

    /// <summary>What the file says; <see cref="QuorumState.Initial"/> when there is none.</summary>
    /// <exception cref="MalformedException">The file is there and is not a quorum state.</exception>
    public QuorumState Load()
    {
        if (!disk.FileExists(_path))
        {
            return QuorumState.Initial;
        }

        using var file = disk.Open(_path, FileOpen.Read);
        var bytes = new byte[Math.Min(file.Length, BytesMax)];
        try
        {
            return QuorumState.Parse(bytes.AsSpan(0, file.Read(bytes, 0)));
        }
        catch (MalformedException e)
        {
            throw new MalformedException($"{_path} is damaged ({e.Message}); restore it from a copy: without it a vote may be given twice");
        }
    }

    /// <summary>Replaces the file: after a crash it says the old state or the new one.</summary>
    public void Store(QuorumState state, IReadOnlyList<int>? staticVoters)
    {
        var temporary = _path + ".tmp";
        FaultPoint.Here("quorum-state.before-write");
        using (var file = disk.Open(temporary, FileOpen.CreateOrTruncate))
        {
            file.Write(Encoding.UTF8.GetBytes(state.ToText(staticVoters)), 0);
            FaultPoint.Here("quorum-state.before-sync");
            file.Sync();
        }

        FaultPoint.Here("quorum-state.before-rename");
        disk.Rename(temporary, _path);
        FaultPoint.Here("quorum-state.before-directory-sync");
        disk.SyncDirectory(directory);
        FaultPoint.Here("quorum-state.stored");
    }
}
