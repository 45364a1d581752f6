namespace Barnabas.Log;

/// <summary>One partition of a topic, by name.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>The name of its directory, such as <c>orders-3</c>.</summary>
    public override string ToString() => $"{Topic}-{Partition}";

    /// <summary>Reads a directory name; false when it is not a topic, a hyphen and a partition number.</summary>
    public static bool TryParse(string name, out TopicPartition partition)
    {
        var hyphen = name.LastIndexOf('-');
        if (hyphen > 0 && int.TryParse(name.AsSpan(hyphen + 1), System.Globalization.NumberStyles.None, null, out var number))
        {
            partition = new TopicPartition(name[..hyphen], number);
            return true;
        }

        partition = default;
        return false;
    }
}
