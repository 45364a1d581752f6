using System.Text;
using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>A record as a load wrote it: whose it is, and which.</summary>
internal readonly record struct SeenRecord(long Offset, int Writer, long Number);

/// <summary>Reads partitions by Fetch and ListOffsets. Stateless.</summary>
internal static class LogReader
{
    private const short FetchVersion = 12;
    private const int FetchBytes = 4 << 20;

    /// <summary>The text of a record: its writer and number, and as much again as the number says.</summary>
    public static string Value(int writer, long number) => $"{writer}:{number}:{new string('v', (int)(number % 97))}";

    /// <summary>The first offset of a partition and the one behind its last, or -1 where the broker does not know yet.</summary>
    public static (long Start, long End) Bounds(MessageConnection connection, string topic, int partition) =>
        (Offset(connection, topic, partition, -2), Offset(connection, topic, partition, -1));

    /// <summary>Reads a partition to its end; <paramref name="hole"/> is told of offsets that are not there.</summary>
    public static IEnumerable<SeenRecord> Read(
        MessageConnection connection, string topic, int partition, (long From, long End) range, Action<long, long> hole)
    {
        var (from, end) = range;
        for (var next = from; next < end;)
        {
            var bytes = Fetch(connection, topic, partition, next);
            LossException.Unless(bytes.Length > 0, $"{topic}-{partition}: nothing to fetch at {next}, though it ends at {end}");
            for (var at = 0; at < bytes.Length;)
            {
                // The last batch may be cut where the answer is full.
                if (!RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header) || at + header.SizeBytes > bytes.Length)
                {
                    break;
                }

                if (header.BaseOffset > next)
                {
                    hole(next, header.BaseOffset);
                }

                LossException.Unless(
                    header.BaseOffset >= next || (header.LastOffset >= from && next == from),
                    $"{topic}-{partition}: the batch at {header.BaseOffset} comes again, behind {next}");
                foreach (var record in Records(bytes.AsSpan(at, (int)header.SizeBytes), header))
                {
                    if (record.Offset >= from)
                    {
                        yield return record;
                    }
                }

                next = header.NextOffset;
                at += (int)header.SizeBytes;
            }
        }
    }

    private static List<SeenRecord> Records(ReadOnlySpan<byte> batch, in RecordBatchHeader header)
    {
        var records = new List<SeenRecord>(header.RecordCount);
        if (!header.IsControl)
        {
            var reader = new RecordReader(batch[RecordBatchHeader.HeaderBytes..], header.RecordCount);
            while (reader.TryRead(out var record))
            {
                var parts = Encoding.ASCII.GetString(record.Value.Span).Split(':');
                var (writer, number) = (int.Parse(parts[0]), long.Parse(parts[1]));
                LossException.Unless(Value(writer, number).EndsWith(parts[2], StringComparison.Ordinal), $"record {number} is spoiled");
                records.Add(new SeenRecord(header.BaseOffset + record.OffsetDelta, writer, number));
            }

            LossException.Unless(records.Count == header.LastOffsetDelta + 1, $"the batch at {header.BaseOffset} lacks records");
        }

        return records;
    }

    private static byte[] Fetch(MessageConnection connection, string topic, int partition, long offset)
    {
        var request = new FetchRequest
        {
            ReplicaId = -1,
            MaxWaitMs = 1_000,
            MinBytes = 1,
            MaxBytes = FetchBytes,
            SessionEpoch = -1,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = topic,
                    Partitions =
                    [
                        new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = FetchBytes, CurrentLeaderEpoch = -1 },
                    ],
                },
            ],
        };
        var answer = connection.Call<FetchResponse>(request, FetchVersion).Responses[0].Partitions[0];
        if (answer.ErrorCode == ErrorCode.OffsetOutOfRange)
        {
            throw new RecordsGoneException($"{topic}-{partition}: nothing is at {offset} any more");
        }

        LossException.Unless(answer.ErrorCode == ErrorCode.None, $"{topic}-{partition}: {answer.ErrorCode} at {offset}");
        return answer.Records?.ToArray() ?? [];
    }

    private static long Offset(MessageConnection connection, string topic, int partition, long timestamp)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics =
            [
                new()
                {
                    Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = timestamp, CurrentLeaderEpoch = -1 }],
                },
            ],
        };
        var answer = connection.Call<ListOffsetsResponse>(request, 7).Topics[0].Partitions[0];
        if (answer.ErrorCode == ErrorCode.OffsetNotAvailable)
        {
            return -1;
        }

        BrokerGoneException.Check(answer.ErrorCode, $"offsets of {topic}-{partition}");
        return answer.Offset;
    }
}

/// <summary>Records that were there a moment ago were deleted.</summary>
internal sealed class RecordsGoneException(string message) : Exception(message);
