using Barnabas.Base;

namespace Barnabas.Broker.Faults;

/// <summary>
/// What goes wrong with one request, for tests of clients. Parts may be combined: the delay comes first, then whichever of the others is
/// set. Immutable.
/// </summary>
public sealed record RequestFault
{
    /// <summary>The request is not carried out, and answered with this error where its API carries errors.</summary>
    public ErrorCode? Error { get; init; }

    /// <summary>
    /// The request waits for so long first, by the broker's <see cref="TimeProvider"/>; later ones of its connection wait with it.
    /// </summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The connection is closed and the request is not carried out.</summary>
    public bool DropsConnection { get; init; }

    /// <summary>The request is carried out, but the connection is closed before anything of its answer is sent.</summary>
    public bool LosesResponse { get; init; }

    /// <summary>The request is carried out, but the connection is closed after so many bytes of its answer, length included.</summary>
    public int? CutsResponseAfterBytes { get; init; }
}
