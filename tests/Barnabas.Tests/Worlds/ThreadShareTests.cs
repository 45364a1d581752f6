using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Barnabas.Base.Loops;
using Barnabas.Broker.Worlds;

namespace Barnabas.Tests.Worlds;

public sealed class ThreadShareTests
{
    private static readonly bool IsAsked = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64;
    private static readonly bool HasSlices = IsAsked && Environment.OSVersion.Version >= new Version(6, 12);

    [Fact]
    public void Only_threads_that_give_way_have_short_slices()
    {
        if (HasSlices)
        {
            var (usual, givingWay) = (Share(givesWay: false).SliceNs, Share(givesWay: true).SliceNs);
            Assert.Equal(ThreadShare.ShortestSliceNs, givingWay);
            Assert.True(usual > givingWay, $"{usual} ns");
        }
    }

    [Fact]
    public void Only_threads_that_give_way_have_a_small_share()
    {
        if (IsAsked)
        {
            Assert.Equal(ThreadShare.Nice, Share(givesWay: true).Nice);
            Assert.True(Share(givesWay: false).Nice < ThreadShare.Nice);
        }
    }

    // What the system says of a pool's thread.
    private static (int Nice, long SliceNs) Share(bool givesWay)
    {
        var attributes = new byte[48];
        using (var pool = new BackgroundPool(1, "share", givesWay))
        {
            pool.Post(new ActionTask(() =>
            {
                if (GetAttributes(315, 0, attributes, (uint)attributes.Length, 0) != 0)
                {
                    attributes.AsSpan().Fill(0xFF);
                }
            }));
        }

        var nice = BinaryPrimitives.ReadInt32LittleEndian(attributes.AsSpan(16));
        return (nice, BinaryPrimitives.ReadInt64LittleEndian(attributes.AsSpan(24)));
    }

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint GetAttributes(nint number, int thread, byte[] attributes, uint size, uint flags);
}
