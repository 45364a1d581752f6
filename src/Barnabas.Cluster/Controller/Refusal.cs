using Barnabas.Base;

namespace Barnabas.Cluster.Controller;

/// <summary>Why a part of a request is refused, in Kafka's words; the default refuses nothing.</summary>
public readonly record struct Refusal(ErrorCode Error, string? Message)
{
    /// <summary>Nothing is refused.</summary>
    public static readonly Refusal None;

    public bool IsNone => Error == ErrorCode.None;
}
