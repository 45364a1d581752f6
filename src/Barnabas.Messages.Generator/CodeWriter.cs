using System.Text;

namespace Barnabas.Messages.Generator;

/// <summary>Text with indentation and braces. Used by one emitter at a time.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new StringBuilder();
    private int _depth;

    /// <summary>One line at the present depth; an empty one has no spaces.</summary>
    public CodeWriter Line(string line = "")
    {
        if (line.Length > 0)
        {
            _text.Append(' ', 4 * _depth).Append(line);
        }

        _text.Append('\n');
        return this;
    }

    /// <summary>A line and an opening brace.</summary>
    public CodeWriter Open(string line)
    {
        Line(line).Line("{");
        _depth++;
        return this;
    }

    /// <summary>A closing brace.</summary>
    public CodeWriter Close(string after = "")
    {
        _depth--;
        return Line("}" + after);
    }

    /// <summary>A line of documentation for what follows, as it is.</summary>
    public CodeWriter Summary(string text) => Line($"/// <summary>{text}</summary>");

    /// <summary>A line of documentation, or nothing for an empty text.</summary>
    public CodeWriter Doc(string text)
    {
        if (text.Length > 0)
        {
            Line($"/// <summary>{text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;")}</summary>");
        }

        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
