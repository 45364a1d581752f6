namespace Barnabas.Cluster.Groups;

/// <summary>Who asks. Immutable.</summary>
/// <param name="ClientId">As the client names itself; empty for a client without a name.</param>
/// <param name="ClientHost">Its address with a slash before it, as Java prints one.</param>
/// <param name="Version">Version of the API that it speaks.</param>
public sealed record GroupCaller(string ClientId, string ClientHost, short Version);
