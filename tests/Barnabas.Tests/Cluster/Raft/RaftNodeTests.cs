using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Cluster.Raft;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Cluster.Raft;

public sealed class RaftNodeTests
{
    private static readonly Voter Self = new(new ReplicaKey(1, new Uuid(7, 7)), [new VoterEndpoint("CONTROLLER", "h", 9093)], 0, 1);
    private static readonly VoterSet Alone = new([Self]);

    [Fact]
    public void The_only_voter_leads_once_its_vote_is_durable_and_commits_what_is_durable()
    {
        var node = Node(Alone);
        node.Start(0);
        Assert.Equal(new QuorumState(4, 1, null), Assert.Single(Take(node, RaftEffectKind.StoreState)).State);
        Assert.False(node.IsLeader);

        node.StateStored(0);
        Assert.True(node.IsLeader);
        var kinds = node.Effects.ConvertAll(effect => effect.Kind);
        Assert.Equal([RaftEffectKind.Append, RaftEffectKind.Sync, RaftEffectKind.Lead], kinds);
        Assert.Equal(["LeaderChange"], Controls(node.Effects[0].Batch.Span));
        Assert.Equal((11, 0), (node.EndOffset, node.HighWatermark));
        node.Effects.Clear();

        node.Append(Batch(node, 3), 3);
        Assert.Equal(14, node.EndOffset);
        node.LogStored(11, 0);
        Assert.Equal(11, Take(node, RaftEffectKind.Commit)[^1].Offset);
        node.LogStored(14, 0);
        Assert.Equal(14, Take(node, RaftEffectKind.Commit)[^1].Offset);
    }

    [Fact]
    public void Voters_from_the_formatted_snapshot_go_into_the_log_with_the_first_epoch()
    {
        var node = Leading(Alone, votersOffset: -1);
        Assert.Equal(["LeaderChange", "KRaftVersion", "KRaftVoters"], Controls(node.Effects[1].Batch.Span));
        Assert.Equal(13, node.EndOffset);
    }

    [Fact]
    public void A_changed_address_is_written_after_the_first_commit_and_only_then()
    {
        var node = Leading(new VoterSet([Self with { Endpoints = [new VoterEndpoint("CONTROLLER", "old", 1)] }]));
        Assert.Single(node.Effects, effect => effect.Kind == RaftEffectKind.Append);
        node.Effects.Clear();
        node.LogStored(11, 0);
        Assert.Equal(["KRaftVoters"], Controls(Assert.Single(node.Effects, e => e.Kind == RaftEffectKind.Append).Batch.Span));
        Assert.Equal("h", node.Voters.Voters[0].Endpoints[0].Host);
        node.Effects.Clear();
        node.LogStored(12, 0);
        Assert.DoesNotContain(node.Effects, effect => effect.Kind == RaftEffectKind.Append);
    }

    [Fact]
    public void Nobody_elects_itself_where_it_does_not_vote_or_not_alone()
    {
        var stranger = Node(new VoterSet([Self with { Key = new ReplicaKey(2, new Uuid(8, 8)) }]));
        stranger.Start(0);
        Assert.Empty(stranger.Effects);
        var two = Node(new VoterSet([Self, Self with { Key = new ReplicaKey(2, new Uuid(8, 8)) }]));
        two.Start(0);
        Assert.Empty(two.Effects);
        Assert.Equal("unattached", two.Role);
    }

    [Fact]
    public void Static_voters_of_the_configuration_serve_a_directory_without_voters()
    {
        var voters = new VoterSet([Self with { Key = new ReplicaKey(1, Uuid.Zero) }]);
        var node = new RaftNode(new RaftSetup(Self, voters), new RaftStart(QuorumState.Initial, 0, 0, VoterSet.Empty, -1, 0));
        node.Start(0);
        node.StateStored(0);
        Assert.True(node.IsLeader);
        Assert.Equal(["LeaderChange"], Controls(node.Effects[1].Batch.Span));
    }

    [Fact]
    public void A_node_that_resigned_leads_no_more()
    {
        var node = Leading(Alone);
        node.Effects.Clear();
        node.Resign(0);
        Assert.Equal(RaftEffectKind.StopLeading, Assert.Single(node.Effects).Kind);
        node.LogStored(11, 0);
        Assert.Equal((0, -1), (node.HighWatermark, node.LeaderEpoch));
    }

    private static RaftNode Node(VoterSet voters, long votersOffset = 2) =>
        new(new RaftSetup(Self, VoterSet.Empty), new RaftStart(new QuorumState(3, 1, null), 10, 3, voters, votersOffset, 1));

    private static RaftNode Leading(VoterSet voters, long votersOffset = 2)
    {
        var node = Node(voters, votersOffset);
        node.Start(0);
        node.StateStored(0);
        return node;
    }

    private static List<RaftEffect> Take(RaftNode node, RaftEffectKind kind)
    {
        var taken = node.Effects.FindAll(effect => effect.Kind == kind);
        node.Effects.Clear();
        return taken;
    }

    private static List<string> Controls(ReadOnlySpan<byte> batch)
    {
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.True(header.IsControl);
        var found = new List<string>();
        var records = new RecordReader(batch, header);
        while (records.TryRead(out var record))
        {
            Assert.True(ControlRecords.TryReadType(record.Key, out var type));
            found.Add(type.ToString());
        }

        return found;
    }

    private static byte[] Batch(RaftNode node, int count)
    {
        using var bytes = new ByteWriter();
        using var batch = new RecordBatchBuilder(bytes);
        batch.Begin(new BatchOptions { BaseOffset = node.EndOffset, PartitionLeaderEpoch = node.LeaderEpoch });
        for (var i = 0; i < count; i++)
        {
            batch.Append(0, OptionalBytes.Null, "x"u8);
        }

        batch.End();
        return bytes.Written.ToArray();
    }
}
