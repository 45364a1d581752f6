using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Shared;

/// <summary>
/// All that a broker tells of its topics, records, producers, groups and settings, as lines of text that may be compared: with those of
/// another broker over the same directory, or with what was recorded. One thread.
/// </summary>
public sealed class BrokerPicture
{
    private const sbyte TopicResource = 2, SetOnTopic = 1;

    private readonly WireClient _client;
    private readonly List<string> _lines = [];

    private BrokerPicture(WireClient client) => _client = client;

    /// <summary>Asks the broker at <paramref name="port"/> for everything.</summary>
    public static List<string> Take(int port)
    {
        using var client = new WireClient(port);
        var picture = new BrokerPicture(client);
        var topics = picture.Topics();
        foreach (var topic in topics)
        {
            picture.AddConfigs(topic.Name!);
            foreach (var partition in topic.Partitions.OrderBy(p => p.PartitionIndex))
            {
                var pictured = new PartitionPicture(client, topic.Name!, topic.TopicId, partition.PartitionIndex, picture._lines);
                pictured.Add(partition.LeaderEpoch);
            }
        }

        picture.AddGroups(topics.ToDictionary(t => t.TopicId, t => t.Name!));
        return picture._lines;
    }

    /// <summary>Topics and records alone.</summary>
    public static List<string> TakeRecords(int port)
    {
        using var client = new WireClient(port);
        var picture = new BrokerPicture(client);
        foreach (var topic in picture.Topics())
        {
            foreach (var partition in topic.Partitions.OrderBy(p => p.PartitionIndex))
            {
                new PartitionPicture(client, topic.Name!, topic.TopicId, partition.PartitionIndex, picture._lines).AddRecords();
            }
        }

        return picture._lines;
    }

    private List<MetadataResponse.MetadataResponseTopic> Topics()
    {
        var answer = _client.Call<MetadataResponse>(new MetadataRequest { Topics = null, AllowAutoTopicCreation = false }, 13);
        var topics = answer.Topics.OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        foreach (var topic in topics)
        {
            _lines.Add($"topic {topic.Name} id={topic.TopicId} partitions={topic.Partitions.Count} internal={topic.IsInternal}");
        }

        return topics;
    }

    private void AddConfigs(string topic)
    {
        var resource = new DescribeConfigsRequest.DescribeConfigsResource
        {
            ResourceType = TopicResource, ResourceName = topic, ConfigurationKeys = null,
        };
        var answer = _client.Call<DescribeConfigsResponse>(new DescribeConfigsRequest { Resources = [resource] }, 4);
        var set = answer.Results[0].Configs.Where(config => config.ConfigSource == SetOnTopic);
        foreach (var config in set.OrderBy(config => config.Name, StringComparer.Ordinal))
        {
            _lines.Add($"config {topic} {config.Name}={config.Value}");
        }
    }

    private void AddGroups(Dictionary<Uuid, string> topics)
    {
        var listed = Patiently.Ask(
            () => _client.Call<ListGroupsResponse>(new ListGroupsRequest(), 5),
            answer => answer.ErrorCode is ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable);
        foreach (var group in listed.Groups.OrderBy(g => g.GroupId, StringComparer.Ordinal))
        {
            // A group of the newer protocols that a broker does not run is still known to it by its offsets.
            _lines.Add($"group {group.GroupId} protocol={group.ProtocolType} type={group.GroupType} state={group.GroupState}");
            AddOffsets(group.GroupId, topics);
        }
    }

    private void AddOffsets(string group, Dictionary<Uuid, string> topics)
    {
        var asked = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = group, Topics = null };
        var request = new OffsetFetchRequest { Groups = [asked] };
        var answer = Patiently.Ask(
            () => _client.Call<OffsetFetchResponse>(request, 10).Groups[0],
            answer => answer.ErrorCode is ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator);
        if (answer.ErrorCode != ErrorCode.None)
        {
            _lines.Add($"offset {group}: {answer.ErrorCode}");
        }

        var lines =
            from topic in answer.Topics
            from partition in topic.Partitions
            let name = topics.GetValueOrDefault(topic.TopicId, "?")
            orderby name, partition.PartitionIndex
            select $"offset {group} {name}-{partition.PartitionIndex} {partition.CommittedOffset} epoch={partition.CommittedLeaderEpoch} "
                + $"metadata='{partition.Metadata}' {partition.ErrorCode}";
        _lines.AddRange(lines);
    }
}
