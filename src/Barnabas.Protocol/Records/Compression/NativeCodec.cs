using System.Runtime.InteropServices;

namespace Barnabas.Protocol.Records.Compression;

/// <summary>Finds a shared library of the system by the names it goes by, and functions in it.</summary>
internal static class NativeCodec
{
    /// <summary>A handle to the first library that loads, or 0.</summary>
    public static nint TryLoad(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out var library))
            {
                return library;
            }
        }

        return 0;
    }

    /// <summary>The address of a function, or 0, which also clears <paramref name="complete"/>.</summary>
    public static nint Find(nint library, string function, ref bool complete)
    {
        if (library != 0 && NativeLibrary.TryGetExport(library, function, out var address))
        {
            return address;
        }

        complete = false;
        return 0;
    }
}
