using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Bench.Coordinators;

/// <summary>
/// A member of a consumer group as a client has it: it beats when it is due, gives up at once what it is not to have any more, and beats
/// again without delay when it has something to say. Owned by the thread of its connection.
/// </summary>
internal sealed class LoadMember(string groupId, string memberId, string[] topics)
{
    private const short Version = 1;

    private readonly SortedSet<(Uuid Topic, int Partition)> _owned = [];
    private int _epoch;
    private bool _isJoined, _hasNews;

    /// <summary>When it beats next, in milliseconds of the load.</summary>
    public double DueMs { get; set; }

    public int Epoch => _epoch;

    /// <summary>Partitions that it has.</summary>
    public IReadOnlyCollection<(Uuid Topic, int Partition)> Owned => _owned;

    /// <summary>True when it has told the coordinator all that there is to tell.</summary>
    public bool HasSettled => _isJoined && !_hasNews;

    /// <summary>How often it is to beat, milliseconds.</summary>
    public int IntervalMs { get; private set; } = 1000;

    /// <summary>Puts its next heartbeat on its way.</summary>
    public void Beat(LoadClient client)
    {
        var request = new ConsumerGroupHeartbeatRequest { GroupId = groupId, MemberId = memberId, MemberEpoch = _epoch };
        if (!_isJoined)
        {
            request.RebalanceTimeoutMs = 300_000;
            request.SubscribedTopicNames = [.. topics];
            request.TopicPartitions = [];
        }
        else if (_hasNews)
        {
            request.TopicPartitions = [.. _owned.GroupBy(at => at.Topic).Select(Of)];
        }

        _hasNews = false;
        client.Send(request, Version);
    }

    /// <summary>Takes the answer; it is due at once if it brings something to do.</summary>
    public void Hear(LoadClient client, double nowMs)
    {
        var answer = client.Receive<ConsumerGroupHeartbeatResponse>(Version);
        LoadClient.Expect(answer.ErrorCode);
        _isJoined = true;
        _epoch = answer.MemberEpoch;
        IntervalMs = answer.HeartbeatIntervalMs;
        DueMs = nowMs + IntervalMs;
        if (answer.Assignment is not { } assignment)
        {
            return;
        }

        var before = _owned.ToList();
        _owned.Clear();
        _owned.UnionWith(assignment.TopicPartitions.SelectMany(topic => topic.Partitions.Select(p => (topic.TopicId, p))));
        if (!_owned.SequenceEqual(before))
        {
            (_hasNews, DueMs) = (true, nowMs);
        }
    }

    /// <summary>Leaves its group.</summary>
    public void Leave(LoadClient client)
    {
        var request = new ConsumerGroupHeartbeatRequest { GroupId = groupId, MemberId = memberId, MemberEpoch = -1 };
        LoadClient.Expect(client.Call<ConsumerGroupHeartbeatResponse>(request, Version).ErrorCode);
        _owned.Clear();
        (_epoch, _isJoined, _hasNews) = (0, false, false);
    }

    private static ConsumerGroupHeartbeatRequest.TopicPartitionsData Of(IGrouping<Uuid, (Uuid Topic, int Partition)> topic) =>
        new() { TopicId = topic.Key, Partitions = [.. topic.Select(at => at.Partition)] };

    /// <summary>Lets those beat that are due, and says how many did; sleeps a little where none is.</summary>
    public static int Turn(CoordinatorLoad load, LoadClient client, IReadOnlyList<LoadMember> members, List<LoadMember> due)
    {
        due.Clear();
        var nowMs = load.NowMs;
        foreach (var member in members)
        {
            if (member.DueMs <= nowMs)
            {
                due.Add(member);
                member.Beat(client);
            }
        }

        if (due.Count == 0)
        {
            Thread.Sleep(2);
            return 0;
        }

        client.Flush();
        foreach (var member in due)
        {
            member.Hear(client, load.NowMs);
        }

        return due.Count;
    }
}
