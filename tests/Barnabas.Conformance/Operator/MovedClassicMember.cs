using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Conformance.Support;
using Barnabas.Messages;

namespace Barnabas.Conformance.Operator;

/// <summary>A member of <see cref="MovedGroup"/> that speaks the classic protocol, one request at a time. Owned by the test.</summary>
internal sealed class MovedClassicMember
{
    private string _id = "";
    private int _generation = -1;

    /// <summary>What it was given last.</summary>
    public List<int> Partitions { get; private set; } = [];

    /// <summary>True when its last join made it the leader.</summary>
    public bool Leads { get; private set; }

    /// <summary>Joins and, unless it would have to assign, gets its partitions.</summary>
    public void Join(MessageConnection connection)
    {
        JoinGroupResponse joined;
        do
        {
            joined = connection.Call<JoinGroupResponse>(
                new JoinGroupRequest
                {
                    GroupId = "moved-group",
                    SessionTimeoutMs = 45_000,
                    RebalanceTimeoutMs = 60_000,
                    MemberId = _id,
                    ProtocolType = "consumer",
                    Protocols = [new() { Name = "range", Metadata = Subscription() }],
                },
                9);
            _id = joined.MemberId;
        }
        while (joined.ErrorCode == ErrorCode.MemberIdRequired);

        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        (_generation, Leads) = (joined.GenerationId, joined.Leader == _id);
        if (Leads)
        {
            return;
        }

        var synced = connection.Call<SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = "moved-group", GenerationId = _generation, MemberId = _id, ProtocolType = "consumer", ProtocolName = "range",
            },
            5);
        if (synced.ErrorCode == ErrorCode.None)
        {
            Partitions = Assigned(synced.Assignment);
        }
    }

    /// <summary>A heartbeat, and another join where it is told so.</summary>
    public void Follow(MessageConnection connection)
    {
        if (Heartbeat(connection) == ErrorCode.RebalanceInProgress)
        {
            Join(connection);
        }
    }

    public ErrorCode Heartbeat(MessageConnection connection) => connection.Call<HeartbeatResponse>(
        new HeartbeatRequest { GroupId = "moved-group", GenerationId = _generation, MemberId = _id }, 4).ErrorCode;

    private byte[] Subscription()
    {
        using var writer = new ByteWriter();
        writer.WriteInt16(1);
        var subscription = new ConsumerProtocolSubscription { Topics = ["moved"] };
        if (Partitions.Count > 0)
        {
            subscription.OwnedPartitions.Add(new() { Topic = "moved", Partitions = Partitions });
        }

        subscription.Write(writer, 1);
        return writer.Written.ToArray();
    }

    private static List<int> Assigned(byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        var version = reader.ReadInt16();
        var assignment = MessageCodec.Decode<ConsumerProtocolAssignment>(reader.ReadSpan(reader.Remaining), version);
        return assignment.AssignedPartitions.SelectMany(topic => topic.Partitions).ToList();
    }
}
