using Barnabas.Base.Seams;

namespace Barnabas.Simulation.Seams;

/// <summary>An open file of a <see cref="SimDisk"/>; lives as long as the process that opened it.</summary>
internal sealed class SimFile(SimDisk disk, SimInode inode, string path, long epoch) : IDiskFile
{
    /// <inheritdoc/>
    public string Path => path;

    /// <inheritdoc/>
    public long Length => inode.Length;

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position) => inode.Read(buffer, position);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        disk.CheckEpoch(epoch);
        var copy = disk.Rewrites(path, bytes.ToArray());
        disk.Begin("write", path, dying => inode.Write(copy.AsSpan(0, dying.Next(copy.Length + 1)), position, disk.Operations));
        inode.ModifiedMs = disk.NowMs;
        if (disk.DelaysWrite(path))
        {
            disk.Later(() => inode.Write(copy, position, disk.Operations));
        }
        else
        {
            inode.Write(copy, position, disk.Operations);
        }
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<BytePiece> pieces, long position)
    {
        var bytes = new List<byte>();
        foreach (var piece in pieces)
        {
            bytes.AddRange(piece.Span);
        }

        Write(bytes.ToArray(), position);
    }

    /// <inheritdoc/>
    public void Truncate(long length)
    {
        disk.CheckEpoch(epoch);
        disk.Begin("truncate", path);
        inode.Truncate(disk.CutsTo(path, length), disk.Operations);
    }

    /// <inheritdoc/>
    public void Reserve(long length)
    {
        disk.CheckEpoch(epoch);
        disk.Begin("reserve", path);
    }

    /// <inheritdoc/>
    public void Sync()
    {
        disk.CheckEpoch(epoch);
        disk.Begin("fsync", path);
        if (!disk.SkipsSync(path))
        {
            inode.Sync();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
