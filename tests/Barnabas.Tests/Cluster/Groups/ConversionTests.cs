using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Xunit;
using static Barnabas.Tests.Cluster.Groups.ConsumerBench;

namespace Barnabas.Tests.Cluster.Groups;

/// <summary>What members have agreed on by one protocol of their group, and what becomes of it when the group goes to the other.</summary>
public sealed class ConversionTests
{
    private readonly GroupBench _bench = new() { Image = Topics(("a", 4)) };

    [Theory, InlineData(false), InlineData(true)]
    public void A_group_becomes_classic_with_an_assignor_that_all_of_its_members_know(bool isLoaded)
    {
        Mixed(("m1", ["roundrobin", "range"]), ("m2", ["range"]));
        _bench.Beat("g", "c1", -1, null);
        if (isLoaded)
        {
            Reload();
        }

        var first = _bench.Join(Subscribe("m2", ["range"]));
        var second = _bench.Join(Subscribe("m1", ["roundrobin", "range"]));
        Assert.Equal((ErrorCode.None, "range"), (first.Now.ErrorCode, first.Now.ProtocolName));
        Assert.Equal((ErrorCode.None, "range"), (second.Now.ErrorCode, second.Now.ProtocolName));
    }

    [Fact]
    public void Of_the_assignors_that_its_members_know_a_group_that_becomes_classic_forgets_none()
    {
        Mixed(("m1", ["roundrobin", "range"]), ("m2", ["roundrobin", "range"]));
        _bench.Beat("g", "c1", -1, null);
        Assert.False(_bench.Join(Subscribe("", ["range"]), version: 3).IsThere);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _bench.Join(Subscribe("", ["sticky"]), version: 3).Now.ErrorCode);
    }

    [Fact]
    public void A_member_that_has_joined_and_not_synced_when_its_group_becomes_classic_joins_again()
    {
        Mixed(("m1", ["roundrobin", "range"]), ("m2", ["range"]));
        var joined = _bench.Join(Subscribe("m1", ["roundrobin", "range"])).Now;
        Assert.Equal("roundrobin", joined.ProtocolName);
        _bench.Beat("g", "c1", -1, null);
        Assert.Equal(ErrorCode.RebalanceInProgress, Sync("m1", joined.GenerationId, "roundrobin"));
    }

    [Fact]
    public void A_member_that_has_joined_and_not_synced_when_its_group_becomes_a_consumer_group_gets_its_work()
    {
        var first = _bench.Join(Subscribe("", ["roundrobin", "range"]), version: 3);
        _bench.Advance(1);
        var m1 = first.Now.MemberId;
        _bench.Sync(GroupBench.Assign("g", m1, 1), version: 4);
        _bench.Join(Subscribe("", ["range"]), version: 3);
        var joined = _bench.Join(Subscribe(m1, ["roundrobin", "range"])).Now;
        Assert.Equal((2, "range"), (joined.GenerationId, joined.ProtocolName));
        _bench.Enter("g", "c1", "a");
        Assert.Equal(ErrorCode.None, Sync(m1, 2, "range"));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Sync(m1, 2, "sticky"));
    }

    [Fact]
    public void A_coordinator_that_loads_a_group_which_has_just_become_classic_has_its_members_share_out_anew()
    {
        Mixed(("m1", ["range"]));
        var epoch = _bench.Look("g").Members.Single(member => member.MemberId == "m1").MemberEpoch;
        _bench.Beat("g", "c1", -1, null);
        Reload();
        Assert.Equal(ErrorCode.RebalanceInProgress, _bench.Heartbeat("g", "m1", epoch));

        // And once more, as nothing has come of it; no more when something has.
        Reload();
        var joined = _bench.Join(Subscribe("m1", ["range"])).Now;
        Assert.Equal((epoch + 1, "m1"), (joined.GenerationId, joined.Leader));
        Assert.Equal(ErrorCode.None, Sync("m1", epoch + 1, "range"));
        Reload();
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("g", "m1", epoch + 1));
    }

    [Fact]
    public void What_a_member_has_yet_to_give_up_is_its_own_when_the_group_goes_to_the_other_protocol_and_back()
    {
        var joined = _bench.Join(Subscribe("", ["range"]), version: 3);
        _bench.Advance(1);
        var m = joined.Now.MemberId;
        var sync = GroupBench.Assign("g", m, 1);
        sync.Assignments.Add(new() { MemberId = m, Assignment = Everything() });
        _bench.Sync(sync);
        _bench.Enter("g", "c1", "a");
        _bench.Join(Subscribe(m, ["range"], 0, 1, 2, 3));
        Assert.Equal("2", _bench.Beat("g", "c1", 2, []).Short());
        _bench.Beat("g", "c1", -1, null);
        Assert.Equal("3 []", _bench.Enter("g", "c2", "a").Short());
        _bench.Join(Subscribe(m, ["range"], 0, 1, 2, 3));
        Assert.Equal("3", _bench.Beat("g", "c2", 3, null).Short());
        _bench.Join(Subscribe(m, ["range"], 0, 1));
        Assert.Equal("3 [a 2 3]", _bench.Beat("g", "c2", 3, null).Short("a"));
    }

    // A consumer group with one member of its protocol and classic ones, all of which have taken all their steps.
    private void Mixed(params (string Member, string[] Assignors)[] members)
    {
        _bench.Enter("g", "c1", "a");
        foreach (var (member, assignors) in members)
        {
            _bench.Join(Subscribe(member, assignors));
        }

        for (var i = 0; i < 4; i++)
        {
            _bench.Advance(1_000);
            _bench.Beat("g", "c1", _bench.Look("g").Members.Single(each => each.MemberId == "c1").MemberEpoch, []);
            foreach (var (member, assignors) in members)
            {
                _bench.Join(Subscribe(member, assignors));
            }
        }

        var look = _bench.Look("g");
        Assert.All(look.Members, member => Assert.Equal(look.GroupEpoch, member.MemberEpoch));
    }

    private void Reload()
    {
        _bench.Unload(ErrorCode.NotCoordinator);
        _bench.Load();
    }

    private ErrorCode Sync(string member, int generation, string protocol)
    {
        var request = GroupBench.Assign("g", member, generation);
        request.ProtocolName = protocol;
        return _bench.Sync(request).Now.ErrorCode;
    }

    private static JoinGroupRequest Subscribe(string member, string[] assignors, params int[] owned)
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(3);
        new ConsumerProtocolSubscription
        {
            Topics = ["a"], OwnedPartitions = owned.Length > 0 ? [new() { Topic = "a", Partitions = [.. owned] }] : [],
        }.Write(writer, 3);
        return GroupBench.Request("g", member, protocols: [.. assignors.Select(name => (name, writer.Written.ToArray()))]);
    }

    private static byte[] Everything()
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(3);
        new ConsumerProtocolAssignment { AssignedPartitions = [new() { Topic = "a", Partitions = [0, 1, 2, 3] }] }.Write(writer, 3);
        return writer.Written.ToArray();
    }
}
