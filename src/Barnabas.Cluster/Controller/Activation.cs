using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>What a controller writes first when it begins to lead. Stateless.</summary>
public static class Activation
{
    /// <summary>
    /// Ends a change that a former leader left half done, and gives an empty log its first records.
    /// </summary>
    /// <param name="machine">The controller.</param>
    /// <param name="bootstrap">The records of the file <c>bootstrap.checkpoint</c>; the levels to begin with where there is none.</param>
    /// <param name="decision">Takes the records.</param>
    public static object Decide(ControllerMachine machine, IReadOnlyList<MetadataRecord> bootstrap, Decision<MetadataRecord> decision)
    {
        if (machine.IsInTransaction)
        {
            decision.Add(new MetadataRecord(AbortTransactionRecord.RecordType, 0, new AbortTransactionRecord { Reason = "failover" }));
        }

        if (machine.Image.Features.HasMetadataVersion)
        {
            return decision;
        }

        var level = bootstrap.Select(record => record.Message).OfType<FeatureLevelRecord>()
            .FirstOrDefault(record => record.Name == MetadataVersion.FeatureName)?.FeatureLevel ?? MetadataVersion.Highest.Level;
        var isWhole = new MetadataVersion(level).HasTransactions;
        if (isWhole)
        {
            decision.Add(new MetadataRecord(
                BeginTransactionRecord.RecordType, 0, new BeginTransactionRecord { Name = "Bootstrap records" }));
        }

        foreach (var record in bootstrap)
        {
            decision.Add(record);
        }

        if (isWhole)
        {
            decision.Add(new MetadataRecord(EndTransactionRecord.RecordType, 0, new EndTransactionRecord()));
        }

        return decision;
    }

    /// <summary>
    /// The levels that a new cluster begins with: the highest metadata version, and the features that are implemented whole.
    /// </summary>
    public static IReadOnlyList<MetadataRecord> NewCluster { get; } =
    [
        ImageRecords.Level(MetadataVersion.FeatureName, MetadataVersion.Highest.Level),
        ImageRecords.Level(SupportedFeatures.GroupVersion, 1),
        ImageRecords.Level(SupportedFeatures.TransactionVersion, 2),
    ];
}
