using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Barnabas.Shared;

namespace Barnabas.Conformance.Support;

/// <summary>
/// An ext4 file system in a file, on a loop device, which a test may take the power from. Needs the rights of root. Owned by the test that
/// made it; nothing of it is left when it is disposed.
/// </summary>
internal sealed partial class LoopFileSystem : IDisposable
{
    private const uint Shutdown = 0x8004587d; // FS_IOC_SHUTDOWN
    private const uint NoLogFlush = 2;
    private readonly TemporaryFolder folder = new();
    private bool isMounted;

    /// <summary>Makes and mounts one; its journal is written only when somebody syncs, or after ten minutes.</summary>
    public LoopFileSystem(int megabytes)
    {
        using (var image = File.Create(Image))
        {
            image.SetLength((long)megabytes << 20);
        }

        Directory.CreateDirectory(Path);
        Command.Run("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", Image]).Succeeded();
        Mount();
    }

    /// <summary>Where it is mounted.</summary>
    public string Path => folder.At("mounted");

    private string Image => folder.At("image");

    /// <summary>The reason why tests cannot have such file systems here, or null.</summary>
    public static string? Missing { get; } = Try();

    /// <summary>Takes the power away: nothing that is not on the disk by now will ever be, and every write fails from now on.</summary>
    public void Cut()
    {
        using var root = Open(Path);
        if (Control(root, Shutdown, NoLogFlush) != 0)
        {
            throw new IOException($"FS_IOC_SHUTDOWN of {Path}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Brings it back, as a machine does that starts again. Nobody may have a file of it open.</summary>
    public void Remount()
    {
        Unmount();
        Mount();
    }

    public void Dispose()
    {
        if (isMounted)
        {
            Unmount();
        }

        folder.Dispose();
    }

    private static string? Try()
    {
        if (Needs.Missing([Need.Linux, Need.Root]) is { } reason)
        {
            return reason;
        }

        try
        {
            using var tried = new LoopFileSystem(16);
            return null;
        }
        catch (Exception e)
        {
            return $"ext4 cannot be mounted from a file here: {e.Message.Split('\n')[0]}";
        }
    }

    private void Mount()
    {
        Command.Run("mount", ["-o", "loop,commit=600", Image, Path]).Succeeded();
        isMounted = true;
    }

    private void Unmount()
    {
        Command.Run("umount", [Path]).Succeeded();
        isMounted = false;
    }

    private static SafeFileHandle Open(string path)
    {
        const int DirectoryReadOnly = 0x10000;
        var descriptor = OpenFile(path, DirectoryReadOnly);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"open {path}: errno {Marshal.GetLastPInvokeError()}"));
    }

    private static int Control(SafeFileHandle file, uint request, uint flags) => IoControl(file, request, ref flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, ref uint argument);
}

/// <summary>A fact about the broker over a file system that loses its power; skipped, with the reason, where none can be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PowerCutFactAttribute : FactAttribute
{
    public PowerCutFactAttribute() => Skip = PowerCuts.Missing;
}

/// <summary>Whether power is cut, and how often. Stateless.</summary>
internal static class PowerCuts
{
    private const string Option = "BARNABAS_POWER_CUTS";

    /// <summary>How often each test cuts.</summary>
    public static int Count => int.Parse(Environment.GetEnvironmentVariable(Option) ?? "4", CultureInfo.InvariantCulture);

    /// <summary>The reason to skip, or null.</summary>
    public static string? Missing => Environment.GetEnvironmentVariable(Option) is null
        ? $"runs where {Option} says how often"
        : Target.Missing([Need.Root], []) ?? LoopFileSystem.Missing;
}

/// <summary>A theory about the broker over a file system that loses its power; skipped, with the reason, where none can be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PowerCutTheoryAttribute : TheoryAttribute
{
    public PowerCutTheoryAttribute() => Skip = PowerCuts.Missing;
}
