using Barnabas.Base;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Machines;

/// <summary>
/// How the records of a machine lie in the log of its partition. Writing is owned by the loop of the machine; reading is a pure function
/// for any thread.
/// </summary>
public abstract class RecordCodec<TRecord>
    where TRecord : class
{
    /// <summary>What the batch says of itself that takes these records, which are all those of one decision.</summary>
    public virtual BatchOptions OptionsOf(ReadOnlySpan<TRecord> records) => new();

    /// <summary>Adds one record to the open batch.</summary>
    public abstract void Write(TRecord record, long nowMs, RecordBatchBuilder batch);

    /// <summary>Reads one record of a data batch; null for one that the machine has no use for, which stays in the log.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema of their kind and version.</exception>
    public abstract TRecord? Read(in Record record, in RecordBatchHeader header);

    /// <summary>What the end of a producer's transaction on the partition is to the machine; null for nothing.</summary>
    public virtual TRecord? ReadTransactionEnd(long producerId, bool isCommit) => null;
}
