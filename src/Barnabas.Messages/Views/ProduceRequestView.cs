using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>
/// A Produce request over the bytes of its frame, versions 3 to 13. <see cref="Parse"/> checks all of it once and allocates nothing; the
/// cursor then cannot fail. Valid as long as the frame is.
/// <code>
/// var produce = ProduceRequestView.Parse(frame, header.BodyOffset, header.Version);
/// var cursor = produce.Cursor();
/// while (cursor.NextTopic())
/// {
///     // cursor.TopicName up to version 12, cursor.TopicId from 13 on
///     while (cursor.NextPartition())
///     {
///         Append(cursor.Partition, frame.Slice(cursor.RecordsOffset, Math.Max(cursor.RecordsLength, 0)));
///     }
/// }
/// </code>
/// </summary>
public readonly ref struct ProduceRequestView
{
    private readonly ReadOnlySpan<byte> _frame;
    private readonly int _topics;

    private ProduceRequestView(ReadOnlySpan<byte> frame, int bodyOffset, short version)
    {
        if (!ApiTable.Get(ApiKey.Produce).Supports(version))
        {
            throw new MalformedException($"ProduceRequest has no version {version}");
        }

        var f = version >= 9;
        var r = new ByteReader(frame);
        r.Skip(bodyOffset);
        _frame = frame;
        Version = version;
        TransactionalId = ViewText.ReadNullable(ref r, f, out var isNull);
        HasTransactionalId = !isNull;
        Acks = r.ReadInt16();
        TimeoutMs = r.ReadInt32();
        _topics = r.Position;
        var cursor = Cursor();
        TopicCount = cursor.TopicsLeft;
        EndOffset = cursor.PassAll();
    }

    /// <summary>Version of the request.</summary>
    public short Version { get; }

    /// <summary>UTF-8 of the transactional id, empty also when there is none.</summary>
    public ReadOnlySpan<byte> TransactionalId { get; }

    /// <summary>False when the id is null.</summary>
    public bool HasTransactionalId { get; }

    /// <summary>0, 1 or -1 (all in sync); any other value is the handler's to refuse.</summary>
    public short Acks { get; }

    /// <summary>How long to wait for acknowledgements of others, in ms.</summary>
    public int TimeoutMs { get; }

    /// <summary>Topics in the request.</summary>
    public int TopicCount { get; }

    /// <summary>Where the request ends in the frame.</summary>
    public int EndOffset { get; }

    /// <summary>Checks the body that begins at <paramref name="bodyOffset"/>.</summary>
    /// <exception cref="MalformedException">The bytes do not follow the schema, or the version does not exist.</exception>
    public static ProduceRequestView Parse(ReadOnlySpan<byte> frame, int bodyOffset, short version) => new(frame, bodyOffset, version);

    /// <summary>A cursor before the first topic.</summary>
    public ProduceCursor Cursor() => new(_frame, _topics, Version);
}

/// <summary>
/// Goes over the topics and partitions of a Produce request in the order of the wire. Offsets count from the frame's begin.
/// </summary>
public ref struct ProduceCursor
{
    private TopicWalk _walk;

    internal ProduceCursor(ReadOnlySpan<byte> frame, int topicsOffset, short version) =>
        _walk = new TopicWalk(frame, topicsOffset, hasIds: version >= 13, isFlexible: version >= 9);

    /// <summary>UTF-8 of the topic's name; empty from version 13 on.</summary>
    public readonly ReadOnlySpan<byte> TopicName => _walk.TopicName;

    /// <summary>The topic's id; zero up to version 12.</summary>
    public readonly Uuid TopicId => _walk.TopicId;

    /// <summary>Partitions of the topic.</summary>
    public readonly int PartitionCount => _walk.PartitionCount;

    /// <summary>Index of the partition.</summary>
    public int Partition { get; private set; }

    /// <summary>Where its record batches begin in the frame.</summary>
    public int RecordsOffset { get; private set; }

    /// <summary>Bytes of its record batches, -1 for null.</summary>
    public int RecordsLength { get; private set; }

    internal readonly int TopicsLeft => _walk.TopicsLeft;

    /// <summary>Moves to the next topic, passing over partitions not looked at; false after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        return _walk.NextTopic(leastPartitionBytes: _walk.IsFlexible ? 6 : 8);
    }

    /// <summary>Moves to the next partition of the topic; false after the last.</summary>
    public bool NextPartition()
    {
        if (!_walk.NextPartition())
        {
            return false;
        }

        Partition = _walk.Reader.ReadInt32();
        RecordsLength = Codec.ReadBytesLength(ref _walk.Reader, _walk.IsFlexible);
        RecordsOffset = _walk.Reader.Position;
        _walk.Reader.Skip(Math.Max(RecordsLength, 0));
        ViewText.SkipTags(ref _walk.Reader, _walk.IsFlexible);
        return true;
    }

    /// <summary>Goes to the end of the request and returns where that is.</summary>
    internal int PassAll()
    {
        while (NextTopic())
        {
        }

        ViewText.SkipTags(ref _walk.Reader, _walk.IsFlexible);
        return _walk.Reader.Position;
    }
}
