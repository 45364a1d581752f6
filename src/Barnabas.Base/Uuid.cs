using System.Buffers.Binary;
using System.Buffers.Text;

namespace Barnabas.Base;

/// <summary>
/// Kafka's 128-bit id: 16 big-endian bytes on the wire, 22 characters of url-safe base64 without padding as text.
/// Ids with a zero high half and a low half below 100 are reserved (KIP-516, KIP-858).
/// </summary>
public readonly record struct Uuid(ulong High, ulong Low) : IComparable<Uuid>
{
    /// <summary>No id.</summary>
    public static readonly Uuid Zero;

    /// <summary>The fixed id of <c>__cluster_metadata</c>.</summary>
    public static readonly Uuid Metadata = new(0, 1);

    /// <summary>True for ids that Kafka keeps for its own use.</summary>
    public bool IsReserved => High == 0 && Low < 100;

    /// <summary>Reads 16 big-endian bytes.</summary>
    public static Uuid Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>Writes 16 big-endian bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    /// <summary>Parses the text form; false when it is not 16 bytes of base64url.</summary>
    public static bool TryParse(string text, out Uuid id)
    {
        Span<byte> bytes = stackalloc byte[24];
        id = default;
        if (text.Length is < 22 or > 24 || !Base64Url.IsValid(text) || Base64Url.DecodeFromChars(text, bytes) != 16)
        {
            return false;
        }

        id = Read(bytes);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <inheritdoc/>
    public int CompareTo(Uuid other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);
}
