using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>
/// A Fetch request over the bytes of its frame, versions 4 to 18. <see cref="Parse"/> checks all of it once and allocates nothing; the
/// cursors then cannot fail. Valid as long as the frame is.
/// <code>
/// var fetch = FetchRequestView.Parse(frame, header.BodyOffset, header.Version);
/// var topics = fetch.Cursor();
/// while (topics.NextTopic())
/// {
///     while (topics.NextPartition())
///     {
///         Read(topics.TopicId, topics.Partition, topics.FetchOffset, topics.PartitionMaxBytes);
///     }
/// }
///
/// var forgotten = fetch.ForgottenCursor();
/// while (forgotten.NextTopic())
/// {
///     while (forgotten.NextPartition())
///     {
///         session.Remove(forgotten.TopicId, forgotten.Partition);
///     }
/// }
/// </code>
/// </summary>
public readonly ref struct FetchRequestView
{
    private readonly ReadOnlySpan<byte> _frame;
    private readonly int _topics;
    private readonly int _forgotten;

    private FetchRequestView(ReadOnlySpan<byte> frame, int bodyOffset, short version)
    {
        if (!ApiTable.Get(ApiKey.Fetch).Supports(version))
        {
            throw new MalformedException($"FetchRequest has no version {version}");
        }

        var r = new ByteReader(frame);
        r.Skip(bodyOffset);
        _frame = frame;
        Version = version;
        ReplicaId = version <= 14 ? r.ReadInt32() : -1;
        ReplicaEpoch = -1;
        MaxWaitMs = r.ReadInt32();
        MinBytes = r.ReadInt32();
        MaxBytes = r.ReadInt32();
        IsolationLevel = r.ReadInt8();
        SessionId = version >= 7 ? r.ReadInt32() : 0;
        SessionEpoch = version >= 7 ? r.ReadInt32() : -1;
        _topics = r.Position;
        var topics = Cursor();
        TopicCount = topics.TopicsLeft;
        r.Skip(topics.PassAll() - r.Position);
        _forgotten = r.Position;
        if (version >= 7)
        {
            r.Skip(ForgottenCursor().PassAll() - r.Position);
        }

        RackId = version >= 11 ? ViewText.Read(ref r, version >= 12) : default;
        for (var n = version >= 12 ? Codec.ReadTagCount(ref r) : 0; n > 0; n--)
        {
            var t = Codec.ReadTag(ref r, out var tag);
            if (tag == 0)
            {
                ClusterId = ViewText.ReadNullable(ref t, f: true, out var isNull);
                HasClusterId = !isNull;
                Codec.EndTag(t, tag);
            }
            else if (tag == 1 && version >= 15)
            {
                ReplicaId = t.ReadInt32();
                ReplicaEpoch = t.ReadInt64();
                Codec.SkipTags(ref t);
                Codec.EndTag(t, tag);
            }
        }

        EndOffset = r.Position;
    }

    /// <summary>Version of the request.</summary>
    public short Version { get; }

    /// <summary>Node id of the asking replica, -1 for a consumer.</summary>
    public int ReplicaId { get; }

    /// <summary>Broker epoch of the asking replica, -1 when not given.</summary>
    public long ReplicaEpoch { get; }

    /// <summary>How long to wait for <see cref="MinBytes"/>, in ms.</summary>
    public int MaxWaitMs { get; }

    /// <summary>Bytes to wait for.</summary>
    public int MinBytes { get; }

    /// <summary>Bytes to answer at most, all partitions together; the first batch is sent even when it is larger.</summary>
    public int MaxBytes { get; }

    /// <summary>0: all records up to the high watermark; 1: up to the last stable offset, with the aborted transactions.</summary>
    public sbyte IsolationLevel { get; }

    /// <summary>The fetch session, 0 for none.</summary>
    public int SessionId { get; }

    /// <summary>-1 for a request outside of sessions, 0 for the first in one.</summary>
    public int SessionEpoch { get; }

    /// <summary>UTF-8 of the consumer's rack, empty for none.</summary>
    public ReadOnlySpan<byte> RackId { get; }

    /// <summary>UTF-8 of the cluster id that a KRaft replica expects.</summary>
    public ReadOnlySpan<byte> ClusterId { get; }

    /// <summary>True when a cluster id is given.</summary>
    public bool HasClusterId { get; }

    /// <summary>Topics in the request.</summary>
    public int TopicCount { get; }

    /// <summary>Where the request ends in the frame.</summary>
    public int EndOffset { get; }

    /// <summary>Checks the body that begins at <paramref name="bodyOffset"/>.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema, or the version does not exist.</exception>
    public static FetchRequestView Parse(ReadOnlySpan<byte> frame, int bodyOffset, short version) => new(frame, bodyOffset, version);

    /// <summary>A cursor before the first topic.</summary>
    public FetchCursor Cursor() => new(_frame, _topics, Version);

    /// <summary>A cursor before the first topic that leaves the session; has none before version 7.</summary>
    public ForgottenTopicsCursor ForgottenCursor() => new(_frame, _forgotten, Version);
}
