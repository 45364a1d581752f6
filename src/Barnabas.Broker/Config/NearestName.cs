namespace Barnabas.Broker.Config;

/// <summary>Finds what somebody probably meant to write. Stateless.</summary>
public static class NearestName
{
    private const int LengthMax = 256;

    /// <summary>
    /// The known name with the fewest edits (insert, delete, replace, swap neighbours) from <paramref name="name"/>; null when none is
    /// near: at most a third of its characters.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        string? nearest = null;
        var fewest = Math.Min(name.Length, LengthMax) / 3 + 1;
        foreach (var candidate in known)
        {
            if (name.Length > LengthMax || Math.Abs(candidate.Length - name.Length) >= fewest)
            {
                continue;
            }

            var edits = Edits(name, candidate);
            if (edits < fewest)
            {
                fewest = edits;
                nearest = candidate;
            }
        }

        return nearest;
    }

    private static int Edits(string from, string to)
    {
        var beforeLast = new int[to.Length + 1];
        var last = new int[to.Length + 1];
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[to.Length];
    }
}
