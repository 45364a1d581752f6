using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Broker.Quorum;
using Barnabas.Cluster.Controller;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;
using Barnabas.Log.Directories;
using Barnabas.Messages;

namespace Barnabas.Broker.Node;

/// <summary>
/// Tells the controller of this broker's log directories, as heartbeats and AssignReplicasToDirs would. Any thread may tell; nothing is
/// told before the broker is registered, and then all of it.
/// </summary>
internal sealed class DirectoryReports(
    int brokerId, IReadOnlyList<LogDirectory> directories, QuorumDriver quorum, LiveConfig config) : IMetadataSubscriber
{
    private readonly Lock _lock = new();
    private ImmutableHashSet<Uuid> _offline = [];
    private ImmutableArray<Uuid> _cordonedTold = [];
    private long _brokerEpoch = -1;

    /// <summary>The broker is registered: what is known by now is told.</summary>
    public void Begin(long brokerEpoch)
    {
        lock (_lock)
        {
            _brokerEpoch = brokerEpoch;
            Report(always: false);
        }
    }

    /// <summary>A directory has failed.</summary>
    public void TellOffline(Uuid directory)
    {
        lock (_lock)
        {
            _offline = _offline.Add(directory);
            Report(always: true);
        }
    }

    /// <summary>Replicas lie where the metadata does not have them.</summary>
    public void Assign(IReadOnlyList<ReplicaAssignment> assignments) => Assign(assignments, _ => { });

    /// <summary>As the other; <paramref name="done"/> runs on the metadata loop when it is committed, or was refused.</summary>
    public void Assign(IReadOnlyList<ReplicaAssignment> assignments, Action<ErrorCode> done)
    {
        var request = new AssignReplicasToDirsRequest { BrokerId = brokerId, BrokerEpoch = _brokerEpoch };
        foreach (var directory in assignments.GroupBy(a => a.DirectoryId))
        {
            request.Directories.Add(new AssignReplicasToDirsRequest.DirectoryData
            {
                Id = directory.Key,
                Topics = [.. directory.GroupBy(a => a.TopicId).Select(topic => new AssignReplicasToDirsRequest.TopicData
                {
                    TopicId = topic.Key,
                    Partitions = [.. topic.Select(a => new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = a.Partition })],
                })],
            });
        }

        quorum.Submit(
            (machine, decision) => BrokerDirectories.Assign(machine, request, decision),
            (error, reply) => done(reply?.ErrorCode ?? error));
    }

    /// <inheritdoc/>
    public void OnMetadata(MetadataDelta delta)
    {
        if (delta.ChangedConfigs.Any(resource => resource.Kind == ConfigKind.Broker))
        {
            lock (_lock)
            {
                Report(always: false);
            }
        }
    }

    private void Report(bool always)
    {
        var cordoned = directories.Where(d => config.Broker.IsCordoned(d.Path)).Select(d => d.Id).ToImmutableArray();
        if (_brokerEpoch < 0 || (!always && _offline.IsEmpty && cordoned.AsSpan().SequenceEqual(_cordonedTold.AsSpan())))
        {
            return;
        }

        _cordonedTold = cordoned;
        var request = new BrokerHeartbeatRequest
        {
            BrokerId = brokerId, BrokerEpoch = _brokerEpoch, OfflineLogDirs = [.. _offline], CordonedLogDirs = [.. cordoned],
        };
        quorum.Submit((machine, decision) => BrokerDirectories.Report(machine, request, decision), (_, _) => { });
    }
}
