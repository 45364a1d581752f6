using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults.Disks;

/// <summary>
/// A small file system of its own, in memory or on a loop device. Needs the rights of root. Owned by the test that made it.
/// </summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>Makes and mounts one.</summary>
    /// <param name="type">tmpfs or ext4.</param>
    /// <param name="megabytes">Its size.</param>
    public SmallFileSystem(string type, int megabytes)
    {
        Directory.CreateDirectory(Root);
        if (type == "tmpfs")
        {
            Command.Run("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "none", Root]).Succeeded();
            return;
        }

        using (var image = File.Create(folder.At("image")))
        {
            image.SetLength((long)megabytes << 20);
        }

        Command.Run("mkfs.ext4", ["-q", "-F", "-m", "0", folder.At("image")]).Succeeded();
        Command.Run("mount", ["-o", "loop", folder.At("image"), Root]).Succeeded();
    }

    private string Root => folder.At("mounted");

    private string Filler => At("filler");

    /// <summary>A path in it.</summary>
    public string At(string name) => Path.Combine(Root, name);

    /// <summary>Takes all the room but so many bytes.</summary>
    public void Fill(long leavesBytes)
    {
        using var file = File.Create(Filler);
        var block = new byte[64 << 10];
        while (Free() > leavesBytes)
        {
            try
            {
                file.Write(block.AsSpan(0, (int)Math.Clamp(Free() - leavesBytes, 1, block.Length)));
                file.Flush();
            }
            catch (IOException)
            {
                return;
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Empty() => File.Delete(Filler);

    public void Dispose()
    {
        Command.Run("umount", [Root]).Succeeded();
        folder.Dispose();
    }

    private long Free() => new DriveInfo(Root).AvailableFreeSpace;
}
