using Barnabas.Histories.Model;

namespace Barnabas.Histories.Checks;

/// <summary>One record that a reader got.</summary>
/// <param name="Poll">The poll that gave it.</param>
/// <param name="Seen">The record.</param>
/// <param name="Position">The position that the reader had there, or -1 where it was given by the group.</param>
/// <param name="Assigned">When the partition was assigned to it, where this is the first record since; else -1.</param>
internal sealed record Delivery(Entry Poll, Seen Seen, long Position, long Assigned);

/// <summary>Follows readers from record to record. Stateless.</summary>
internal static class Deliveries
{
    /// <summary>All that a reader got, in order.</summary>
    public static IEnumerable<Delivery> To(IEnumerable<Entry> lines)
    {
        var positions = new Dictionary<string, long>();
        var assigned = new Dictionary<string, long>();
        foreach (var line in lines)
        {
            switch (line.Op)
            {
                case Operation.Assigned:
                    foreach (var partition in line.Partitions)
                    {
                        positions.Remove(partition);
                        assigned[partition] = line.From;
                    }

                    break;

                case Operation.Seek:
                    foreach (var (partition, offset) in line.Offsets)
                    {
                        positions[partition] = offset;
                        assigned.Remove(partition);
                    }

                    break;

                case Operation.Poll:
                    foreach (var seen in line.Records)
                    {
                        var since = assigned.Remove(seen.Partition, out var at) ? at : -1;
                        yield return new Delivery(line, seen, positions.GetValueOrDefault(seen.Partition, -1), since);
                        positions[seen.Partition] = Math.Max(seen.Offset + 1, positions.GetValueOrDefault(seen.Partition, -1));
                    }

                    break;
            }
        }
    }

    /// <summary>The first record after each assignment, with its reader and when that was.</summary>
    public static IEnumerable<(string Who, Seen First, long Assigned)> Firsts(History history) =>
        from lines in history.ByClient
        from delivery in To(lines.Value)
        where delivery.Assigned >= 0
        select (lines.Key, delivery.Seen, delivery.Assigned);
}
