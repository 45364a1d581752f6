using System.Text;
using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Protocol.Records;
using Barnabas.Protocol.Records.Compression;
using Xunit;

namespace Barnabas.Shared;

/// <summary>
/// What a broker serves of one partition, as lines: every batch and record, its offsets and special look-ups, every time stamp looked up,
/// epochs, producers, aborted transactions from every offset. One thread.
/// </summary>
internal sealed class PartitionPicture(WireClient client, string topic, Uuid topicId, int partition, List<string> lines)
{
    private const long Latest = -1, Earliest = -2, MaxTimestamp = -3, EarliestLocal = -4;
    private const int FetchBytes = 1 << 20, PlainBytesMax = 1 << 24;

    private readonly SortedSet<long> _timestamps = [];
    private bool _isTransactional;

    private string Name => $"{topic}-{partition}";

    /// <summary>Adds all lines.</summary>
    public void Add(int leaderEpoch)
    {
        var start = Offset(Earliest);
        var end = Offset(Latest);
        var stable = Offset(Latest, isolation: 1);
        lines.Add($"partition {Name} start={start.Offset} end={end.Offset} stable={stable.Offset} start-epoch={start.LeaderEpoch}");
        lines.Add($"lookup {Name} max {Text(Offset(MaxTimestamp))}");
        lines.Add($"lookup {Name} local {Text(Offset(EarliestLocal))}");
        lines.Add($"leader {Name} epoch={leaderEpoch}");
        AddRecords(start.Offset, end.Offset);
        AddTimes();
        for (var epoch = 0; epoch <= leaderEpoch; epoch++)
        {
            AddEpoch(epoch);
        }

        AddProducers();
        for (var offset = start.Offset; _isTransactional && offset < stable.Offset; offset++)
        {
            AddAborted(offset);
        }
    }

    /// <summary>Adds records alone, up to the first that cannot be read.</summary>
    public void AddRecords()
    {
        var start = Offset(Earliest);
        var end = Offset(Latest);
        if (start.ErrorCode != ErrorCode.None)
        {
            lines.Add($"partition {Name} {start.ErrorCode}");
            return;
        }

        AddRecords(start.Offset, end.Offset);
    }

    private ListOffsetsResponse.ListOffsetsPartitionResponse Offset(long timestamp, sbyte isolation = 0)
    {
        var asked = new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition, Timestamp = timestamp };
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            IsolationLevel = isolation,
            Topics = [new ListOffsetsRequest.ListOffsetsTopic { Name = topic, Partitions = [asked] }],
            TimeoutMs = 30_000,
        };
        return Patiently.Ask(
            () => client.Call<ListOffsetsResponse>(request, 11).Topics[0].Partitions[0],
            answer => answer.ErrorCode is ErrorCode.NotLeaderOrFollower or ErrorCode.UnknownTopicOrPartition);
    }

    private static string Text(ListOffsetsResponse.ListOffsetsPartitionResponse found) =>
        found.ErrorCode == ErrorCode.None
            ? $"{found.Offset} time={found.Timestamp} epoch={found.LeaderEpoch}"
            : found.ErrorCode.ToString();

    private FetchResponse.PartitionData Fetch(long offset, sbyte isolation)
    {
        var asked = new FetchRequest.FetchPartition
        {
            Partition = partition, FetchOffset = offset, PartitionMaxBytes = FetchBytes, CurrentLeaderEpoch = -1,
        };
        var request = new FetchRequest
        {
            MaxWaitMs = 0,
            MaxBytes = FetchBytes,
            IsolationLevel = isolation,
            SessionEpoch = -1,
            Topics = [new FetchRequest.FetchTopic { TopicId = topicId, Partitions = [asked] }],
        };
        return client.Call<FetchResponse>(request, 17).Responses[0].Partitions[0];
    }

    private void AddRecords(long start, long end)
    {
        for (var offset = start; offset < end;)
        {
            var data = Fetch(offset, isolation: 0);
            if (data.ErrorCode != ErrorCode.None || data.Records is not { Length: > 0 } bytes)
            {
                lines.Add($"record {Name} {offset}: {data.ErrorCode}");
                return;
            }

            for (var at = 0; at < bytes.Length; at += (int)AddBatch(bytes.AsSpan(at), start, ref offset))
            {
                if (!RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header) || header.SizeBytes > bytes.Length - at)
                {
                    break; // the answer was cut inside a batch
                }
            }
        }
    }

    /// <summary>Adds one batch, unless it was seen before, and gives its size.</summary>
    private long AddBatch(ReadOnlySpan<byte> bytes, long start, ref long offset)
    {
        RecordBatchHeader.TryRead(bytes, out var header);
        var batch = bytes[..(int)header.SizeBytes];
        if (header.LastOffset < offset)
        {
            return header.SizeBytes;
        }

        offset = header.NextOffset;
        if (BatchStamp.ComputeCrc(batch) != header.Crc)
        {
            lines.Add($"batch {Name} {header.BaseOffset}: its checksum is wrong");
            return header.SizeBytes;
        }

        _isTransactional |= header.IsTransactional;
        lines.Add($"batch {Name} {header.BaseOffset}-{header.LastOffset} attributes={header.Attributes} "
            + $"epoch={header.PartitionLeaderEpoch} producer={header.ProducerId}/{header.ProducerEpoch}/{header.BaseSequence} "
            + $"time={header.BaseTimestamp}-{header.MaxTimestamp}");
        using var plain = new ByteWriter();
        var records = batch[RecordBatchHeader.HeaderBytes..];
        if (header.Compression != CompressionType.None)
        {
            Assert.Equal(ErrorCode.None, RecordCompression.Decompress(header.Compression, records, plain, PlainBytesMax));
            records = plain.Written;
        }

        var reader = new RecordReader(records, header.RecordCount);
        while (reader.TryRead(out var record))
        {
            AddRecord(header, record, start);
        }

        return header.SizeBytes;
    }

    private void AddRecord(in RecordBatchHeader header, in Barnabas.Protocol.Records.Record record, long start)
    {
        var offset = header.BaseOffset + record.OffsetDelta;
        var time = header.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : header.BaseTimestamp + record.TimestampDelta;
        var text = new StringBuilder();
        var headers = record.Headers;
        while (headers.TryRead(out var key, out var value))
        {
            text.Append(' ').Append(Encoding.UTF8.GetString(key)).Append('=').Append(Text(value));
        }

        lines.Add($"record {Name} {offset} time={time} key={Text(record.Key)} value={Text(record.Value)}{text}");
        if (offset >= start && !header.IsControl)
        {
            _timestamps.Add(time);
        }
    }

    /// <summary>Every time stamp that is there, and the ones just beside it.</summary>
    private void AddTimes()
    {
        foreach (var time in _timestamps.SelectMany(time => new[] { time - 1, time, time + 1 }).Distinct().Where(time => time >= 0))
        {
            lines.Add($"time {Name} {time} {Text(Offset(time))}");
        }
    }

    private void AddEpoch(int epoch)
    {
        var asked = new OffsetForLeaderEpochRequest.OffsetForLeaderPartition { Partition = partition, LeaderEpoch = epoch };
        var request = new OffsetForLeaderEpochRequest
        {
            ReplicaId = -1,
            Topics = [new OffsetForLeaderEpochRequest.OffsetForLeaderTopic { Topic = topic, Partitions = [asked] }],
        };
        var answer = client.Call<OffsetForLeaderEpochResponse>(request, 4).Topics[0].Partitions[0];
        lines.Add($"epoch {Name} {epoch} is {answer.LeaderEpoch} up to {answer.EndOffset} {answer.ErrorCode}");
    }

    private void AddProducers()
    {
        var request = new DescribeProducersRequest
        {
            Topics = [new DescribeProducersRequest.TopicRequest { Name = topic, PartitionIndexes = [partition] }],
        };
        var answer = client.Call<DescribeProducersResponse>(request, 0).Topics[0].Partitions[0];
        foreach (var producer in answer.ActiveProducers.OrderBy(p => p.ProducerId))
        {
            lines.Add($"producer {Name} {producer.ProducerId}/{producer.ProducerEpoch} last={producer.LastSequence} "
                + $"time={producer.LastTimestamp} coordinator={producer.CoordinatorEpoch} open={producer.CurrentTxnStartOffset}");
        }
    }

    private void AddAborted(long offset)
    {
        var data = Fetch(offset, isolation: 1);
        var aborted = (data.AbortedTransactions ?? []).Select(a => $" {a.ProducerId}@{a.FirstOffset}").Order(StringComparer.Ordinal);
        lines.Add($"aborted {Name} from {offset}:{string.Concat(aborted)} {data.ErrorCode} stable={data.LastStableOffset}");
    }

    private static string Text(OptionalBytes bytes)
    {
        if (!bytes.HasValue)
        {
            return "null";
        }

        // Long values are only told apart.
        if (bytes.Span.Length > 40)
        {
            return $"{bytes.Span.Length}#{Crc32C.Compute(bytes.Span):x8}";
        }

        var isText = !bytes.Span.ContainsAnyExceptInRange((byte)' ', (byte)'~');
        return isText ? Encoding.ASCII.GetString(bytes.Span) : Convert.ToHexString(bytes.Span);
    }
}
