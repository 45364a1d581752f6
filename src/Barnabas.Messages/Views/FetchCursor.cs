using Barnabas.Base;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>Goes over the topics and partitions of a Fetch request in the order of the wire.</summary>
public ref struct FetchCursor
{
    private readonly short _version;
    private TopicWalk _walk;

    internal FetchCursor(ReadOnlySpan<byte> frame, int topicsOffset, short version)
    {
        _version = version;
        _walk = new TopicWalk(frame, topicsOffset, hasIds: version >= 13, isFlexible: version >= 12);
    }

    /// <summary>UTF-8 of the topic's name; empty from version 13 on.</summary>
    public readonly ReadOnlySpan<byte> TopicName => _walk.TopicName;

    /// <summary>The topic's id; zero up to version 12.</summary>
    public readonly Uuid TopicId => _walk.TopicId;

    /// <summary>Partitions of the topic.</summary>
    public readonly int PartitionCount => _walk.PartitionCount;

    /// <summary>Index of the partition.</summary>
    public int Partition { get; private set; }

    /// <summary>The leader epoch that the asker knows, -1 for none.</summary>
    public int CurrentLeaderEpoch { get; private set; }

    /// <summary>The offset to read from.</summary>
    public long FetchOffset { get; private set; }

    /// <summary>Epoch of the last record that the asker has, -1 for none.</summary>
    public int LastFetchedEpoch { get; private set; }

    /// <summary>Log start offset of an asking replica, -1 for a consumer.</summary>
    public long LogStartOffset { get; private set; }

    /// <summary>Bytes to answer at most for the partition.</summary>
    public int PartitionMaxBytes { get; private set; }

    /// <summary>Directory id of an asking KRaft replica, zero when not given.</summary>
    public Uuid ReplicaDirectoryId { get; private set; }

    /// <summary>The high watermark that an asking replica knows; the highest number when not given.</summary>
    public long HighWatermark { get; private set; }

    internal readonly int TopicsLeft => _walk.TopicsLeft;

    /// <summary>Moves to the next topic, passing over partitions not looked at; false after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        return _walk.NextTopic(leastPartitionBytes: 16);
    }

    /// <summary>Moves to the next partition of the topic; false after the last.</summary>
    public bool NextPartition()
    {
        if (!_walk.NextPartition())
        {
            return false;
        }

        Partition = _walk.Reader.ReadInt32();
        CurrentLeaderEpoch = _version >= 9 ? _walk.Reader.ReadInt32() : -1;
        FetchOffset = _walk.Reader.ReadInt64();
        LastFetchedEpoch = _version >= 12 ? _walk.Reader.ReadInt32() : -1;
        LogStartOffset = _version >= 5 ? _walk.Reader.ReadInt64() : -1;
        PartitionMaxBytes = _walk.Reader.ReadInt32();
        ReplicaDirectoryId = Uuid.Zero;
        HighWatermark = long.MaxValue;
        if (_walk.IsFlexible)
        {
            ReadTags();
        }

        return true;
    }

    /// <summary>Goes to the end of the topics and returns where that is.</summary>
    internal int PassAll()
    {
        while (NextTopic())
        {
        }

        return _walk.Reader.Position;
    }

    private void ReadTags()
    {
        for (var n = Codec.ReadTagCount(ref _walk.Reader); n > 0; n--)
        {
            var t = Codec.ReadTag(ref _walk.Reader, out var tag);
            if (tag == 0 && _version >= 17)
            {
                ReplicaDirectoryId = t.ReadUuid();
                Codec.EndTag(t, tag);
            }
            else if (tag == 1 && _version >= 18)
            {
                HighWatermark = t.ReadInt64();
                Codec.EndTag(t, tag);
            }
        }
    }
}

/// <summary>Goes over the partitions that a Fetch request takes out of its session.</summary>
public ref struct ForgottenTopicsCursor
{
    private TopicWalk _walk;

    // There is no such list before version 7.
    internal ForgottenTopicsCursor(ReadOnlySpan<byte> frame, int offset, short version) =>
        _walk = new TopicWalk(frame, offset, hasIds: version >= 13, isFlexible: version >= 12, isThere: version >= 7);

    /// <summary>UTF-8 of the topic's name; empty from version 13 on.</summary>
    public readonly ReadOnlySpan<byte> TopicName => _walk.TopicName;

    /// <summary>The topic's id; zero up to version 12.</summary>
    public readonly Uuid TopicId => _walk.TopicId;

    /// <summary>Index of the partition.</summary>
    public int Partition { get; private set; }

    /// <summary>Moves to the next topic, passing over partitions not looked at; false after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        return _walk.NextTopic(leastPartitionBytes: 4);
    }

    /// <summary>Moves to the next partition of the topic; false after the last.</summary>
    public bool NextPartition()
    {
        if (!_walk.NextPartition())
        {
            return false;
        }

        Partition = _walk.Reader.ReadInt32();
        return true;
    }

    /// <summary>Goes to the end and returns where that is.</summary>
    internal int PassAll()
    {
        while (NextTopic())
        {
        }

        return _walk.Reader.Position;
    }
}
