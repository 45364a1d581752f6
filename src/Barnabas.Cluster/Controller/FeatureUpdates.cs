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
            if (Problem(machine, update.Feature, update.MaxVersionLevel, type, kraftVersion) is { } problem)
            {
                decision.TakeBack(before);
                return new UpdateFeaturesResponse
                {
                    ErrorCode = ErrorCode.InvalidUpdateVersion,
                    ErrorMessage = "The update failed for all features since the following feature had an error: Invalid update version "
                        + $"{update.MaxVersionLevel} for feature {update.Feature}. {problem}",
                };
            }

            if (update.Feature != SupportedFeatures.KRaftVersion
                && machine.Image.Features.LevelOf(update.Feature) != update.MaxVersionLevel)
            {
                decision.Add(ImageRecords.Level(update.Feature, update.MaxVersionLevel));
            }
        }

        if (request.ValidateOnly)
        {
            decision.TakeBack(before);
        }

        var response = new UpdateFeaturesResponse();
        if (version < 2)
        {
            foreach (var update in request.FeatureUpdates)
            {
                response.Results.Add(new UpdateFeaturesResponse.UpdatableFeatureResult { Feature = update.Feature });
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

        if (level < current && type == Upgrade)
        {
            return "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.";
        }

        return feature == MetadataVersion.FeatureName && level < current ? MetadataDowngrade(current, level, type) : null;
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

    private static string? MetadataDowngrade(short from, short to, sbyte type)
    {
        var what = $"Unsupported metadata.version downgrade from {from} to {to}.";
        return type == UnsafeDowngrade
            ? $"{what} Unsafe metadata downgrade is not supported in this version."
            : $"{what} Refusing to perform the requested downgrade because it might delete metadata information.";
    }
}
