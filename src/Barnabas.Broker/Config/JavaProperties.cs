using System.Text;

namespace Barnabas.Broker.Config;

/// <summary>An entry of a properties file, with the line that it begins on, counted from 1.</summary>
public readonly record struct PropertyEntry(string Key, string Value, int Line);

/// <summary>Reads Java's properties format: comments, continued lines, escapes, three kinds of separator. Stateless.</summary>
public static class JavaProperties
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The entries in the order of the file; a key that comes twice is there twice. Bytes are read as UTF-8, or as ISO 8859-1 where they
    /// are not valid UTF-8.
    /// </summary>
    /// <exception cref="FormatException">A <c>\u</c> escape without four hexadecimal digits; the message names the line.</exception>
    public static List<PropertyEntry> Read(ReadOnlySpan<byte> bytes)
    {
        string text;
        try
        {
            text = StrictUtf8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException)
        {
            text = Encoding.Latin1.GetString(bytes);
        }

        return Read(text);
    }

    /// <summary>The entries of a text.</summary>
    /// <exception cref="FormatException">A <c>\u</c> escape without four hexadecimal digits; the message names the line.</exception>
    public static List<PropertyEntry> Read(string text)
    {
        var entries = new List<PropertyEntry>();
        var rest = text.AsSpan();
        var number = 0;
        while (!rest.IsEmpty)
        {
            var first = number + 1;
            var line = TakeLine(ref rest, ref number).TrimStart(" \t\f");
            if (line.IsEmpty || line[0] is '#' or '!')
            {
                continue;
            }

            var logical = line.ToString();
            while (EndsInOddBackslashes(logical))
            {
                logical = string.Concat(logical.AsSpan(0, logical.Length - 1), TakeLine(ref rest, ref number).TrimStart(" \t\f"));
            }

            entries.Add(Split(logical, first));
        }

        return entries;
    }

    private static ReadOnlySpan<char> TakeLine(ref ReadOnlySpan<char> rest, ref int number)
    {
        number++;
        var end = rest.IndexOfAny('\n', '\r');
        if (end < 0)
        {
            var last = rest;
            rest = default;
            return last;
        }

        var line = rest[..end];
        var isPair = rest[end] == '\r' && end + 1 < rest.Length && rest[end + 1] == '\n';
        rest = rest[(end + (isPair ? 2 : 1))..];
        return line;
    }

    private static bool EndsInOddBackslashes(string line) => (line.Length - line.AsSpan().TrimEnd('\\').Length) % 2 == 1;

    private static PropertyEntry Split(string line, int number)
    {
        var end = 0;
        while (end < line.Length && line[end] is not ('=' or ':' or ' ' or '\t' or '\f'))
        {
            end += line[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, line.Length);
        var value = line.AsSpan(end).TrimStart(" \t\f");
        if (!value.IsEmpty && value[0] is '=' or ':')
        {
            value = value[1..].TrimStart(" \t\f");
        }

        return new PropertyEntry(Unescape(line.AsSpan(0, end), number), Unescape(value, number), number);
    }

    private static string Unescape(ReadOnlySpan<char> text, int number)
    {
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }

        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || ++i == text.Length)
            {
                if (i < text.Length)
                {
                    plain.Append(text[i]);
                }

                continue;
            }

            if (text[i] == 'u')
            {
                var digits = text.Slice(i + 1, Math.Min(4, text.Length - i - 1));
                if (digits.Length < 4 || digits.IndexOfAnyExcept("0123456789abcdefABCDEF") >= 0)
                {
                    throw new FormatException($"line {number}: \\u needs four hexadecimal digits");
                }

                plain.Append((char)Convert.ToInt32(digits.ToString(), 16));
                i += 4;
                continue;
            }

            plain.Append(text[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var other => other });
        }

        return plain.ToString();
    }
}
