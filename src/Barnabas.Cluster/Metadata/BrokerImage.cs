using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Metadata;

/// <summary>Where a node listens, as clients are told. Immutable.</summary>
/// <param name="Name">The listener's name.</param>
/// <param name="Host">The advertised host.</param>
/// <param name="Port">The advertised port.</param>
/// <param name="SecurityProtocol">0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.</param>
public sealed record NodeEndpoint(string Name, string Host, ushort Port, short SecurityProtocol);

/// <summary>The levels of a feature that a node can run with. Immutable.</summary>
public sealed record FeatureRange(string Name, short Lowest, short Highest)
{
    public bool Contains(short level) => level >= Lowest && level <= Highest;
}

/// <summary>A registered broker. Immutable; any thread may read it.</summary>
public sealed record BrokerImage
{
    public required int Id { get; init; }

    /// <summary>Offset of the registration in the metadata log: a number for this start of the broker.</summary>
    public required long Epoch { get; init; }

    /// <summary>A random id of the broker's process.</summary>
    public required Uuid IncarnationId { get; init; }

    public required ImmutableArray<NodeEndpoint> Endpoints { get; init; }

    public required ImmutableArray<FeatureRange> Features { get; init; }

    public string? Rack { get; init; }

    /// <summary>True while the broker may not lead or serve: it has just registered, or has not been heard of.</summary>
    public bool IsFenced { get; init; } = true;

    public bool IsInControlledShutdown { get; init; }

    /// <summary>Ids of its log directories.</summary>
    public ImmutableArray<Uuid> Directories { get; init; } = [];

    /// <summary>Log directories that take no new replicas.</summary>
    public ImmutableArray<Uuid> CordonedDirectories { get; init; } = [];

    /// <summary>True when all of its log directories are cordoned: only a replica that is placed by hand goes there.</summary>
    public bool TakesNoReplicas
    {
        get
        {
            foreach (var directory in Directories)
            {
                if (!CordonedDirectories.Contains(directory))
                {
                    return false;
                }
            }

            return Directories.Length > 0;
        }
    }

    /// <summary>
    /// True when a replica in that directory can be used: it is one of the broker's, or nobody has said yet which one it is.
    /// </summary>
    public bool HasOnline(Uuid directory) =>
        directory == DirectoryIds.Unassigned || directory == DirectoryIds.Migrating || Directories.Contains(directory);

    /// <summary>The advertised endpoint of a listener, or null when the broker has none of that name.</summary>
    public NodeEndpoint? Endpoint(string listener)
    {
        foreach (var endpoint in Endpoints)
        {
            if (endpoint.Name == listener)
            {
                return endpoint;
            }
        }

        return null;
    }

    internal static BrokerImage Of(RegisterBrokerRecord record) => new()
    {
        Id = record.BrokerId,
        Epoch = record.BrokerEpoch,
        IncarnationId = record.IncarnationId,
        Endpoints = [.. record.EndPoints.ConvertAll(e => new NodeEndpoint(e.Name, e.Host, e.Port, e.SecurityProtocol))],
        Features = [.. record.Features.ConvertAll(f => new FeatureRange(f.Name, f.MinSupportedVersion, f.MaxSupportedVersion))],
        Rack = record.Rack,
        IsFenced = record.Fenced,
        IsInControlledShutdown = record.InControlledShutdown,
        Directories = [.. record.LogDirs],
        CordonedDirectories = record.CordonedLogDirs is { } cordoned ? [.. cordoned] : [],
    };

    internal BrokerImage After(BrokerRegistrationChangeRecord change) => this with
    {
        IsFenced = change.Fenced == 0 ? IsFenced : change.Fenced > 0,
        IsInControlledShutdown = IsInControlledShutdown || change.InControlledShutdown > 0,
        Directories = change.LogDirs.Count > 0 ? [.. change.LogDirs] : Directories,
        CordonedDirectories = change.CordonedLogDirs is { } cordoned ? [.. cordoned] : CordonedDirectories,
    };

    internal MetadataRecord ToRecord(MetadataVersion metadataVersion)
    {
        var version = metadataVersion.RegisterBrokerRecordVersion;
        var record = new RegisterBrokerRecord
        {
            BrokerId = Id,
            IncarnationId = IncarnationId,
            BrokerEpoch = Epoch,
            EndPoints = Endpoints.ToList(e => new RegisterBrokerRecord.BrokerEndpoint
            {
                Name = e.Name, Host = e.Host, Port = e.Port, SecurityProtocol = e.SecurityProtocol,
            }),
            Features = Features.ToList(f => new RegisterBrokerRecord.BrokerFeature
            {
                Name = f.Name, MinSupportedVersion = f.Lowest, MaxSupportedVersion = f.Highest,
            }),
            Rack = Rack,
            Fenced = IsFenced,
            InControlledShutdown = IsInControlledShutdown,
            LogDirs = version >= 3 ? [.. Directories] : [],
            CordonedLogDirs = version >= 4 && CordonedDirectories.Length > 0 ? [.. CordonedDirectories] : null,
        };
        return new MetadataRecord(RegisterBrokerRecord.RecordType, version, record);
    }
}

/// <summary>A registered controller. Immutable; any thread may read it.</summary>
public sealed record ControllerImage
{
    public required int Id { get; init; }

    public required Uuid IncarnationId { get; init; }

    public required ImmutableArray<NodeEndpoint> Endpoints { get; init; }

    public required ImmutableArray<FeatureRange> Features { get; init; }

    internal static ControllerImage Of(RegisterControllerRecord record) => new()
    {
        Id = record.ControllerId,
        IncarnationId = record.IncarnationId,
        Endpoints = [.. record.EndPoints.ConvertAll(e => new NodeEndpoint(e.Name, e.Host, e.Port, e.SecurityProtocol))],
        Features = [.. record.Features.ConvertAll(f => new FeatureRange(f.Name, f.MinSupportedVersion, f.MaxSupportedVersion))],
    };

    internal MetadataRecord ToRecord() => new(RegisterControllerRecord.RecordType, 0, new RegisterControllerRecord
    {
        ControllerId = Id,
        IncarnationId = IncarnationId,
        EndPoints = Endpoints.ToList(e => new RegisterControllerRecord.ControllerEndpoint
        {
            Name = e.Name, Host = e.Host, Port = e.Port, SecurityProtocol = e.SecurityProtocol,
        }),
        Features = Features.ToList(f => new RegisterControllerRecord.ControllerFeature
        {
            Name = f.Name, MinSupportedVersion = f.Lowest, MaxSupportedVersion = f.Highest,
        }),
    });
}

/// <summary>From the arrays of images to the lists of messages.</summary>
internal static class ImageLists
{
    public static List<TTo> ToList<TFrom, TTo>(this ImmutableArray<TFrom> from, Func<TFrom, TTo> convert)
    {
        var list = new List<TTo>(from.Length);
        foreach (var item in from)
        {
            list.Add(convert(item));
        }

        return list;
    }
}
