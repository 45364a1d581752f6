using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>Decides UpdateFeatures. Stateless; the updates of a request stand or fall together.</summary>
public static class FeatureUpdates
{
    private const sbyte Upgrade = 1, SafeDowngrade = 2, UnsafeDowngrade = 3;

    /// <summary>Sets levels, or says why not. <paramref name="kraftVersion"/> is the quorum's level now.</summary>
    public static UpdateFeaturesResponse Decide(
        ControllerMachine machine, UpdateFeaturesRequest request, short version, short kraftVersion, Decision<MetadataRecord> decision)
    {
        var before = decision.Count;
        foreach (var update in request.FeatureUpdates)
        {
            var type = version == 0 ? (update.AllowDowngrade ? SafeDowngrade : Upgrade) : update.UpgradeType;
            var (feature, level) = (update.Feature, update.MaxVersionLevel);
            var problem = Problem(machine, feature, level, type, kraftVersion) is { } invalid
                ? $"Invalid update version {level} for feature {feature}. {invalid}"
                : MetadataDowngrade(machine, feature, level, type);
            if (problem is not null)
            {
                decision.TakeBack(before);
                return new UpdateFeaturesResponse
                {
                    ErrorCode = ErrorCode.InvalidUpdateVersion,
                    ErrorMessage = "The update failed for all features since the following feature had an error: " + problem,
                };
            }

            if (feature != SupportedFeatures.KRaftVersion && machine.Image.Features.LevelOf(feature) != level)
            {
                decision.Add(ImageRecords.Level(feature, level));
            }
        }

        if (request.ValidateOnly)
        {
            decision.TakeBack(before);
        }

        var response = new UpdateFeaturesResponse { ErrorMessage = null };
        if (version < 2)
        {
            foreach (var update in request.FeatureUpdates)
            {
                response.Results.Add(new() { Feature = update.Feature, ErrorMessage = "NONE" });
            }
        }

        return response;
    }

    private static string? Problem(ControllerMachine machine, string feature, short level, sbyte type, short kraftVersion)
    {
        var current = feature == SupportedFeatures.KRaftVersion ? kraftVersion : machine.Image.Features.LevelOf(feature);
        if (type is < Upgrade or > UnsafeDowngrade)
        {
            return "The controller does not support the given upgrade type.";
        }

        if (level < 0)
        {
            return "A feature version cannot be less than 0.";
        }

        if (OutOfRange(machine, feature, level, current) is { } problem)
        {
            return problem;
        }

        if (feature == SupportedFeatures.KRaftVersion)
        {
            return level < current ? "Can't downgrade the version of this feature."
                : level > current ? "The quorum of this directory has its voters in the configuration, which stays while it runs."
                : null;
        }

        return level < current && type == Upgrade
            ? "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
            : null;
    }

    private static string? OutOfRange(ControllerMachine machine, string feature, short level, short current)
    {
        foreach (var range in machine.Settings.Features)
        {
            // A directory from Kafka may run at a level that is not implemented here yet: it may be lowered and left, not raised.
            if (range.Name == feature)
            {
                return range.Contains(level) || level == current
                    ? null
                    : $"Local controller {machine.Settings.NodeId} only supports versions {range.Lowest}-{range.Highest}";
            }
        }

        return $"Local controller {machine.Settings.NodeId} does not support this feature.";
    }

    private static string? MetadataDowngrade(ControllerMachine machine, string feature, short to, sbyte type)
    {
        var from = machine.Image.Features.MetadataVersion.Level;
        if (feature != MetadataVersion.FeatureName || to >= from)
        {
            return null;
        }

        var what = $"Unsupported metadata.version downgrade from {from} to {to}.";
        return type == UnsafeDowngrade
            ? $"{what} Unsafe metadata downgrade is not supported in this version."
            : $"{what} Refusing to perform the requested downgrade because it might delete metadata information.";
    }
}
