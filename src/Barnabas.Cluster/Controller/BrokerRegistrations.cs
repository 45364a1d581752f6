using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Messages;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// Decides the life of a broker's registration: register, let it lead, take it out, forget it. Stateless. The local broker is of the
/// controller's own process, so that its liveness needs no heartbeats.
/// </summary>
public static class BrokerRegistrations
{
    /// <summary>
    /// Registers a new start of a broker, fenced. After a clean stop it goes on leading what it led; otherwise what it led begins a new
    /// leader epoch, since records that nobody synced may be gone.
    /// </summary>
    public static BrokerRegistrationResponse Register(
        ControllerMachine machine, BrokerRegistrationRequest request, Decision<MetadataRecord> decision)
    {
        var image = machine.Image;
        var before = image.Brokers.Find(request.BrokerId);
        var refusal = Check(machine, request);
        if (refusal != ErrorCode.None)
        {
            return new BrokerRegistrationResponse { ErrorCode = refusal, BrokerEpoch = -1 };
        }

        var epoch = decision.NextOffset;
        var wasClean = before is not null && before.Epoch == request.PreviousBrokerEpoch;
        var broker = ToBroker(request, epoch);
        decision.Add(broker.ToRecord(image.Features.MetadataVersion));
        if (before is not null && !wasClean)
        {
            AddElections(
                image,
                partition => partition.Leader == request.BrokerId && broker.HasOnline(partition.DirectoryOf(request.BrokerId)),
                request.BrokerId,
                decision);
        }

        // What lies in a directory that did not come back has no leader until it does.
        BrokerDirectories.AddElections(image, broker, decision);

        return new BrokerRegistrationResponse { BrokerEpoch = epoch };
    }

    /// <summary>Lets a registered broker lead: it takes the partitions that wait for a leader.</summary>
    public static BrokerHeartbeatResponse Unfence(
        ControllerMachine machine, int brokerId, long brokerEpoch, Decision<MetadataRecord> decision)
    {
        var image = machine.Image;
        if (image.Brokers.Find(brokerId) is not { } broker || broker.Epoch != brokerEpoch)
        {
            return new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch };
        }

        if (broker.IsFenced)
        {
            AddChange(brokerId, brokerEpoch, change => change.Fenced = -1, 0, decision);
            AddElections(
                image,
                partition => partition.Leader == PartitionImage.NoLeader && broker.HasOnline(partition.DirectoryOf(brokerId))
                    && (partition.Isr.Contains(brokerId) || (partition.Isr.IsEmpty && partition.EligibleLeaderReplicas.Contains(brokerId))),
                brokerId,
                decision);
        }

        return new BrokerHeartbeatResponse { IsCaughtUp = true, IsFenced = false };
    }

    /// <summary>
    /// Takes a broker that stops out of service. Its partitions keep it as their leader: nobody else could serve them, and it comes back to
    /// the same epoch when its clean stop is proved at the next registration.
    /// </summary>
    public static BrokerHeartbeatResponse Fence(
        ControllerMachine machine, int brokerId, long brokerEpoch, Decision<MetadataRecord> decision)
    {
        if (machine.Image.Brokers.Find(brokerId) is not { } broker || broker.Epoch != brokerEpoch)
        {
            return new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch };
        }

        if (!broker.IsFenced)
        {
            AddChange(brokerId, brokerEpoch, change => change.Fenced = 1, 0, decision);
        }

        return new BrokerHeartbeatResponse { IsCaughtUp = true, IsFenced = true, ShouldShutDown = true };
    }

    /// <summary>Forgets a broker that will not come back.</summary>
    public static UnregisterBrokerResponse Unregister(
        ControllerMachine machine, UnregisterBrokerRequest request, Decision<MetadataRecord> decision)
    {
        if (machine.Image.Brokers.Find(request.BrokerId) is not { } broker)
        {
            return new UnregisterBrokerResponse
            {
                ErrorCode = ErrorCode.BrokerIdNotRegistered, ErrorMessage = $"Broker ID {request.BrokerId} is not currently registered",
            };
        }

        foreach (var topic in machine.Image.Topics.All)
        {
            for (var i = 0; i < topic.Partitions.Length; i++)
            {
                if (topic.Partitions[i].Leader == broker.Id)
                {
                    AddElection(machine.Image, topic.Id, i, PartitionImage.NoLeader, [], decision);
                }
            }
        }

        decision.Add(new MetadataRecord(UnregisterBrokerRecord.RecordType, 0, new UnregisterBrokerRecord
        {
            BrokerId = broker.Id, BrokerEpoch = broker.Epoch,
        }));
        return new UnregisterBrokerResponse();
    }

    /// <summary>Registers this start of a controller; nothing when it says nothing new.</summary>
    public static ControllerRegistrationResponse RegisterController(
        ControllerMachine machine, ControllerImage controller, Decision<MetadataRecord> decision)
    {
        if (machine.Image.Features.MetadataVersion.HasControllerRegistration)
        {
            decision.Add(controller.ToRecord());
        }

        return new ControllerRegistrationResponse();
    }

    private static ErrorCode Check(ControllerMachine machine, BrokerRegistrationRequest request)
    {
        if (request.IsMigratingZkBroker)
        {
            return ErrorCode.BrokerIdNotRegistered;
        }

        return request.BrokerId >= 0 && AreDirectoriesGood(machine.Image, request) ? ErrorCode.None : ErrorCode.InvalidRegistration;
    }

    // Loops, not queries over ids: this runs on the way to the first answer, where every method has to be compiled.
    private static bool AreDirectoriesGood(MetadataImage image, BrokerRegistrationRequest request)
    {
        var directories = request.LogDirs;
        for (var i = 0; i < directories.Count; i++)
        {
            if (directories[i].IsReserved || directories.IndexOf(directories[i]) != i)
            {
                return false;
            }

            foreach (var other in image.Brokers.Values)
            {
                if (other.Id != request.BrokerId && other.Directories.Contains(directories[i]))
                {
                    return false;
                }
            }
        }

        return directories.Count > 0 || !image.Features.MetadataVersion.HasDirectories;
    }

    private static BrokerImage ToBroker(BrokerRegistrationRequest request, long epoch) => new()
    {
        Id = request.BrokerId,
        Epoch = epoch,
        IncarnationId = request.IncarnationId,
        Endpoints = [.. request.Listeners.ConvertAll(l => new NodeEndpoint(l.Name, l.Host, l.Port, l.SecurityProtocol))],
        Features = [.. request.Features.ConvertAll(f => new FeatureRange(f.Name, f.MinSupportedVersion, f.MaxSupportedVersion))],
        Rack = request.Rack,
        IsFenced = true,
        Directories = [.. request.LogDirs],
    };

    private static void AddElections(
        MetadataImage image, Func<PartitionImage, bool> isConcerned, int leader, Decision<MetadataRecord> decision)
    {
        foreach (var topic in image.Topics.All)
        {
            for (var i = 0; i < topic.Partitions.Length; i++)
            {
                if (isConcerned(topic.Partitions[i]))
                {
                    var isEligible = topic.Partitions[i].Isr.IsEmpty;
                    AddElection(image, topic.Id, i, leader, isEligible ? [leader] : null, decision);
                }
            }
        }
    }

    private static void AddElection(
        MetadataImage image, Uuid topicId, int partition, int leader, List<int>? isr, Decision<MetadataRecord> decision)
    {
        var change = new PartitionChangeRecord { TopicId = topicId, PartitionId = partition, Leader = leader };
        short version = 0;
        if (isr is { Count: > 0 })
        {
            // It comes from the eligible replicas, which hold all that was committed.
            var eligible = image.Topics.Find(topicId)!.Partitions[partition].EligibleLeaderReplicas;
            change.Isr = isr;
            change.EligibleLeaderReplicas = eligible.Where(id => id != leader).ToList();
            version = image.Features.MetadataVersion.PartitionRecordVersion;
        }

        decision.Add(new MetadataRecord(PartitionChangeRecord.RecordType, version, change));
    }

    private static void AddChange(
        int id, long epoch, Action<BrokerRegistrationChangeRecord> change, short version, Decision<MetadataRecord> decision)
    {
        var record = new BrokerRegistrationChangeRecord { BrokerId = id, BrokerEpoch = epoch };
        change(record);
        decision.Add(new MetadataRecord(BrokerRegistrationChangeRecord.RecordType, version, record));
    }
}
