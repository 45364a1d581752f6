using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers;

/// <summary>The feature levels that a broker tells its clients.</summary>
/// <param name="Supported">What this version of the broker can do, by feature.</param>
/// <param name="Finalized">What the cluster has agreed on, by feature.</param>
/// <param name="FinalizedEpoch">Offset of the metadata that the agreement is of; -1 for none.</param>
public sealed record FeatureView(
    IReadOnlyList<SupportedFeatureLevels> Supported, IReadOnlyList<FinalizedFeatureLevel> Finalized, long FinalizedEpoch)
{
    /// <summary>No features at all.</summary>
    public static FeatureView Empty { get; } = new([], [], -1);
}

/// <summary>A feature that can be set from the lowest to the highest level.</summary>
public readonly record struct SupportedFeatureLevels(string Name, short Lowest, short Highest);

/// <summary>A feature that is set.</summary>
public readonly record struct FinalizedFeatureLevel(string Name, short Level);

/// <summary>Tells a client what is served on its listener: what is in the table, never more, but for old versions of produce.</summary>
public sealed class ApiVersionsHandler(Func<FeatureView> features) : IRequestHandler
{
    /// <inheritdoc/>
    public ApiKey Key => ApiKey.ApiVersions;

    /// <inheritdoc/>
    public void Handle(Request request)
    {
        if (!request.IsVersionServed)
        {
            // In version 0, whatever was asked, and with no more than the one line that the client needs to ask again.
            request.Complete(new ApiVersionsResponse
            {
                ErrorCode = ErrorCode.UnsupportedVersion,
                ApiKeys = [ToVersion(request.Connection.Listener.Handlers.Find((short)ApiKey.ApiVersions)!)],
            });
            return;
        }

        var asked = MessageCodec.Decode<ApiVersionsRequest>(request.Body, request.ApiVersion);
        if (request.ApiVersion >= 3 && !(IsSoftwareName(asked.ClientSoftwareName) && IsSoftwareName(asked.ClientSoftwareVersion)))
        {
            request.Complete(new ApiVersionsResponse { ErrorCode = ErrorCode.InvalidRequest });
            return;
        }

        request.Complete(Answer(request));
    }

    private ApiVersionsResponse Answer(Request request)
    {
        var answer = new ApiVersionsResponse
        {
            ApiKeys = request.Connection.Listener.Handlers.Served.Select(ToVersion).ToList(),
        };
        if (request.ApiVersion < 3)
        {
            return answer;
        }

        var view = features();
        answer.SupportedFeatures = view.Supported

            // Before version 4 clients take a lowest level of 0 for a mistake.
            .Where(feature => request.ApiVersion >= 4 || feature.Lowest > 0)
            .Select(feature => new ApiVersionsResponse.SupportedFeatureKey
            {
                Name = feature.Name,
                MinVersion = feature.Lowest,
                MaxVersion = feature.Highest,
            }).ToList();
        answer.FinalizedFeaturesEpoch = view.FinalizedEpoch;
        answer.FinalizedFeatures = view.Finalized.Select(feature => new ApiVersionsResponse.FinalizedFeatureKey
        {
            Name = feature.Name,
            MinVersionLevel = feature.Level,
            MaxVersionLevel = feature.Level,
        }).ToList();
        return answer;
    }

    /// <summary>Produce is told from 0 on, as Kafka does: old librdkafka stops compressing when it sees that 2 is not there.</summary>
    private static ApiVersionsResponse.ApiVersion ToVersion(ServedApi api) => new()
    {
        ApiKey = (short)api.Handler.Key,
        MinVersion = api.Handler.Key == ApiKey.Produce ? (short)0 : api.Lowest,
        MaxVersion = api.Highest,
    };

    /// <summary>Letters, digits, dots and hyphens, with a letter or digit at both ends.</summary>
    private static bool IsSoftwareName(string name)
    {
        if (name.Length == 0 || !char.IsAsciiLetterOrDigit(name[0]) || !char.IsAsciiLetterOrDigit(name[^1]))
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
