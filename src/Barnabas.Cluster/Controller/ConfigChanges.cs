using System.Globalization;
using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Decides IncrementalAlterConfigs and AlterConfigs. Stateless; every resource of a request stands or falls by itself.</summary>
public static class ConfigChanges
{
    /// <summary>Changes keys one by one.</summary>
    public static IncrementalAlterConfigsResponse Decide(
        ControllerMachine machine, IncrementalAlterConfigsRequest request, Decision<MetadataRecord> decision)
    {
        var response = new IncrementalAlterConfigsResponse();
        foreach (var asked in request.Resources)
        {
            var resource = new ConfigResource((ConfigKind)asked.ResourceType, asked.ResourceName);
            var twice = request.Resources.Count(r => r.ResourceType == asked.ResourceType && r.ResourceName == asked.ResourceName) > 1;
            var changes = asked.Configs.ConvertAll(c => new ConfigChange(c.Name, (ConfigChangeKind)c.ConfigOperation, c.Value));
            var refusal = twice ? AppearsTwice : Change(machine, resource, changes, request.ValidateOnly, decision);
            response.Responses.Add(new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ResourceType = asked.ResourceType,
                ResourceName = asked.ResourceName,
                ErrorCode = refusal.Error,
                ErrorMessage = refusal.Message,
            });
        }

        return response;
    }

    /// <summary>Replaces all that is set for a resource.</summary>
    public static AlterConfigsResponse Decide(
        ControllerMachine machine, AlterConfigsRequest request, Decision<MetadataRecord> decision)
    {
        var response = new AlterConfigsResponse();
        foreach (var asked in request.Resources)
        {
            var resource = new ConfigResource((ConfigKind)asked.ResourceType, asked.ResourceName);
            var twice = request.Resources.Count(r => r.ResourceType == asked.ResourceType && r.ResourceName == asked.ResourceName) > 1;
            var changes = asked.Configs.ConvertAll(c => new ConfigChange(c.Name, ConfigChangeKind.Set, c.Value));
            if (changes.TrueForAll(change => change.Value is not null))
            {
                var kept = changes.Select(change => change.Key).ToHashSet(StringComparer.Ordinal);
                changes.AddRange(machine.Image.Configs.Of(resource).Entries
                    .Where(entry => !kept.Contains(entry.Key))
                    .Select(entry => new ConfigChange(entry.Key, ConfigChangeKind.Delete, null)));
            }

            var refusal = twice ? AppearsTwice : Change(machine, resource, changes, request.ValidateOnly, decision);
            response.Responses.Add(new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ResourceType = asked.ResourceType,
                ResourceName = asked.ResourceName,
                ErrorCode = refusal.Error,
                ErrorMessage = refusal.Message,
            });
        }

        return response;
    }

    /// <summary>Judges the changes of one resource and adds the records that make them.</summary>
    internal static Refusal Add(
        ControllerMachine machine, ConfigResource resource, IReadOnlyList<ConfigChange> changes, Decision<MetadataRecord> decision)
    {
        var current = machine.Image.Configs.Of(resource);
        var outcome = machine.Settings.JudgeConfig(resource, current, changes);
        if (outcome.Error != ErrorCode.None)
        {
            return new Refusal(outcome.Error, outcome.Message);
        }

        var before = decision.Count;
        var changesMinInsync = false;
        foreach (var key in changes.Select(change => change.Key).Distinct(StringComparer.Ordinal))
        {
            var value = outcome.Values!.GetValueOrDefault(key);
            if (value != current.Find(key))
            {
                decision.Add(Record(resource, key, value));
                changesMinInsync |= key == "min.insync.replicas";
            }
        }

        // Replicas were eligible by the old minimum; the new one has to find its own.
        var hasElr = machine.Image.Features.LevelOf(SupportedFeatures.EligibleLeaderReplicas) > 0;
        if (changesMinInsync && hasElr && resource.Kind is ConfigKind.Topic or ConfigKind.Broker && decision.Count > before)
        {
            var topic = resource.Kind == ConfigKind.Topic ? resource.Name : "";
            decision.Add(new MetadataRecord(ClearElrRecord.RecordType, 0, new ClearElrRecord { TopicName = topic }));
        }

        return Refusal.None;
    }

    private static MetadataRecord Record(ConfigResource resource, string key, string? value) =>
        new(ConfigRecord.RecordType, 0, new ConfigRecord
        {
            ResourceType = (sbyte)resource.Kind, ResourceName = resource.Name, Name = key, Value = value,
        });

    private static readonly Refusal AppearsTwice = Invalid("Each resource must appear at most once.");

    private static Refusal Change(
        ControllerMachine machine,
        ConfigResource resource,
        IReadOnlyList<ConfigChange> changes,
        bool validateOnly,
        Decision<MetadataRecord> decision)
    {
        var refusal = CheckResource(machine, resource);
        if (refusal.IsNone)
        {
            refusal = CheckKeys(changes);
        }

        if (!refusal.IsNone)
        {
            return refusal;
        }

        var before = decision.Count;
        refusal = Add(machine, resource, changes, decision);
        if (validateOnly || !refusal.IsNone)
        {
            decision.TakeBack(before);
        }

        return refusal;
    }

    private static Refusal CheckResource(ControllerMachine machine, ConfigResource resource)
    {
        switch (resource.Kind)
        {
            case ConfigKind.Topic when resource.Name.Length == 0:
                return Invalid("Default topic resources are not allowed.");
            case ConfigKind.Topic:
                return machine.Image.Topics.Find(resource.Name) is null
                    ? new Refusal(ErrorCode.UnknownTopicOrPartition, $"The topic '{resource.Name}' does not exist.")
                    : Refusal.None;
            case ConfigKind.Broker when resource.Name.Length > 0:
                return CheckBroker(machine, resource.Name);
            case ConfigKind.Broker:
                return Refusal.None;
            case ConfigKind.Group when resource.Name.Length == 0:
                return Invalid("Default group resources are not allowed.");
            case ConfigKind.ClientMetrics when resource.Name.Length == 0:
                return Invalid("Subscription name can't be empty");
            case ConfigKind.Group or ConfigKind.ClientMetrics:
                return Refusal.None;
            default:
                return Invalid($"Unknown resource type {(sbyte)resource.Kind}");
        }
    }

    private static Refusal CheckBroker(ControllerMachine machine, string name)
    {
        if (!int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
        {
            return Invalid($"Node id must be an integer, but it is: {name}");
        }

        return id != machine.Settings.NodeId && machine.Image.Brokers.Find(id) is null
            ? Invalid($"Unexpected broker id, expected {machine.Settings.NodeId}, but received {id}")
            : Refusal.None;
    }

    private static Refusal CheckKeys(IReadOnlyList<ConfigChange> changes)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            if (!keys.Add(change.Key))
            {
                return Invalid("Error due to duplicate config keys");
            }

            if (change.Kind is < ConfigChangeKind.Set or > ConfigChangeKind.Subtract)
            {
                return new Refusal(ErrorCode.UnknownServerError, null);
            }
        }

        var nulls = changes.Where(c => c.Kind != ConfigChangeKind.Delete && c.Value is null).Select(c => c.Key).ToList();
        return nulls.Count > 0 ? Invalid($"Null value not supported for : {string.Join(", ", nulls)}") : Refusal.None;
    }

    private static Refusal Invalid(string message) => new(ErrorCode.InvalidRequest, message);
}
