namespace Barnabas.Cluster.Raft;

/// <summary>What a node is in its epoch. Owned by its <see cref="RaftNode"/>; one object for each time it takes the role.</summary>
internal abstract class RaftRole(RaftNode node)
{
    public abstract string Name { get; }

    protected RaftNode Node { get; } = node;

    /// <summary>The role begins.</summary>
    public abstract void Enter(long nowMs);

    /// <summary>The role ends; the next one follows at once.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>The quorum state is durable.</summary>
    public virtual void StateStored(long nowMs)
    {
    }

    /// <summary>More of the log is durable.</summary>
    public virtual void LogStored(long nowMs)
    {
    }
}
