using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>
/// A member that reads partitions, of either protocol: commits what it has read and asks what is committed. Owned by the world.
/// </summary>
internal abstract class OwnerClient : MemberClient
{
    private readonly HashSet<(Uuid Topic, int Partition)> _owned = [];

    protected OwnerClient(SimWorld world, string name, OwnershipModel group, Randomness workload)
        : base(world, name, group.Name, workload)
    {
        Group = group;
        Group.Join(this);
        Instance = workload.Chance(0.3) ? name : null;
    }

    /// <summary>Who it is in the group; empty for nobody.</summary>
    public string MemberId { get; protected set; } = "";

    /// <summary>The member epoch or generation that it knows of; 0 for none.</summary>
    public int Epoch { get; protected set; }

    /// <summary>What it reads.</summary>
    public HashSet<(Uuid Topic, int Partition)> Owned => _owned;

    protected OwnershipModel Group { get; }

    /// <summary>The name of a static member, or null.</summary>
    protected string? Instance { get; }

    /// <summary>What it is to read, where it still reads more; null where it reads that.</summary>
    protected HashSet<(Uuid Topic, int Partition)>? Wanted { get; private set; }

    /// <inheritdoc/>
    protected override string Identity => $"as {MemberId} in epoch {Epoch}";

    /// <summary>Learns what it is to read: what it gets it reads at once, what it is to give up a while longer.</summary>
    protected void Take(IEnumerable<(Uuid Topic, int Partition)> assigned)
    {
        Wanted = [.. assigned];
        Owned.UnionWith(Wanted);
        World.Acknowledged++;
    }

    /// <summary>Reads what it is to read and nothing else.</summary>
    protected void GiveUp()
    {
        if (Wanted is not null)
        {
            Owned.Clear();
            Owned.UnionWith(Wanted);
            Wanted = null;
        }
    }

    /// <summary>Has lost what it had.</summary>
    protected void LoseAll()
    {
        Owned.Clear();
        Wanted = null;
    }

    /// <summary>Is nobody in the group any more.</summary>
    protected virtual void Forget()
    {
        Epoch = 0;
        LoseAll();
    }

    /// <summary>Names of topics to read, some of those there are.</summary>
    protected List<string> ChooseTopics(double chance) =>
    [
        .. World.Topics.Where(topic => topic is { NeedsId: false, IsDeleteAsked: false } && Random.Chance(chance))
            .Select(topic => topic.Name),
    ];

    /// <summary>Commits an offset of something that it reads; false where that cannot be named.</summary>
    protected bool TryCommit()
    {
        if (Choose() is not { } chosen)
        {
            return false;
        }

        var (topic, at) = chosen;
        var (offset, id, epoch, newest) = (Group.NextOffset(at), MemberId, Epoch, Group.NewestOwner(at));
        var request = new OffsetCommitRequest
        {
            GroupId = Group.Name,
            GenerationIdOrMemberEpoch = epoch,
            MemberId = id,
            GroupInstanceId = Instance,
            Topics = [new() { Name = topic.Name, Partitions = [new() { PartitionIndex = at.Partition, CommittedOffset = offset }] }],
        };
        Ask<OffsetCommitResponse>(request, 9, reply =>
        {
            var error = reply.Topics[0].Partitions[0].ErrorCode;
            if (error == ErrorCode.UnknownTopicOrPartition)
            {
                ViolationException.Unless(World.MayBeGone(topic), $"{Name}: {error} for {topic.Name}, which is there");
            }
            else if (Heed(error, $"a commit of {offset} for {topic.Name}-{at.Partition}") && !topic.IsDeleteAsked)
            {
                World.Shadows.CheckCommitted(Group.Name, topic.Name, at.Partition, offset);
                Group.Committed(at, offset, id, epoch, newest);
                World.Acknowledged++;
            }
        });
        return true;
    }

    /// <summary>Asks for the committed offset of something that it reads; false where that cannot be named.</summary>
    protected bool TryFetch()
    {
        if (Choose() is not { } chosen)
        {
            return false;
        }

        var (topic, at) = chosen;
        var atLeast = Group.AtLeast(at);
        var request = new OffsetFetchRequest
        {
            Groups =
            [
                new()
                {
                    GroupId = Group.Name, MemberEpoch = -1, Topics = [new() { Name = topic.Name, PartitionIndexes = [at.Partition] }],
                },
            ],
        };
        Ask<OffsetFetchResponse>(request, 9, reply =>
        {
            if (Heed(reply.Groups[0].ErrorCode, "fetching offsets") && !topic.IsDeleteAsked)
            {
                Group.Fetched(at, reply.Groups[0].Topics[0].Partitions[0].CommittedOffset, atLeast);
            }
        });
        return true;
    }

    // By name, as long as the topic is the only one that ever had it.
    private (TopicModel Topic, (Uuid Topic, int Partition) At)? Choose()
    {
        var at = Owned.OrderBy(each => each.Partition).ElementAt(Random.Next(Owned.Count));
        return World.Topics.Find(topic => topic.Id == at.Topic) is { NeedsId: false } topic ? (topic, at) : null;
    }
}
