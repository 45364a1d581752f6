namespace Barnabas.Messages;

/// <summary>The header of a request, over the bytes of its frame: nothing is copied. Valid as long as the frame is.</summary>
public readonly ref struct RequestHeaderView
{
    /// <summary>The API that is asked; one that exists, in a version that perhaps does not.</summary>
    public required ApiInfo Api { get; init; }

    /// <summary>The version as asked.</summary>
    public required short Version { get; init; }

    /// <summary>Goes back in the header of the response.</summary>
    public required int CorrelationId { get; init; }

    /// <summary>Valid UTF-8; empty also when there is none, see <see cref="HasClientId"/>.</summary>
    public ReadOnlySpan<byte> ClientId { get; init; }

    /// <summary>False when the client gave null.</summary>
    public bool HasClientId { get; init; }

    /// <summary>Where the body begins in the frame.</summary>
    public int BodyOffset { get; init; }

    /// <summary>
    /// True when the version exists. Where it does not, only ApiVersions is answered (version 0, UNSUPPORTED_VERSION); for any other API
    /// the connection is closed.
    /// </summary>
    public bool IsSupported => Api.Supports(Version);
}
