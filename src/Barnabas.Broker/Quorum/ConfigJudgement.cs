using Barnabas.Base;
using Barnabas.Broker.Config;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Broker.Quorum;

/// <summary>Judges the controller's configuration changes by the broker's table of keys. Stateless.</summary>
public static class ConfigJudgement
{
    /// <summary>The judge over the configuration as it is at each call.</summary>
    public static ConfigJudge Of(Func<BrokerConfig> config) => (resource, current, changes) =>
    {
        var edits = new List<ConfigEdit>(changes.Count);
        foreach (var change in changes)
        {
            edits.Add(new ConfigEdit(change.Key, (ConfigOperation)change.Kind, change.Value));
        }

        var result = resource.Kind switch
        {
            ConfigKind.Topic => ConfigEdits.Topic(config(), current.Entries, edits),
            ConfigKind.Broker => ConfigEdits.Broker(config(), resource.Name.Length == 0, current.Entries, edits),
            ConfigKind.Group => ConfigEdits.Group(config(), current.Entries, edits),
            ConfigKind.ClientMetrics => ConfigEdits.ClientMetrics(current.Entries, edits),
            _ => new ConfigEditResult(ErrorCode.InvalidRequest, $"Unknown resource type {(sbyte)resource.Kind}", null),
        };
        return new ConfigOutcome(result.Error, result.Message, result.Values);
    };
}
