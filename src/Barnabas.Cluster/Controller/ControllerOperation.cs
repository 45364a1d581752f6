using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// One request to the controller, owned by the metadata loop: <paramref name="decide"/> makes the reply and the records, <paramref
/// name="done"/> gets the reply once it is committed, or an error and no reply. Both run on that loop.
/// </summary>
public sealed class ControllerOperation<TReply>(
    Func<ControllerMachine, Decision<MetadataRecord>, TReply> decide, Action<ErrorCode, TReply?> done)
    : Operation<ControllerMachine, MetadataRecord>
    where TReply : class
{
    private TReply? _reply;

    /// <inheritdoc/>
    public override void Decide(ControllerMachine machine, Decision<MetadataRecord> decision, long nowMs) =>
        _reply = decide(machine, decision);

    /// <inheritdoc/>
    protected override void Completed(ErrorCode error) => done(error, error == ErrorCode.None ? _reply : null);
}
