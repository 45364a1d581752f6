using Barnabas.Base;
using Barnabas.Cluster.Partitions;
using Barnabas.Log;
using Barnabas.Log.Epochs;
using Barnabas.Log.Lookups;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Partitions;

/// <summary>
/// One partition of a ListOffsets request and its answer. Owned by the connection's loop, then by that of the look-ups.
/// </summary>
internal sealed class OffsetQuestion(
    string topic, ListOffsetsRequest.ListOffsetsPartition asked, ListOffsetsResponse.ListOffsetsPartitionResponse answer)
{
    public string Topic => topic;

    public int Partition => asked.PartitionIndex;

    public int LeaderEpoch => asked.CurrentLeaderEpoch;

    public long Timestamp => asked.Timestamp;

    /// <summary>True when the request names the partition more than once, which Kafka refuses for that partition.</summary>
    public bool IsAskedTwice { get; set; }

    /// <summary>Who holds the partition; set before the question is looked up.</summary>
    public Replica Replica { get; set; } = null!;

    /// <summary>True while the leader cannot say what the latest offset is.</summary>
    public bool IsLatestUnknown { get; set; }

    /// <summary>The outcome so far.</summary>
    public ErrorCode Error => answer.ErrorCode;

    public void Refuse(ErrorCode error) => answer.ErrorCode = error;

    /// <summary>For versions that do not tell the epoch.</summary>
    public void LeaveEpochOut() => answer.LeaderEpoch = LeaderEpochs.UndefinedEpoch;

    /// <summary>Finds what only files can tell. Blocks: on the loop of the look-ups.</summary>
    public void LookUp(ReadLimit limit)
    {
        try
        {
            var found = Read(out var view);
            if (found is { } record && record.Offset < view.OffsetOf(limit))
            {
                Answer(record);
            }
            else if (Replica.Failure is { } failure)
            {
                // The log was closed under the look-up: that nothing was found says nothing.
                Refuse(failure.Error);
            }
            else if (IsLatestUnknown)
            {
                Refuse(ErrorCode.OffsetNotAvailable);
            }
            else
            {
                Answer(null);
            }
        }
        catch (IOException e)
        {
            Replica.ReadFailed(e);
            Refuse(ErrorCode.KafkaStorageError);
        }
    }

    private TimestampedOffset? Read(out LogView view)
    {
        while (true)
        {
            view = Replica.View;
            var found = Timestamp == SpecialOffsets.MaxTimestamp
                ? LogLookup.MaxTimestamp(view)
                : LogLookup.ByTimestamp(view, Timestamp);

            // The segment that had the answer may have been deleted meanwhile: the next view tells what there is now.
            if (found is not null || Replica.View.FirstSegmentOffset == view.FirstSegmentOffset)
            {
                return found;
            }
        }
    }

    /// <summary>Null when there is no such record.</summary>
    public void Answer(TimestampedOffset? found)
    {
        if (found is { } record)
        {
            answer.Timestamp = record.TimestampMs;
            answer.Offset = record.Offset;
            answer.LeaderEpoch = record.LeaderEpoch;
        }
    }
}

/// <summary>
/// The partitions that a ListOffsets request asks for, each once, under their topics in the order of the request. Owned as they are.
/// </summary>
internal sealed class OffsetQuestions
{
    private OffsetQuestions()
    {
    }

    public List<OffsetQuestion> All { get; } = [];

    /// <summary>What all of them answer together.</summary>
    public ListOffsetsResponse Response { get; } = new();

    public static OffsetQuestions Of(ListOffsetsRequest request)
    {
        var questions = new OffsetQuestions();
        var topics = new Dictionary<string, ListOffsetsResponse.ListOffsetsTopicResponse>(StringComparer.Ordinal);
        var known = new Dictionary<(string Topic, int Partition), OffsetQuestion>();
        foreach (var topic in request.Topics)
        {
            foreach (var asked in topic.Partitions)
            {
                if (known.TryGetValue((topic.Name, asked.PartitionIndex), out var first))
                {
                    first.IsAskedTwice = true;
                    continue;
                }

                if (!topics.TryGetValue(topic.Name, out var answers))
                {
                    answers = new() { Name = topic.Name };
                    topics.Add(topic.Name, answers);
                    questions.Response.Topics.Add(answers);
                }

                var answer = new ListOffsetsResponse.ListOffsetsPartitionResponse { PartitionIndex = asked.PartitionIndex };
                var question = new OffsetQuestion(topic.Name, asked, answer);
                answers.Partitions.Add(answer);
                known.Add((topic.Name, asked.PartitionIndex), question);
                questions.All.Add(question);
            }
        }

        return questions;
    }

    /// <summary>For versions that do not tell the epochs.</summary>
    public void LeaveEpochsOut() => All.ForEach(question => question.LeaveEpochOut());

    /// <summary>Puts another error in the place of one that the request's version does not have.</summary>
    public void Replace(ErrorCode error, ErrorCode instead)
    {
        foreach (var question in All)
        {
            if (question.Error == error)
            {
                question.Refuse(instead);
            }
        }
    }
}
