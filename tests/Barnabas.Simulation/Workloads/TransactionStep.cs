using Barnabas.Simulation.Checkers;

namespace Barnabas.Simulation.Workloads;

/// <summary>One thing that a client does in a transaction. Owned by the client.</summary>
internal abstract record TransactionStep
{
    /// <summary>Says that a partition takes part, as the older protocol does.</summary>
    internal sealed record Join(TopicModel Topic, int Partition) : TransactionStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"joining {Topic.Name}-{Partition}";
    }

    /// <summary>Says that the group's offsets take part, as the older protocol does.</summary>
    internal sealed record JoinOffsets : TransactionStep;

    /// <summary>Writes a batch, which stays the same however often it is sent.</summary>
    internal sealed record Write(TopicModel Topic, int Partition) : TransactionStep
    {
        public byte[]? Batch { get; set; }

        public string[] Values { get; set; } = [];

        /// <inheritdoc/>
        public override string ToString() => $"writing to {Topic.Name}-{Partition}";
    }

    /// <summary>Commits an offset of the group.</summary>
    internal sealed record Commit(int Piece, long Offset) : TransactionStep;

    /// <summary>Ends the transaction.</summary>
    internal sealed record End(bool IsCommit) : TransactionStep;
}
