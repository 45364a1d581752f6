using Barnabas.Base;
using Barnabas.Cluster.Groups;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Simulation.Runs;
using Barnabas.Simulation.Workloads;

namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of one group of the consumer protocol, over all lives of the node: who reads which partition as far as its clients know, and
/// which offsets were committed. Offsets are handed out in ascending order. Owned by the world.
/// </summary>
internal sealed class OwnershipModel(SimWorld world, string name)
{
    private readonly List<OwnerClient> _members = [];
    private readonly Dictionary<(Uuid Topic, int Partition), (string Member, int Epoch)> _newest = [];
    private readonly Dictionary<(Uuid Topic, int Partition), long> _attempted = [], _seen = [];

    public string Name => name;

    public void Join(OwnerClient member) => _members.Add(member);

    /// <summary>
    /// A member was told what to read: nobody else reads it whom the coordinator still has in the epoch that it knows of. Whoever was put
    /// out does not know it yet.
    /// </summary>
    public void Told(OwnerClient member)
    {
        if (world.Shadows.FindGroup(name) is not { } group || !IsCounted(group, member))
        {
            return;
        }

        foreach (var at in member.Owned)
        {
            var other = _members.Find(each => each != member && each.Owned.Contains(at) && IsCounted(group, each));
            ViolationException.Unless(
                other is null, $"{name}: {at} is read by {member.Name} in epoch {member.Epoch} and by {other?.Name} in {other?.Epoch}");
            _newest[at] = (member.MemberId, member.Epoch);
        }
    }

    /// <summary>Who was last given a partition; nobody for none.</summary>
    public (string Member, int Epoch) NewestOwner((Uuid Topic, int Partition) at) => _newest.GetValueOrDefault(at, ("", -1));

    /// <summary>The next offset to commit for a partition.</summary>
    public long NextOffset((Uuid Topic, int Partition) at) =>
        _attempted[at] = _attempted.GetValueOrDefault(at) + 1;

    /// <summary>What somebody who asks now has to be told at least.</summary>
    public long AtLeast((Uuid Topic, int Partition) at) => _seen.GetValueOrDefault(at, -1);

    /// <summary>A commit was acknowledged, of a member that sent it when another was the newest owner.</summary>
    public void Committed((Uuid Topic, int Partition) at, long offset, string member, int epoch, (string Member, int Epoch) newestThen)
    {
        ViolationException.Unless(
            newestThen.Member == member || newestThen.Epoch <= epoch,
            $"{name}: a commit of {member} in epoch {epoch} for {at} was taken, {newestThen} had it before");
        _seen[at] = Math.Max(offset, AtLeast(at));
    }

    /// <summary>Somebody was told what is committed, having asked when it was at least something.</summary>
    public void Fetched((Uuid Topic, int Partition) at, long offset, long atLeast)
    {
        ViolationException.Unless(
            offset >= atLeast && offset <= _attempted.GetValueOrDefault(at),
            $"{name}: {offset} of {at} was told, {atLeast} was committed before and {_attempted.GetValueOrDefault(at)} tried");
        _seen[at] = Math.Max(offset, AtLeast(at));
    }

    private static bool IsCounted(Group group, OwnerClient member) => member.Epoch > 0 && group switch
    {
        ConsumerGroup consumers => consumers.Find(member.MemberId)?.Epoch == member.Epoch,
        ClassicGroup classic => classic.Generation == member.Epoch && classic.Find(member.MemberId) is not null,
        _ => false,
    };
}
