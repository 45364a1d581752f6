using System.Globalization;
using System.Text;
using Barnabas.Base;
using Barnabas.Conformance.Support;
using Barnabas.Messages;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>A record with a key, as a reader of committed records finds it.</summary>
/// <param name="Offset">Where.</param>
/// <param name="Key">Of what.</param>
/// <param name="Number">Of its value; -1 for a tombstone.</param>
/// <param name="IsAborted">The broker says that its transaction was aborted.</param>
internal readonly record struct SeenKey(long Offset, int Key, long Number, bool IsAborted);

/// <summary>Reads a partition of keyed records as a consumer of committed records does. Stateless.</summary>
internal static class KeyedReader
{
    private const short FetchVersion = 12;
    private const int FetchBytes = 1 << 20;

    /// <summary>All that is there up to the last stable offset, which is returned too.</summary>
    public static (List<SeenKey> Records, long LastStableOffset) Read(
        MessageConnection connection, string topic, long from, bool mayLose)
    {
        var records = new List<SeenKey>();
        var next = from;
        while (true)
        {
            var answer = Fetch(connection, topic, next);
            var bytes = answer.Records?.ToArray() ?? [];
            if (bytes.Length == 0)
            {
                LossException.Unless(
                    mayLose || next >= answer.LastStableOffset,
                    $"{topic}: nothing to fetch at {next}, though {answer.LastStableOffset} is stable");
                return (records, answer.LastStableOffset);
            }

            next = Read(bytes, answer.AbortedTransactions ?? [], records, next);
        }
    }

    private static long Read(
        byte[] bytes, IEnumerable<FetchResponse.AbortedTransaction> transactions, List<SeenKey> records, long from)
    {
        var later = new Queue<FetchResponse.AbortedTransaction>(transactions.OrderBy(transaction => transaction.FirstOffset));
        var aborted = new HashSet<long>();
        var next = from;
        for (var at = 0; at < bytes.Length && RecordBatchHeader.TryRead(bytes.AsSpan(at), out var header)
            && at + header.SizeBytes <= bytes.Length; at += (int)header.SizeBytes)
        {
            LossException.Unless(header.LastOffset >= next, $"the batch at {header.BaseOffset} comes again, behind {next}");
            while (later.TryPeek(out var first) && first.FirstOffset <= header.LastOffset)
            {
                aborted.Add(later.Dequeue().ProducerId);
            }

            var batch = bytes.AsSpan(at, (int)header.SizeBytes);
            var reader = new RecordReader(batch[RecordBatchHeader.HeaderBytes..], header.RecordCount);
            while (reader.TryRead(out var record))
            {
                if (!header.IsControl)
                {
                    var isAborted = header.IsTransactional && aborted.Contains(header.ProducerId);
                    records.Add(Seen(header.BaseOffset + record.OffsetDelta, record, isAborted));
                }
                else if (ControlRecords.TryReadType(record.Key, out var type) && type == ControlRecordType.Abort)
                {
                    aborted.Remove(header.ProducerId);
                }
            }

            next = header.NextOffset;
        }

        LossException.Unless(next > from, $"no whole batch at {from}");
        return next;
    }

    private static SeenKey Seen(long offset, in Barnabas.Protocol.Records.Record record, bool isAborted)
    {
        var key = int.Parse(record.Key.Span, CultureInfo.InvariantCulture);
        if (!record.Value.HasValue)
        {
            return new SeenKey(offset, key, -1, isAborted);
        }

        var value = Encoding.ASCII.GetString(record.Value.Span);
        var number = long.Parse(value.AsSpan(0, value.IndexOf(':', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        LossException.Unless(value == KeyedRecord.ValueOf(number), $"record {number} at {offset} is spoiled");
        return new SeenKey(offset, key, number, isAborted);
    }

    private static FetchResponse.PartitionData Fetch(MessageConnection connection, string topic, long offset)
    {
        var request = new FetchRequest
        {
            ReplicaId = -1,
            MaxBytes = FetchBytes,
            SessionEpoch = -1,
            IsolationLevel = 1,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = topic,
                    Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = FetchBytes, CurrentLeaderEpoch = -1 }],
                },
            ],
        };
        var answer = connection.Call<FetchResponse>(request, FetchVersion).Responses[0].Partitions[0];
        LossException.Unless(answer.ErrorCode == ErrorCode.None, $"{topic}: {answer.ErrorCode} at {offset}");
        return answer;
    }
}
