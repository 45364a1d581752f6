using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Groups.Classic;
using Barnabas.Cluster.Groups.Consumer;
using Barnabas.Cluster.Groups.Offsets;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Groups;

/// <summary>
/// The groups and committed offsets of one partition of <c>__consumer_offsets</c>, as a function of its records. Knows who is here; what is
/// done with them stands with each operation. Owned by the loop of its partition's shard.
/// </summary>
public sealed class GroupCoordinator : IMachine<GroupRecord>
{
    /// <summary>What <see cref="NewMemberId"/> adds: a hyphen and a UUID.</summary>
    internal const int MemberIdSuffixBytes = 37;

    private readonly Dictionary<string, Group> _groups = [];
    private readonly Randomness _random;
    private readonly GroupTimer _expiry;
    private readonly Func<MetadataImage> _image;
    private Action<Operation<GroupCoordinator, GroupRecord>>? _submit;
    private AgeClock? _ages;
    private string? _justEnded; // the consumer group that the last record has ended

    /// <summary>A coordinator without groups.</summary>
    /// <param name="config">Limits and times.</param>
    /// <param name="loop">The loop that owns this coordinator; its wheel keeps the timers.</param>
    /// <param name="random">For the ids of members.</param>
    /// <param name="image">The metadata as it is now, in which topics are looked up; none by default.</param>
    /// <param name="background">A loop that may be busy for long; its own by default.</param>
    public GroupCoordinator(
        GroupConfig config, Loop loop, Randomness random, Func<MetadataImage>? image = null, Loop? background = null)
    {
        _image = image ?? (() => MetadataImage.Empty);
        Sessions = new ConsumerSessions(this);
        Patterns = new PatternMatching(this, background);
        Config = config;
        Loop = loop;
        _random = random;
        _expiry = new GroupTimer(this, () => new ExpireOffsetsChore(this));
    }

    internal GroupConfig Config { get; }

    internal Loop Loop { get; }

    /// <summary>The time by which it is judged how old an offset is, wall-clock milliseconds. While active.</summary>
    internal long NowForAgesMs => _ages!.NowMs(Loop.NowWallMs, Loop.NowUs);

    /// <summary>The metadata as it is now. Decisions that look twice take it once.</summary>
    internal MetadataImage Image => _image();

    internal OffsetStore Offsets { get; } = new();

    /// <summary>When members of consumer groups were last heard of.</summary>
    internal ConsumerSessions Sessions { get; }

    /// <summary>Matches regular expressions of consumer groups.</summary>
    internal PatternMatching Patterns { get; }

    /// <summary>Every group, in no order that anything may depend on.</summary>
    internal IReadOnlyCollection<Group> Groups => _groups.Values;

    /// <summary>True from the end of loading until the leadership is lost.</summary>
    internal bool IsActive { get; private set; }

    /// <summary>Says how the coordinator's own work gets to its host. Called once, by whoever made both, before the first load.</summary>
    public void Attach(Action<Operation<GroupCoordinator, GroupRecord>> submit) => _submit = submit;

    /// <inheritdoc/>
    public void Replay(in GroupRecord record, long offset)
    {
        switch (record)
        {
            case OffsetRecord committed:
                Offsets.Replay(committed, offset);
                if (committed.Value is not null && Find(committed.GroupId) is null)
                {
                    // Whoever commits offsets without ever joining has a group all the same.
                    _groups.Add(committed.GroupId, new ClassicGroup(committed.GroupId));
                }

                break;
            case GroupMetadataRecord classic:
                ReplayClassic(classic);
                break;
            case TransactionEndRecord end:
                Offsets.Replay(end);
                break;
            case ConsumerGroupRecord consumer:
                ReplayConsumer(consumer);
                break;
            case ForeignRecord foreign:
                ReplayForeign(foreign);
                break;
        }

        _justEnded = record is ConsumerEpochRecord { IsTombstone: true } ended ? ended.GroupId : null;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _groups.Clear();
        Offsets.Clear();
        Patterns.Clear();
        _justEnded = null;
    }

    /// <inheritdoc/>
    public void Loaded(long nowMs)
    {
        IsActive = true;
        _ages = new AgeClock(nowMs, Loop.NowUs);
        _expiry.Set(Config.OffsetsRetentionCheckIntervalMs);
        Sessions.StartAll();
        foreach (var group in _groups.Values.OfType<ClassicGroup>())
        {
            foreach (var member in group.Members)
            {
                MemberSessions.Start(this, group, member, member.SessionTimeoutMs);
            }

            if (group.Members.Count > Config.GroupSizeMax || group.IsConverted)
            {
                // The limit was lowered meanwhile: have them join again, and turn away those that are too many. Or the coordinator before
                // this one had no time to share out what the last member of the consumer protocol had.
                Submit(new JoinAgainChore(group, group.Generation));
            }
        }
    }

    /// <inheritdoc/>
    public void Unloaded(ErrorCode error)
    {
        IsActive = false;
        _expiry.Cancel();
        Sessions.StopAll();
        Patterns.Clear();
        foreach (var group in _groups.Values.OfType<ClassicGroup>())
        {
            group.JoinTimer?.Cancel();
            group.SyncTimer?.Cancel();
            foreach (var pending in group.PendingMembers.Values)
            {
                pending.Cancel();
            }

            foreach (var member in group.Members)
            {
                member.Session?.Cancel();
                member.AwaitingJoin?.Finish(error);
                member.AwaitingSync?.Finish(error);
            }
        }
    }

    internal Group? Find(string groupId) => _groups.GetValueOrDefault(groupId);

    internal ClassicGroup? FindClassic(string groupId) => Find(groupId) as ClassicGroup;

    /// <summary>Decides an operation of the coordinator itself. Never from inside of another's decision.</summary>
    internal void Submit(Operation<GroupCoordinator, GroupRecord> operation) => _submit!(operation);

    /// <summary>Decides an operation of the coordinator itself in a turn of its own, so that others come between.</summary>
    internal void SubmitLater(Operation<GroupCoordinator, GroupRecord> operation) => Loop.Post(new ActionTask(() => Submit(operation)));

    /// <summary>A topic was deleted: its offsets go. In the owner's turn.</summary>
    public void ForgetTopic(string topic, Uuid topicId)
    {
        if (IsActive)
        {
            Submit(new ForgetTopicChore(this, topic, topicId));
        }
    }

    /// <summary>Sets the timer of the next look for expired offsets.</summary>
    internal void ScheduleExpiry() => _expiry.Set(Config.OffsetsRetentionCheckIntervalMs);

    internal Uuid NewUuid() => _random.NextUuid();

    /// <summary>A new id for a member: its instance id or its client's name, and a random UUID.</summary>
    internal string NewMemberId(string prefix)
    {
        var id = _random.NextUuid();
        return $"{prefix}-{id.High >> 32:x8}-{(ushort)(id.High >> 16):x4}-{(ushort)id.High:x4}"
            + $"-{id.Low >> 48:x4}-{id.Low & 0xFFFF_FFFF_FFFF:x12}";
    }

    private void ReplayClassic(GroupMetadataRecord record)
    {
        if (record.Value is null)
        {
            if (_groups.Remove(record.GroupId, out var gone) && gone is ClassicGroup group)
            {
                group.JoinTimer?.Cancel();
                group.SyncTimer?.Cancel();
                foreach (var pending in group.PendingMembers.Values)
                {
                    pending.Cancel();
                }

                Membership.Dissolve(group);
            }

            return;
        }

        // A group that is here has the soft state from which the record was made; only a load builds it from the record.
        if (IsActive && FindClassic(record.GroupId) is { } there)
        {
            there.Recorded = record.Value;
        }
        else
        {
            var restored = RecordedGroup.Restore(record.GroupId, record.Value);
            restored.IsConverted = !restored.IsEmpty && _justEnded == record.GroupId;
            _groups[record.GroupId] = restored;
        }
    }

    private void ReplayConsumer(ConsumerGroupRecord record)
    {
        var group = Find(record.GroupId) as ConsumerGroup;
        if (record is ConsumerEpochRecord { IsTombstone: true })
        {
            // A group that changed its protocol has a record of the new kind already.
            if (group is not null)
            {
                _groups.Remove(record.GroupId);
            }

            return;
        }

        if (group is null && record.IsTombstone)
        {
            return;
        }

        if (group is null)
        {
            _groups[record.GroupId] = group = new ConsumerGroup(record.GroupId);
        }

        group.Replay(record);
        if (record is ConsumerMemberRecord { IsTombstone: true } gone)
        {
            Sessions.Forget(gone.GroupId, gone.MemberId);
        }
    }

    private void ReplayForeign(ForeignRecord record)
    {
        var group = Find(record.GroupId) as ForeignGroup;
        if (record.MemberId is { } memberId)
        {
            if (record.IsTombstone)
            {
                group?.Members.Remove(memberId);
                return;
            }

            // The member's record comes before the group's own.
            if (group is null)
            {
                _groups[record.GroupId] = group = new ForeignGroup(record.GroupId, record.Kind);
            }

            group.Members.Add(memberId);
        }
        else if (record.IsTombstone)
        {
            // A group that changed its protocol has a record of the new kind already.
            if (group is not null && group.Kind == record.Kind)
            {
                _groups.Remove(record.GroupId);
            }
        }
        else if (group is null)
        {
            _groups[record.GroupId] = new ForeignGroup(record.GroupId, record.Kind);
        }
    }
}
