using Barnabas.Base;

namespace Barnabas.Cluster.Raft;

/// <summary>
/// One node of the KRaft quorum as a state machine: calls go in, <see cref="RaftEffect"/>s come out, nothing is done. Owned by the metadata
/// loop. What it may and may not do in an epoch is the business of its <see cref="RaftRole"/>.
/// </summary>
public sealed class RaftNode
{
    private readonly List<RaftEffect> _effects = [];
    private RaftRole _role;

    /// <summary>A node as it starts; <see cref="Start"/> sets it going.</summary>
    public RaftNode(RaftSetup setup, RaftStart start)
    {
        Setup = setup;
        State = start.State.Epoch >= start.LastEpoch ? start.State : new QuorumState(start.LastEpoch, -1, null);
        EndOffset = start.EndOffset;
        StoredOffset = start.EndOffset;
        LastEpoch = start.LastEpoch;
        KRaftVersion = start.KRaftVersion;
        Voters = start.Voters.Voters.Length > 0 ? start.Voters : setup.StaticVoters;
        VotersAreInLog = start.VotersOffset >= 0;
        _role = new UnattachedRole(this);
    }

    /// <summary>Who this node is.</summary>
    public RaftSetup Setup { get; }

    /// <summary>The newest epoch, its leader and this node's vote; on disk, or on its way there with nothing done by it yet.</summary>
    public QuorumState State { get; private set; }

    /// <summary>The voters, by the last record about them, committed or not.</summary>
    public VoterSet Voters { get; private set; }

    /// <summary>The level of the quorum's own records: from 1 on, voters are in the log.</summary>
    public short KRaftVersion { get; private set; }

    /// <summary>The offset of the next record.</summary>
    public long EndOffset { get; private set; }

    /// <summary>Epoch of the last record.</summary>
    public int LastEpoch { get; private set; }

    /// <summary>All below is durable on this node.</summary>
    public long StoredOffset { get; private set; }

    /// <summary>All below is committed; 0 until that is known.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>The role's name: for DescribeQuorum, metrics and logs.</summary>
    public string Role => _role.Name;

    /// <summary>True when this node may append.</summary>
    public bool IsLeader => _role is LeaderRole;

    /// <summary>The epoch that this node leads, or -1.</summary>
    public int LeaderEpoch => IsLeader ? State.Epoch : -1;

    /// <summary>False while the voter set comes from the configuration, or from the snapshot that format wrote.</summary>
    internal bool VotersAreInLog { get; private set; }

    internal int SelfId => Setup.Self.Key.Id;

    internal bool IsVoter => Voters.Find(Setup.Self.Key) is not null;

    /// <summary>Begins: the only voter of a quorum elects itself at once.</summary>
    public void Start(long nowMs) => _role.Enter(nowMs);

    /// <summary>The last <see cref="RaftEffectKind.StoreState"/> is durable.</summary>
    public void StateStored(long nowMs) => _role.StateStored(nowMs);

    /// <summary>The log is durable up to <paramref name="endOffset"/>.</summary>
    public void LogStored(long endOffset, long nowMs)
    {
        Check.That(endOffset >= StoredOffset && endOffset <= EndOffset);
        StoredOffset = endOffset;
        _role.LogStored(nowMs);
    }

    /// <summary>
    /// Appends one batch of <paramref name="count"/> records that was built for <see cref="EndOffset"/> and the leader's epoch. Only the
    /// leader.
    /// </summary>
    public void Append(ReadOnlyMemory<byte> batch, int count)
    {
        Check.That(IsLeader && count > 0);
        Write(batch, count);
    }

    /// <summary>Stops taking part: nothing is appended any more. For shutdown, and after the disk failed.</summary>
    public void Resign(long nowMs) => Become(new ResignedRole(this), nowMs);

    /// <summary>What has to be done now, in order; the caller clears the list when it has.</summary>
    public List<RaftEffect> Effects => _effects;

    internal void Become(RaftRole role, long nowMs)
    {
        _role.Leave();
        _role = role;
        role.Enter(nowMs);
    }

    internal void Store(QuorumState state)
    {
        Check.That(state.Epoch > State.Epoch || (state.Epoch == State.Epoch && State.LeaderId < 0));
        State = state;
        _effects.Add(new RaftEffect(RaftEffectKind.StoreState) { State = state });
    }

    internal void Write(ReadOnlyMemory<byte> batch, int count)
    {
        _effects.Add(new RaftEffect(RaftEffectKind.Append) { Batch = batch, Offset = EndOffset });
        EndOffset += count;
        LastEpoch = State.Epoch;
        _effects.Add(new RaftEffect(RaftEffectKind.Sync) { Offset = EndOffset });
    }

    internal void Adopt(VoterSet voters)
    {
        Voters = voters;
        VotersAreInLog = true;
    }

    internal void Commit(long highWatermark)
    {
        if (highWatermark > HighWatermark)
        {
            Check.That(highWatermark <= EndOffset);
            HighWatermark = highWatermark;
            _effects.Add(new RaftEffect(RaftEffectKind.Commit) { Offset = highWatermark });
        }
    }

    internal void Say(RaftEffectKind kind) => _effects.Add(new RaftEffect(kind) { Offset = EndOffset });
}
