using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Barnabas.Base.Loops;
using Barnabas.Broker.Worlds;

namespace Barnabas.Tests.Worlds;

public sealed class ThreadShareTests
{
    private static readonly bool HasSlices = OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(6, 12)
        && RuntimeInformation.ProcessArchitecture is Architecture.X64;

    [Fact]
    public void Only_threads_that_give_way_have_short_slices()
    {
        var (usual, givingWay) = (SliceNs(givesWay: false), SliceNs(givesWay: true));
        if (HasSlices)
        {
            Assert.Equal(ThreadShare.ShortestSliceNs, givingWay);
            Assert.True(usual > givingWay, $"{usual} ns");
        }
    }

    // What the system says of a pool's thread: 0 where it knows no slices.
    private static long SliceNs(bool givesWay)
    {
        var slice = 0L;
        using (var pool = new BackgroundPool(1, "share", givesWay))
        {
            pool.Post(new ActionTask(() =>
            {
                var attributes = new byte[48];
                slice = HasSlices && GetAttributes(315, 0, attributes, (uint)attributes.Length, 0) == 0
                    ? BinaryPrimitives.ReadInt64LittleEndian(attributes.AsSpan(24))
                    : 0;
            }));
        }

        return slice;
    }

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint GetAttributes(nint number, int thread, byte[] attributes, uint size, uint flags);
}
