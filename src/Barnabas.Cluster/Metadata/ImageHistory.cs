using Barnabas.Base;

namespace Barnabas.Cluster.Metadata;

/// <summary>
/// The newest image, committed or not, and those that wait for their commit. Owned by the metadata loop. The leader decides on
/// <see cref="Latest"/>; everyone else sees what <see cref="Commit"/> published.
/// </summary>
public sealed class ImageHistory
{
    private readonly Queue<Pending> _pending = [];
    private readonly ImageBuilder _builder = new();
    private readonly MetadataPublisher _publisher;
    private MetadataImage _latest = MetadataImage.Empty;
    private long _endOffset;
    private int _epoch;
    private long _timestampMs;
    private bool _isDirty;
    private bool _isLoading;

    /// <summary>An empty history that publishes to <paramref name="publisher"/>.</summary>
    public ImageHistory(MetadataPublisher publisher) => _publisher = publisher;

    /// <summary>True while a change that spans several batches is open.</summary>
    public bool IsInTransaction => _builder.IsInTransaction;

    /// <summary>The image after all records so far. Only to be asked for between batches.</summary>
    public MetadataImage Latest
    {
        get
        {
            CloseBatch();
            return _latest;
        }
    }

    /// <summary>Forgets all that is not published, to be replayed from the start.</summary>
    public void Reset()
    {
        _builder.Reset();
        _pending.Clear();
        _latest = MetadataImage.Empty;
        _endOffset = 0;
        _isDirty = false;
        _isLoading = true;
    }

    /// <summary>All of the log is replayed: from here on every batch has an image of its own.</summary>
    public void Loaded()
    {
        CloseBatch();
        _isLoading = false;
    }

    /// <summary>A batch begins: its epoch and time go with the image that follows it.</summary>
    public void BeginBatch(int epoch, long timestampMs)
    {
        if (!_isLoading)
        {
            CloseBatch();
        }

        _epoch = epoch;
        _timestampMs = timestampMs;
    }

    /// <summary>Applies one record of the batch.</summary>
    /// <exception cref="MalformedException">The record does not fit what was applied before it.</exception>
    public void Apply(MetadataRecord record, long offset)
    {
        _builder.Apply(record);
        _endOffset = offset + 1;
        _isDirty = true;
    }

    /// <summary>Publishes the newest image that lies below the high watermark, if it is newer than the one published.</summary>
    public void Commit(long highWatermark)
    {
        CloseBatch();
        Pending? last = null;
        while (_pending.TryPeek(out var next) && next.Image.EndOffset <= highWatermark)
        {
            _pending.Dequeue();
            if (last is { } merged)
            {
                next.Topics.UnionWith(merged.Topics);
                next.Configs.UnionWith(merged.Configs);
            }

            last = next;
        }

        if (last is { } found && found.Image.EndOffset > _publisher.Image.EndOffset)
        {
            _publisher.Publish(new MetadataDelta(_publisher.Image, found.Image, found.Topics, found.Configs));
        }
    }

    private void CloseBatch()
    {
        if (!_isDirty)
        {
            return;
        }

        _isDirty = false;
        _latest = _builder.Build(_endOffset, _epoch, _timestampMs);
        if (!_builder.IsInTransaction)
        {
            var (topics, configs) = _builder.TakeChanges();
            _pending.Enqueue(new Pending(_latest, topics, configs));
        }
    }

    private sealed record Pending(MetadataImage Image, HashSet<Uuid> Topics, HashSet<ConfigResource> Configs);
}
