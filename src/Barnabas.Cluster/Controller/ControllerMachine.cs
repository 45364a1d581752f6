using Barnabas.Base;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;

namespace Barnabas.Cluster.Controller;

/// <summary>
/// The controller's state is the newest metadata image; its decisions are functions of it, one file per concern. Owned by the metadata
/// loop.
/// </summary>
public sealed class ControllerMachine(ControllerSettings settings, ImageHistory history) : IMachine<MetadataRecord>
{
    /// <summary>What the controller decides by; replaced when the broker's configuration changes.</summary>
    public ControllerSettings Settings { get; set; } = settings;

    /// <summary>The newest image, uncommitted records included.</summary>
    public MetadataImage Image => history.Latest;

    /// <summary>True when the log ends within a change of several batches that a former leader did not finish.</summary>
    public bool IsInTransaction => history.IsInTransaction;

    /// <inheritdoc/>
    public void Replay(in MetadataRecord record, long offset) => history.Apply(record, offset);

    /// <inheritdoc/>
    public void Reset() => history.Reset();

    /// <inheritdoc/>
    public void Loaded(long nowMs) => history.Loaded();

    /// <inheritdoc/>
    public void Unloaded(ErrorCode error)
    {
    }
}
