using System;

namespace Barnabas.Messages.Schemas;

/// <summary>Versions from lowest to highest, both included; empty when lowest is above highest.</summary>
public readonly struct VersionRange
{
    /// <summary>No version at all.</summary>
    public static readonly VersionRange None = new VersionRange(1, 0);

    /// <summary>The versions from <paramref name="lowest"/> to <paramref name="highest"/>.</summary>
    public VersionRange(short lowest, short highest)
    {
        Lowest = lowest;
        Highest = highest;
    }

    /// <summary>First version.</summary>
    public short Lowest { get; }

    /// <summary>Last version; 32767 for a range that has no end ("3+").</summary>
    public short Highest { get; }

    /// <summary>True when it holds no version.</summary>
    public bool IsEmpty => Lowest > Highest;

    /// <summary>True when <paramref name="version"/> lies inside.</summary>
    public bool Contains(short version) => version >= Lowest && version <= Highest;

    /// <summary>True when every version of <paramref name="other"/> lies inside.</summary>
    public bool Covers(VersionRange other) => other.IsEmpty || (Lowest <= other.Lowest && Highest >= other.Highest);

    /// <summary>The versions that lie in both.</summary>
    public VersionRange Intersect(VersionRange other) =>
        new VersionRange(Math.Max(Lowest, other.Lowest), Math.Min(Highest, other.Highest));

    /// <summary>Parses "3", "0-5" or "2+".</summary>
    public static VersionRange Parse(string text)
    {
        var dash = text.IndexOf('-');
        if (text.EndsWith("+", StringComparison.Ordinal))
        {
            return new VersionRange(short.Parse(text.Substring(0, text.Length - 1)), short.MaxValue);
        }

        var lowest = short.Parse(dash < 0 ? text : text.Substring(0, dash));
        return new VersionRange(lowest, dash < 0 ? lowest : short.Parse(text.Substring(dash + 1)));
    }

    /// <inheritdoc/>
    public override string ToString() =>
        IsEmpty ? "none" : Highest == short.MaxValue ? $"{Lowest}+" : Lowest == Highest ? $"{Lowest}" : $"{Lowest}-{Highest}";
}
