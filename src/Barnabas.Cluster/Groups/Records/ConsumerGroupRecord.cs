using Barnabas.Messages;

namespace Barnabas.Cluster.Groups.Records;

/// <summary>
/// A record of a group of the consumer protocol. Immutable, the value included; a value that is null says that it is gone.
/// </summary>
public abstract record ConsumerGroupRecord(string GroupId, bool IsTombstone) : GroupRecord;

/// <summary>The group itself: its epoch, which every change of members or topics raises.</summary>
public sealed record ConsumerEpochRecord(string GroupId, ConsumerGroupMetadataValue? Value) : ConsumerGroupRecord(GroupId, Value is null);

/// <summary>What brokers before 4.1 kept of the group's topics. A group that has one drops it with its next epoch.</summary>
public sealed record ConsumerTopicsRecord(string GroupId, bool IsTombstone) : ConsumerGroupRecord(GroupId, IsTombstone);

/// <summary>A member as it described itself.</summary>
public sealed record ConsumerMemberRecord(string GroupId, string MemberId, ConsumerGroupMemberMetadataValue? Value)
    : ConsumerGroupRecord(GroupId, Value is null);

/// <summary>The group epoch that the target assignment was made for.</summary>
public sealed record ConsumerTargetEpochRecord(string GroupId, ConsumerGroupTargetAssignmentMetadataValue? Value)
    : ConsumerGroupRecord(GroupId, Value is null);

/// <summary>What a member is to have in the end.</summary>
public sealed record ConsumerTargetRecord(string GroupId, string MemberId, ConsumerGroupTargetAssignmentMemberValue? Value)
    : ConsumerGroupRecord(GroupId, Value is null);

/// <summary>Where a member is on its way there: its epoch, what it may read and what it has to give up.</summary>
public sealed record ConsumerCurrentRecord(string GroupId, string MemberId, ConsumerGroupCurrentMemberAssignmentValue? Value)
    : ConsumerGroupRecord(GroupId, Value is null);

/// <summary>The topics that a regular expression of the group's members matched.</summary>
public sealed record ConsumerPatternRecord(string GroupId, string Pattern, ConsumerGroupRegularExpressionValue? Value)
    : ConsumerGroupRecord(GroupId, Value is null);
