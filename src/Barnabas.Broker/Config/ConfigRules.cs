using System.Globalization;
using Barnabas.Base;

namespace Barnabas.Broker.Config;

/// <summary>
/// Checks single values against the type and the rule of their key. Stateless. The texts are those that Kafka's clients show.
/// </summary>
public static class ConfigRules
{
    private const string Throttled = "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

    /// <summary>What is wrong with the value, as one sentence that names value and key; null when it is valid.</summary>
    public static string? Problem(ConfigKey key, string value)
    {
        var problem = key.Type switch
        {
            ConfigType.Boolean => IsBoolean(value) ? null : "Expected value to be either true or false",
            ConfigType.Int => ProblemOfWhole(key, value, int.MinValue, int.MaxValue, "INT"),
            ConfigType.Short => ProblemOfWhole(key, value, short.MinValue, short.MaxValue, "SHORT"),
            ConfigType.Long => ProblemOfWhole(key, value, long.MinValue, long.MaxValue, "LONG"),
            ConfigType.Double => ProblemOfDouble(key, value),
            ConfigType.List => null,
            _ => ProblemOfText(key, value),
        };
        if (problem is not null)
        {
            return $"Invalid value {(key.IsSensitive ? "[hidden]" : value.Trim())} for configuration {key.Name}: {problem}";
        }

        return key.Type == ConfigType.List ? ProblemOfList(key, value) : null;
    }

    /// <summary>The items of a list: split at commas, trimmed; none for blank text.</summary>
    public static string[] Items(string value) =>
        string.IsNullOrWhiteSpace(value) ? [] : value.Split(',', StringSplitOptions.TrimEntries);

    /// <summary>The value in the form that DescribeConfigs shows: trimmed, lists without blanks around their commas.</summary>
    public static string Normal(ConfigKey key, string value) => key.Type switch
    {
        ConfigType.Boolean => value.Trim().ToLowerInvariant(),
        ConfigType.List => string.Join(',', Items(value)),
        ConfigType.String or ConfigType.Password => value,
        _ => value.Trim(),
    };

    private static bool IsBoolean(string value)
    {
        var text = value.AsSpan().Trim();
        return text.Equals("true", StringComparison.OrdinalIgnoreCase) || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    private static string? ProblemOfWhole(ConfigKey key, string value, long least, long most, string type)
    {
        if (!long.TryParse(value.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || number < least || number > most)
        {
            return $"Not a number of type {type}";
        }

        return ProblemOfRange(key.Valid, low => number < long.Parse(low, CultureInfo.InvariantCulture),
            high => number > long.Parse(high, CultureInfo.InvariantCulture), value);
    }

    private static string? ProblemOfDouble(ConfigKey key, string value)
    {
        if (!double.TryParse(value.AsSpan().Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return "Not a number of type DOUBLE";
        }

        return ProblemOfRange(key.Valid, low => !(number >= double.Parse(low, CultureInfo.InvariantCulture)),
            high => !(number <= double.Parse(high, CultureInfo.InvariantCulture)), value);
    }

    /// <summary>Ranges are written <c>[low,...]</c>, <c>[low,...,high]</c> or <c>[low,...,high] or other</c>.</summary>
    private static string? ProblemOfRange(string valid, Func<string, bool> isBelow, Func<string, bool> isAbove, string value)
    {
        if (valid.Length == 0)
        {
            return null;
        }

        var close = valid.IndexOf(']');
        var bounds = valid[1..close].Split(",...");
        var low = bounds[0];
        var high = bounds[1].TrimStart(',');
        var other = valid.IndexOf(" or ", StringComparison.Ordinal) is > 0 and var at ? valid[(at + 4)..] : null;
        if (other is not null)
        {
            var isOutside = value.Trim() != other && (isBelow(low) || isAbove(high));
            return isOutside ? $"Value must be between {low} and {high} or equal to {other}" : null;
        }

        if (isBelow(low))
        {
            return $"Value must be at least {low}";
        }

        return high.Length > 0 && isAbove(high) ? $"Value must be no more than {high}" : null;
    }

    private static string? ProblemOfText(ConfigKey key, string value)
    {
        var valid = key.Valid;
        if (valid is "" or "non-null")
        {
            return null;
        }

        if (valid == "non-empty")
        {
            return value.Length == 0 ? "String must be non-empty" : null;
        }

        if (valid.Contains("by_duration", StringComparison.Ordinal))
        {
            return IsOffsetReset(value) ? null
                : $"Invalid value `{value}` for configuration {key.Name}. The value must be either 'earliest', 'latest' "
                    + "or of the format 'by_duration:<PnDTnHnMn.nS>'.";
        }

        var anyCase = valid.StartsWith("any case ", StringComparison.Ordinal);
        var names = Names(valid);
        var comparer = anyCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        return names.Contains(value, comparer) ? null
            : $"String must be one of{(anyCase ? " (case insensitive)" : "")}: {string.Join(", ", names)}";
    }

    private static string? ProblemOfList(ConfigKey key, string value)
    {
        var items = Items(value);
        if (key.Valid == Throttled)
        {
            return IsThrottledReplicas(items) ? null
                : $"Invalid value [{string.Join(", ", items)}] for configuration {key.Name}: {key.Name} must be the literal '*' or a list "
                    + $"of replicas in the following format: {Throttled}";
        }

        if (key.Valid is "" or "non-empty")
        {
            return null;
        }

        var names = Names(key.Valid);
        foreach (var item in items)
        {
            if (!names.Contains(item))
            {
                return $"Invalid value {item} for configuration {key.Name}: String must be one of: {string.Join(", ", names)}";
            }
        }

        return null;
    }

    private static string[] Names(string valid)
    {
        var open = valid.IndexOf('[');
        var close = valid.LastIndexOf(']');
        Check.That(open >= 0 && close > open);
        return valid[(open + 1)..close].Split(", ");
    }

    private static bool IsThrottledReplicas(string[] items)
    {
        if (items is [] or ["*"])
        {
            return true;
        }

        foreach (var item in items)
        {
            var colon = item.IndexOf(':');
            if (colon < 1 || colon == item.Length - 1 || !IsDigits(item.AsSpan(0, colon)) || !IsDigits(item.AsSpan(colon + 1)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsOffsetReset(string value)
    {
        const string Prefix = "by_duration:";
        return value is "latest" or "earliest"
            || (value.StartsWith(Prefix, StringComparison.Ordinal) && IsDuration(value.AsSpan(Prefix.Length)));
    }

    /// <summary>A length of time as ISO 8601 has it, in days, hours, minutes and seconds: <c>P1DT2H3M4.5S</c>.</summary>
    private static bool IsDuration(ReadOnlySpan<char> text)
    {
        if (text.Length < 3 || text[0] != 'P')
        {
            return false;
        }

        text = text[1..];
        var units = "DTHMS";
        var parts = 0;
        while (!text.IsEmpty)
        {
            if (text[0] == 'T')
            {
                if (!units.Contains('T'))
                {
                    return false;
                }

                units = "HMS";
                text = text[1..];
                continue;
            }

            var digits = text.IndexOfAnyExcept("0123456789.");
            var unit = digits < 1 ? -1 : units.IndexOf(text[digits]);
            if (unit < 0 || (units[0] == 'D' && text[digits] != 'D') || (text[digits] != 'S' && text[..digits].Contains('.')))
            {
                return false;
            }

            units = units[(unit + 1)..];
            text = text[(digits + 1)..];
            parts++;
        }

        return parts > 0;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.IsEmpty && text.IndexOfAnyExceptInRange('0', '9') < 0;
}
