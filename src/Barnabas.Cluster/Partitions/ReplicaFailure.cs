using Barnabas.Base;

namespace Barnabas.Cluster.Partitions;

/// <summary>Why a replica is out of service.</summary>
/// <param name="Error">What clients are told.</param>
/// <param name="Reason">What the log says.</param>
public sealed record ReplicaFailure(ErrorCode Error, string Reason);
