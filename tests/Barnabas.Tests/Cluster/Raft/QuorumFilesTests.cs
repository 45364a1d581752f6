using System.Text;
using Barnabas.Base;
using Barnabas.Cluster.Raft;

namespace Barnabas.Tests.Cluster.Raft;

public sealed class QuorumFilesTests
{
    [Theory]
    [InlineData(
        "{\"leaderId\":10,\"leaderEpoch\":6,\"votedId\":-1,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}", 10, 6, -1)]
    [InlineData(
        "{\"leaderId\":-1,\"leaderEpoch\":9,\"votedId\":3,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAg\",\"data_version\":1}", -1, 9, 3)]
    public void Quorum_state_reads_and_writes_Kafkas_text(string text, int leader, int epoch, int voted)
    {
        var state = QuorumState.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal((leader, epoch, voted), (state.LeaderId, state.Epoch, state.Voted?.Id ?? -1));
        Assert.Equal(text, state.ToText(null));
    }

    [Fact]
    public void Quorum_state_of_static_voters_has_their_ids()
    {
        const string Text = "{\"clusterId\":\"\",\"leaderId\":5,\"leaderEpoch\":1,\"votedId\":-1,\"appliedOffset\":0,"
            + "\"currentVoters\":[{\"voterId\":5}],\"data_version\":0}";
        var state = QuorumState.Parse(Encoding.UTF8.GetBytes(Text));
        Assert.Equal(new QuorumState(1, 5, null), state);
        Assert.Equal(Text, state.ToText([5]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"leaderId\":1")]
    [InlineData("{\"leaderId\":1,\"leaderEpoch\":1,\"data_version\":2}")]
    [InlineData("{\"leaderId\":1,\"data_version\":1}")]
    public void A_quorum_state_that_cannot_be_trusted_is_refused(string text) =>
        Assert.Throws<MalformedException>(() => QuorumState.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Snapshot_names_are_Kafkas()
    {
        var id = new SnapshotId(42, 7);
        Assert.Equal("00000000000000000042-0000000007.checkpoint", id.FileName);
        Assert.True(SnapshotId.TryParse(id.FileName, out var parsed));
        Assert.Equal(id, parsed);
        Assert.False(SnapshotId.TryParse(id.FileName + ".part", out _));
        Assert.False(SnapshotId.TryParse("00000000000000000042.log", out _));
    }
}
