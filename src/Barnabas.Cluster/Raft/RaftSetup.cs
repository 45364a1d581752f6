namespace Barnabas.Cluster.Raft;

/// <summary>Who a node of the quorum is. Immutable.</summary>
/// <param name="Self">This node and its metadata directory, where it listens for the quorum, and which kraft.version it can run
/// with.</param>
/// <param name="StaticVoters">
/// Voters from the configuration, for a directory that was formatted without them (kraft.version 0); empty otherwise.
/// </param>
public sealed record RaftSetup(Voter Self, VoterSet StaticVoters);

/// <summary>What a node finds on its disk at start. Immutable.</summary>
/// <param name="State">The quorum state.</param>
/// <param name="EndOffset">The offset after the last record of the log, all of which is durable.</param>
/// <param name="LastEpoch">Epoch of that record; that of the snapshot when the log is empty; 0 for nothing.</param>
/// <param name="Voters">The last voter set in snapshot or log; empty when neither has one.</param>
/// <param name="VotersOffset">Where the voter set stands in the log; -1 when it comes from the snapshot that format wrote.</param>
/// <param name="KRaftVersion">The last kraft.version in snapshot or log.</param>
public sealed record RaftStart(
    QuorumState State, long EndOffset, int LastEpoch, VoterSet Voters, long VotersOffset, short KRaftVersion);
