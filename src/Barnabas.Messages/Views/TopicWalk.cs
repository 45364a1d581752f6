using Barnabas.Base;
using Barnabas.Base.Bytes;

namespace Barnabas.Messages.Views;

/// <summary>
/// The way over topics and their partitions that the cursors of Produce and Fetch have in common: counts, names or ids, tags behind each
/// topic. A cursor reads the fields of a partition itself.
/// </summary>
internal ref struct TopicWalk
{
    /// <summary>At the fields of a partition after <see cref="NextPartition"/>.</summary>
    public ByteReader Reader;
    private readonly bool _hasIds;
    private int _partitionsLeft;
    private bool _inTopic;

    /// <summary>Begins at the count of topics, or at nothing where the version has none.</summary>
    public TopicWalk(ReadOnlySpan<byte> frame, int topicsOffset, bool hasIds, bool isFlexible, bool isThere = true)
    {
        Reader = new ByteReader(frame);
        Reader.Skip(topicsOffset);
        _hasIds = hasIds;
        IsFlexible = isFlexible;
        TopicsLeft = isThere ? ViewText.ReadCount(ref Reader, isFlexible, least: hasIds ? 18 : isFlexible ? 3 : 6) : 0;
    }

    public bool IsFlexible { get; }

    public ReadOnlySpan<byte> TopicName { get; private set; }

    public Uuid TopicId { get; private set; }

    public int PartitionCount { get; private set; }

    public int TopicsLeft { get; private set; }

    /// <summary>Moves to the next topic, when all partitions of the last are passed; false after the last.</summary>
    public bool NextTopic(int leastPartitionBytes)
    {
        if (TopicsLeft == 0)
        {
            return false;
        }

        TopicsLeft--;
        _inTopic = true;
        if (_hasIds)
        {
            TopicId = Reader.ReadUuid();
        }
        else
        {
            TopicName = ViewText.Read(ref Reader, IsFlexible);
        }

        PartitionCount = ViewText.ReadCount(ref Reader, IsFlexible, leastPartitionBytes);
        _partitionsLeft = PartitionCount;
        return true;
    }

    /// <summary>Moves to the fields of the next partition; false after the last, behind the topic's tags.</summary>
    public bool NextPartition()
    {
        if (_partitionsLeft > 0)
        {
            _partitionsLeft--;
            return true;
        }

        if (_inTopic)
        {
            _inTopic = false;
            ViewText.SkipTags(ref Reader, IsFlexible);
        }

        return false;
    }
}
