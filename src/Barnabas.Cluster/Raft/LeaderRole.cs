using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Raft;

/// <summary>
/// Leads an epoch, owned by its node: writes its first record, takes records from the controller, and commits what a majority of the voters
/// has made durable.
/// </summary>
internal sealed class LeaderRole(RaftNode node) : RaftRole(node)
{
    private long _epochStart;
    private bool _mendsVoters;

    public override string Name => "leader";

    public override void Enter(long nowMs)
    {
        _epochStart = Node.EndOffset;
        var writesVoters = !Node.VotersAreInLog && Node.KRaftVersion > 0;
        if (writesVoters)
        {
            // The set that format wrote into the first snapshot goes into the log, with the address that holds now.
            Node.Adopt(Node.Voters.With(Node.Setup.Self));
        }

        _mendsVoters = Node.KRaftVersion > 0 && !Node.Voters.Find(Node.Setup.Self.Key)!.SaysTheSame(Node.Setup.Self);
        WriteControl(nowMs, batch =>
        {
            ControlRecords.Append(batch, nowMs, ControlRecordType.LeaderChange, LeaderChange(), 0);
            if (writesVoters)
            {
                var version = new KRaftVersionRecord { KRaftVersion = Node.KRaftVersion };
                ControlRecords.Append(batch, nowMs, ControlRecordType.KRaftVersion, version, 0);
                ControlRecords.Append(batch, nowMs, ControlRecordType.KRaftVoters, Node.Voters.ToRecord(), 0);
            }
        });
        Node.Say(RaftEffectKind.Lead);
    }

    public override void Leave() => Node.Say(RaftEffectKind.StopLeading);

    public override void LogStored(long nowMs)
    {
        var committed = CommittedOffset();
        if (committed <= _epochStart)
        {
            return;
        }

        Node.Commit(committed);
        if (_mendsVoters)
        {
            // The voter set may change only once the leader has committed in its epoch.
            _mendsVoters = false;
            Node.Adopt(Node.Voters.With(Node.Setup.Self));
            WriteControl(nowMs, batch => ControlRecords.Append(batch, nowMs, ControlRecordType.KRaftVoters, Node.Voters.ToRecord(), 0));
        }
    }

    /// <summary>The largest offset that a majority of the voters holds on disk.</summary>
    private long CommittedOffset()
    {
        var stored = new List<long>();
        foreach (var voter in Node.Voters.Voters)
        {
            stored.Add(voter.Key.Matches(Node.Setup.Self.Key) ? Node.StoredOffset : 0);
        }

        stored.Sort();
        return stored[^Node.Voters.Majority];
    }

    private LeaderChangeMessage LeaderChange()
    {
        var message = new LeaderChangeMessage { LeaderId = Node.SelfId };
        foreach (var voter in Node.Voters.Voters)
        {
            message.Voters.Add(new LeaderChangeMessage.Voter { VoterId = voter.Key.Id });
        }

        message.GrantingVoters.Add(new LeaderChangeMessage.Voter { VoterId = Node.SelfId });
        return message;
    }

    private void WriteControl(long nowMs, Action<RecordBatchBuilder> records)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(new BatchOptions { BaseOffset = Node.EndOffset, PartitionLeaderEpoch = Node.State.Epoch, IsControl = true });
        records(batch);
        var count = batch.Count;
        batch.End();
        Node.Write(bytes.Written.ToArray(), count);
    }
}
