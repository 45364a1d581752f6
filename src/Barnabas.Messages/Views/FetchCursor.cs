using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages.Wire;

namespace Barnabas.Messages.Views;

/// <summary>Goes over the topics and partitions of a Fetch request in the order of the wire.</summary>
public ref struct FetchCursor
{
    private readonly short _version;
    private readonly bool _flexible;
    private ByteReader _reader;
    private int _partitionsLeft;
    private bool _inTopic;

    internal FetchCursor(ReadOnlySpan<byte> frame, int topicsOffset, short version)
    {
        _reader = new ByteReader(frame);
        _reader.Skip(topicsOffset);
        _version = version;
        _flexible = version >= 12;
        TopicsLeft = ViewText.ReadCount(ref _reader, _flexible, least: version >= 13 ? 18 : _flexible ? 3 : 6);
    }

    /// <summary>UTF-8 of the topic's name; empty from version 13 on.</summary>
    public ReadOnlySpan<byte> TopicName { get; private set; }

    /// <summary>The topic's id; zero up to version 12.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>Partitions of the topic.</summary>
    public int PartitionCount { get; private set; }

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

    internal int TopicsLeft { get; private set; }

    /// <summary>Moves to the next topic, passing over partitions not looked at; false after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        if (TopicsLeft == 0)
        {
            return false;
        }

        TopicsLeft--;
        _inTopic = true;
        if (_version >= 13)
        {
            TopicId = _reader.ReadUuid();
        }
        else
        {
            TopicName = ViewText.Read(ref _reader, _flexible);
        }

        PartitionCount = ViewText.ReadCount(ref _reader, _flexible, least: 16);
        _partitionsLeft = PartitionCount;
        return true;
    }

    /// <summary>Moves to the next partition of the topic; false after the last.</summary>
    public bool NextPartition()
    {
        if (_partitionsLeft == 0)
        {
            if (_inTopic)
            {
                _inTopic = false;
                ViewText.SkipTags(ref _reader, _flexible);
            }

            return false;
        }

        _partitionsLeft--;
        Partition = _reader.ReadInt32();
        CurrentLeaderEpoch = _version >= 9 ? _reader.ReadInt32() : -1;
        FetchOffset = _reader.ReadInt64();
        LastFetchedEpoch = _version >= 12 ? _reader.ReadInt32() : -1;
        LogStartOffset = _version >= 5 ? _reader.ReadInt64() : -1;
        PartitionMaxBytes = _reader.ReadInt32();
        ReplicaDirectoryId = Uuid.Zero;
        HighWatermark = long.MaxValue;
        if (_flexible)
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

        return _reader.Position;
    }

    private void ReadTags()
    {
        for (var n = Codec.ReadTagCount(ref _reader); n > 0; n--)
        {
            var t = Codec.ReadTag(ref _reader, out var tag);
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
    private readonly short _version;
    private readonly bool _flexible;
    private ByteReader _reader;
    private int _topicsLeft;
    private int _partitionsLeft;
    private bool _inTopic;

    internal ForgottenTopicsCursor(ReadOnlySpan<byte> frame, int offset, short version)
    {
        _reader = new ByteReader(frame);
        _reader.Skip(offset);
        _version = version;
        _flexible = version >= 12;
        _topicsLeft = version >= 7 ? ViewText.ReadCount(ref _reader, _flexible, least: version >= 13 ? 18 : _flexible ? 3 : 6) : 0;
    }

    /// <summary>UTF-8 of the topic's name; empty from version 13 on.</summary>
    public ReadOnlySpan<byte> TopicName { get; private set; }

    /// <summary>The topic's id; zero up to version 12.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>Index of the partition.</summary>
    public int Partition { get; private set; }

    /// <summary>Moves to the next topic, passing over partitions not looked at; false after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        if (_topicsLeft == 0)
        {
            return false;
        }

        _topicsLeft--;
        _inTopic = true;
        if (_version >= 13)
        {
            TopicId = _reader.ReadUuid();
        }
        else
        {
            TopicName = ViewText.Read(ref _reader, _flexible);
        }

        _partitionsLeft = ViewText.ReadCount(ref _reader, _flexible, least: 4);
        return true;
    }

    /// <summary>Moves to the next partition of the topic; false after the last.</summary>
    public bool NextPartition()
    {
        if (_partitionsLeft > 0)
        {
            _partitionsLeft--;
            Partition = _reader.ReadInt32();
            return true;
        }

        if (_inTopic)
        {
            _inTopic = false;
            ViewText.SkipTags(ref _reader, _flexible);
        }

        return false;
    }

    /// <summary>Goes to the end and returns where that is.</summary>
    internal int PassAll()
    {
        while (NextTopic())
        {
        }

        return _reader.Position;
    }
}
