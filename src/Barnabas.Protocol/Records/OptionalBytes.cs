namespace Barnabas.Protocol.Records;

/// <summary>Bytes that may be null, which a record tells apart from empty. Points into the caller's buffer.</summary>
public readonly ref struct OptionalBytes
{
    private OptionalBytes(ReadOnlySpan<byte> bytes)
    {
        Span = bytes;
        HasValue = true;
    }

    /// <summary>No bytes at all. The same as <c>default</c> of this type; that of a span is empty instead.</summary>
    public static OptionalBytes Null => default;

    /// <summary>False for null.</summary>
    public bool HasValue { get; }

    /// <summary>The bytes; empty for null.</summary>
    public ReadOnlySpan<byte> Span { get; }

    /// <summary>-1 for null, as on the wire.</summary>
    public int Length => HasValue ? Span.Length : -1;

    public static implicit operator OptionalBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    public static implicit operator OptionalBytes(byte[]? bytes) => bytes is null ? default : new(bytes);

    /// <summary>A copy, or null.</summary>
    public byte[]? ToArray() => HasValue ? Span.ToArray() : null;
}
