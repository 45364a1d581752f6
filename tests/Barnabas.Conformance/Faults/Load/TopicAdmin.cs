using System.Globalization;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;
using Barnabas.Messages;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>Creates topics, configures and deletes them, and makes some again under their name; one request at a time.</summary>
internal sealed class TopicAdmin(Randomness random) : LoadActor("admin", random)
{
    private const int NamesMax = 8;
    private readonly Dictionary<string, MadeTopic> _topics = [];

    /// <inheritdoc/>
    public override void Verify(MessageConnection connection, Promise promise)
    {
        var answer = connection.Call<MetadataResponse>(new MetadataRequest { Topics = null }, 12);
        foreach (var (name, topic) in _topics.ToArray())
        {
            var there = answer.Topics.FirstOrDefault(t => t.Name == name);
            LossException.Unless(there is null or { ErrorCode: ErrorCode.None }, $"{name}: {there?.ErrorCode}");
            if (topic.IsUnanswered)
            {
                Learn(name, topic, there);
            }
            else
            {
                LossException.Unless(
                    there is not null == topic.IsThere && (there is null || there.TopicId == topic.Id),
                    $"{name} is {(there is null ? "gone" : $"{there.TopicId}")}, and was {(topic.IsThere ? $"{topic.Id}" : "gone")}");
            }
        }

        foreach (var (name, topic) in _topics.Where(t => t.Value.IsThere))
        {
            VerifyConfig(connection, name, topic);
        }
    }

    /// <inheritdoc/>
    protected override void Work(MessageConnection connection)
    {
        while (true)
        {
            var name = $"made-{Random.Next(NamesMax)}";
            HasSent();
            if (!_topics.TryGetValue(name, out var topic) || !topic.IsThere)
            {
                Create(connection, name);
            }
            else if (Random.Chance(0.4))
            {
                Configure(connection, name, topic);
            }
            else
            {
                Delete(connection, name, topic);
            }

            HasAnswer();
        }
    }

    private static string Value(long retentionMs) => retentionMs.ToString(CultureInfo.InvariantCulture);

    private void Create(MessageConnection connection, string name)
    {
        var topic = _topics[name] = new MadeTopic { IsUnanswered = true, RetentionMs = 1_000_000 + Random.Next(1_000_000) };
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 30_000,
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = 1 + Random.Next(3),
                    ReplicationFactor = 1,
                    Configs = [new() { Name = "retention.ms", Value = Value(topic.RetentionMs) }],
                },
            ],
        };
        var answer = connection.Call<CreateTopicsResponse>(request, 7).Topics[0];
        CheckDone(answer.ErrorCode, $"creating {name}");
        (topic.IsThere, topic.Id, topic.IsUnanswered) = (true, answer.TopicId, false);
    }

    private void Delete(MessageConnection connection, string name, MadeTopic topic)
    {
        topic.IsUnanswered = true;
        var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = name }] };
        CheckDone(connection.Call<DeleteTopicsResponse>(request, 6).Responses[0].ErrorCode, $"deleting {name}");
        (topic.IsThere, topic.IsUnanswered) = (false, false);
    }

    private void Configure(MessageConnection connection, string name, MadeTopic topic)
    {
        topic.NextRetentionMs = 1_000_000 + Random.Next(1_000_000);
        var request = new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = 2,
                    ResourceName = name,
                    Configs = [new() { Name = "retention.ms", ConfigOperation = 0, Value = Value(topic.NextRetentionMs) }],
                },
            ],
        };
        CheckDone(connection.Call<IncrementalAlterConfigsResponse>(request, 1).Responses[0].ErrorCode, $"configuring {name}");
        (topic.RetentionMs, topic.NextRetentionMs) = (topic.NextRetentionMs, 0);
    }

    private void VerifyConfig(MessageConnection connection, string name, MadeTopic topic)
    {
        var request = new DescribeConfigsRequest
        {
            Resources = [new() { ResourceType = 2, ResourceName = name, ConfigurationKeys = ["retention.ms"] }],
        };
        var answer = connection.Call<DescribeConfigsResponse>(request, 4).Results[0];
        CheckDone(answer.ErrorCode, $"the configuration of {name}");
        var value = answer.Configs[0].Value;
        LossException.Unless(
            value == Value(topic.RetentionMs) || (topic.NextRetentionMs > 0 && value == Value(topic.NextRetentionMs)),
            $"{name}: retention.ms is {value}, not {topic.RetentionMs} nor {topic.NextRetentionMs}");
        (topic.RetentionMs, topic.NextRetentionMs) = (long.Parse(value!, CultureInfo.InvariantCulture), 0);
    }

    private static void Learn(string name, MadeTopic topic, MetadataResponse.MetadataResponseTopic? there)
    {
        // Creating: whatever is there is the new one. Deleting: the old one or none.
        LossException.Unless(
            !topic.IsThere || there is null || there.TopicId == topic.Id, $"{name} became {there?.TopicId} when {topic.Id} was deleted");
        (topic.IsThere, topic.Id, topic.IsUnanswered) = (there is not null, there?.TopicId ?? default, false);
    }

    /// <summary>A name, and what the last answers about it said.</summary>
    private sealed class MadeTopic
    {
        public bool IsThere { get; set; }

        public Uuid Id { get; set; }

        public bool IsUnanswered { get; set; }

        public long RetentionMs { get; set; }

        public long NextRetentionMs { get; set; }
    }
}
