using System.Text;
using Barnabas.Base;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>Why a request of a consumer group is refused: the code for the client, and Kafka's words for whoever reads its log.</summary>
internal sealed record GroupRefusal(ErrorCode Error, string? Message)
{
    /// <summary>
    /// As it can be answered: where its words are longer than a string may be, for they repeat what the client said, it is Kafka's
    /// UNKNOWN_SERVER_ERROR without any.
    /// </summary>
    public GroupRefusal Sayable => Message is not null && Encoding.UTF8.GetByteCount(Message) > short.MaxValue
        ? new GroupRefusal(ErrorCode.UnknownServerError, null)
        : this;

    public static GroupRefusal Invalid(string message) => new(ErrorCode.InvalidRequest, message);

    public static GroupRefusal UnknownMember(string groupId, string memberId) =>
        new(ErrorCode.UnknownMemberId, $"Member {memberId} is not a member of group {groupId}.");

    public static GroupRefusal UnknownInstance(string instanceId) =>
        new(ErrorCode.UnknownMemberId, $"Instance id {instanceId} is unknown.");

    public static GroupRefusal FencedInstance(string memberId, string instanceId, string by) =>
        new(ErrorCode.FencedInstanceId, $"Static member {memberId} with instance id {instanceId} was fenced by member {by}.");

    public static GroupRefusal Unreleased(string memberId, string instanceId, string owner) => new(
        ErrorCode.UnreleasedInstanceId,
        $"Static member {memberId} with instance id {instanceId} cannot join the group because the instance id is owned by "
        + $"{owner} member.");

    public static GroupRefusal FencedEpoch(string isHow, int received, int known) => new(
        ErrorCode.FencedMemberEpoch,
        $"The consumer group member has a {isHow} member epoch ({received}) than the one known by the group coordinator ({known}). "
        + "The member must abandon all its partitions and rejoin.");
}
