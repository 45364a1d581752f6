using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Partitions;

namespace Barnabas.Broker.Coordinators;

/// <summary>
/// The coordinators of one kind that a broker has, and the way to them: each partition of their topic that this broker holds has one, which
/// lives on the partition's shard. Immutable but for what the shards own; any thread may ask.
/// </summary>
/// <typeparam name="TMachine">The coordinator.</typeparam>
/// <typeparam name="TRecord">Its records.</typeparam>
/// <typeparam name="TConfig">Its limits and times.</typeparam>
public abstract class PartitionCoordinators<TMachine, TRecord, TConfig>
    where TMachine : class, IMachine<TRecord>
    where TRecord : class
{
    private static readonly MachineRefusals Refusals = new(
        ErrorCode.NotCoordinator, ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorNotAvailable);

    private readonly string _topic;
    private readonly ReplicaTable _replicas;
    private readonly MetadataPublisher _metadata;

    /// <summary>A broker's coordinators.</summary>
    /// <param name="topic">The topic that they live on.</param>
    /// <param name="replicas">The partitions of this broker.</param>
    /// <param name="metadata">Says how many partitions the topic has.</param>
    /// <param name="config">Limits and times.</param>
    private protected PartitionCoordinators(string topic, ReplicaTable replicas, MetadataPublisher metadata, TConfig config)
    {
        _topic = topic;
        _replicas = replicas;
        _metadata = metadata;
        Config = config;
    }

    /// <summary>Topics and partitions that exist, as handlers check them.</summary>
    public MetadataImage Image => _metadata.Image;

    /// <summary>Takes a sentence on a coordinator that takes long to load. Any thread.</summary>
    public Action<string> Progress { get; init; } = static _ => { };

    /// <summary>Limits and times.</summary>
    private protected TConfig Config { get; }

    /// <summary>
    /// A partition is on this broker, or is not any more: each one of the topic has a coordinator. Any thread; again for one that is known
    /// does nothing.
    /// </summary>
    public void OnReplica(Replica replica, bool isHere)
    {
        if (replica.Partition.Topic != _topic)
        {
            return;
        }

        replica.Shard.Loop.Post(new ActionTask(() =>
        {
            if (!isHere)
            {
                replica.Resident?.Removed();
            }
            else if (replica.Resident is null)
            {
                replica.Settle(Make(replica, Refusals));
            }
        }));
    }

    /// <summary>Every coordinator answers all that waits, and refuses what follows. Any thread.</summary>
    public void Stop() => EachLed(machine => machine.Stop(ErrorCode.NotCoordinator));

    /// <summary>
    /// Has the coordinator of a name decide the operation and reply; refuses it where this broker does not coordinate the name.
    /// </summary>
    /// <param name="name">Of a group, or a transactional id.</param>
    /// <param name="operation">Not submitted before.</param>
    /// <param name="submitted">Runs when it is decided or refused, on any thread.</param>
    internal void Submit(string name, CoordinatorOperation<TMachine, TRecord, TConfig> operation, Action? submitted = null)
    {
        if (Admit(name, operation) is { } replica)
        {
            Submit(replica, operation, submitted);
        }
        else
        {
            submitted?.Invoke();
        }
    }

    /// <summary>Has a coordinator decide the operation and reply. Any thread.</summary>
    internal static void Submit(Replica replica, Operation<TMachine, TRecord> operation, Action? submitted) =>
        replica.Shard.Loop.PostOrRun(new SubmitTask(replica, operation, submitted));

    /// <summary>Has a coordinator decide the operation and reply, at once. In a turn of the partition's shard.</summary>
    internal static void SubmitHere(Replica replica, Operation<TMachine, TRecord> operation)
    {
        if (MachineOf(replica) is { } machine)
        {
            machine.Host.Submit(operation, machine.Loop.NowWallMs);
        }
        else
        {
            operation.Finish(ErrorCode.NotCoordinator);
        }
    }

    /// <summary>
    /// The partition whose coordinator decides an operation of this name; null if none does, and the operation has answered why. Any
    /// thread.
    /// </summary>
    internal Replica? Admit(string name, CoordinatorOperation<TMachine, TRecord, TConfig> operation)
    {
        if (operation.Precheck(Config) is var mistake and not ErrorCode.None)
        {
            operation.Finish(mistake);
            return null;
        }

        var topic = Image.Topics.Find(_topic);
        var replica = topic is null ? null : _replicas.Find(topic.Id, CoordinatorPartition.Of(name, topic.Partitions.Length));
        if (replica is null)
        {
            operation.Finish(ErrorCode.NotCoordinator);
        }

        return replica;
    }

    /// <summary>Every coordinator's partition that this broker leads, in order. Any thread.</summary>
    internal IReadOnlyList<Replica> Led()
    {
        var topic = Image.Topics.Find(_topic);
        var led = new List<Replica>();
        for (var partition = 0; partition < (topic?.Partitions.Length ?? 0); partition++)
        {
            if (_replicas.Find(topic!.Id, partition) is { } replica && replica.CheckLeader(-1) == ErrorCode.None)
            {
                led.Add(replica);
            }
        }

        return led;
    }

    /// <summary>Makes the coordinator of a partition. In a turn of the partition's shard.</summary>
    private protected abstract PartitionMachine<TMachine, TRecord> Make(Replica replica, MachineRefusals refusals);

    /// <summary>Does something with every coordinator that leads, in a turn of its own loop. Any thread.</summary>
    private protected void EachLed(Action<PartitionMachine<TMachine, TRecord>> action)
    {
        foreach (var replica in Led())
        {
            replica.Shard.Loop.Post(new ActionTask(() =>
            {
                if (MachineOf(replica) is { } machine)
                {
                    action(machine);
                }
            }));
        }
    }

    private static PartitionMachine<TMachine, TRecord>? MachineOf(Replica replica) =>
        replica.Resident as PartitionMachine<TMachine, TRecord>;

    /// <summary>Brings an operation to its coordinator's loop; owned by that loop once posted.</summary>
    private sealed class SubmitTask(Replica replica, Operation<TMachine, TRecord> operation, Action? submitted) : LoopTask
    {
        public override void Run()
        {
            SubmitHere(replica, operation);
            submitted?.Invoke();
        }
    }
}
