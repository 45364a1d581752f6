using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Decides DeleteTopics, by name or by id. Stateless.</summary>
public static class TopicDeletion
{
    /// <summary>Deletes the topics of a request, or says why not. <paramref name="version"/> is that of the request.</summary>
    public static DeleteTopicsResponse Decide(
        ControllerMachine machine, DeleteTopicsRequest request, short version, Decision<MetadataRecord> decision)
    {
        var response = new DeleteTopicsResponse();
        var asked = version >= 6
            ? request.Topics.ConvertAll(topic => (topic.Name, Id: topic.TopicId))
            : request.TopicNames.ConvertAll(name => ((string?)name, Id: Uuid.Zero));
        var names = Counted(asked.Where(topic => topic.Item1 is not null).Select(topic => topic.Item1!));
        var ids = Counted(asked.Where(topic => topic.Item1 is null).Select(topic => topic.Id));
        var deleted = new HashSet<Uuid>();
        foreach (var (name, id) in asked)
        {
            var isDuplicate = name is not null ? names[name] != 1 : id != Uuid.Zero && ids[id] != 1;
            if (isDuplicate && (name is not null ? names[name] < 0 : ids[id] < 0))
            {
                continue;
            }

            var result = new DeleteTopicsResponse.DeletableTopicResult { Name = name, TopicId = id };
            if (isDuplicate)
            {
                Mark(names, ids, name, id);
                var what = name is not null ? "name" : "id";
                (result.ErrorCode, result.ErrorMessage) = (ErrorCode.InvalidRequest, $"Duplicate topic {what}.");
            }
            else
            {
                var refusal = Delete(machine, name, id, version, decision, deleted, result);
                (result.ErrorCode, result.ErrorMessage) = (refusal.Error, refusal.Message);
            }

            response.Responses.Add(result);
        }

        return response;
    }

    private static Refusal Delete(
        ControllerMachine machine,
        string? name,
        Uuid id,
        short version,
        Decision<MetadataRecord> decision,
        HashSet<Uuid> deleted,
        DeleteTopicsResponse.DeletableTopicResult result)
    {
        if (!machine.Settings.CanDeleteTopics)
        {
            return version < 3
                ? new Refusal(ErrorCode.InvalidRequest, "This version does not support topic deletion being disabled.")
                : new Refusal(ErrorCode.TopicDeletionDisabled, "Topic deletion is disabled.");
        }

        if (name is not null && id != Uuid.Zero)
        {
            return new Refusal(ErrorCode.InvalidRequest, "You may not specify both topic name and topic id.");
        }

        if (name is null && id == Uuid.Zero)
        {
            return new Refusal(ErrorCode.InvalidRequest, "Neither topic name nor id were specified.");
        }

        var topics = machine.Image.Topics;
        var topic = name is not null ? topics.Find(name) : topics.Find(id);
        if (topic is null)
        {
            return name is not null
                ? new Refusal(ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition.")
                : new Refusal(ErrorCode.UnknownTopicId, "This server does not host this topic ID.");
        }

        (result.Name, result.TopicId) = (topic.Name, topic.Id);
        if (deleted.Add(topic.Id))
        {
            decision.Add(new MetadataRecord(RemoveTopicRecord.RecordType, 0, new RemoveTopicRecord { TopicId = topic.Id }));
        }

        return Refusal.None;
    }

    private static Dictionary<T, int> Counted<T>(IEnumerable<T> items)
        where T : notnull
    {
        var counts = new Dictionary<T, int>();
        foreach (var item in items)
        {
            counts[item] = counts.GetValueOrDefault(item) + 1;
        }

        return counts;
    }

    // A duplicate is answered once.
    private static void Mark(Dictionary<string, int> names, Dictionary<Uuid, int> ids, string? name, Uuid id)
    {
        if (name is not null)
        {
            names[name] = -1;
        }
        else
        {
            ids[id] = -1;
        }
    }
}
