using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Barnabas.Broker.Logging;

/// <summary>How much somebody should care.</summary>
public enum LogLevel
{
    Debug,
    Info,
    Warn,
    Error,
}

/// <summary>
/// What the broker tells its operator: lines of text on a terminal, JSON lines elsewhere. Any thread may write; a line is written whole.
/// Meant for events that an operator acts on, not for requests: an idle healthy broker writes nothing.
/// </summary>
public sealed class OperatorLog
{
    private readonly Lock _lock = new();
    private readonly Stream _output;
    private readonly TimeProvider _time;
    private readonly bool _isJson;
    private readonly LogLevel _least;

    /// <summary>Writes to <paramref name="output"/> what is at least as important as <paramref name="least"/>.</summary>
    public OperatorLog(Stream output, bool isJson, LogLevel least, TimeProvider? time = null)
    {
        _output = output;
        _isJson = isJson;
        _least = least;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>A log that writes nothing.</summary>
    public static OperatorLog None { get; } = new(Stream.Null, isJson: false, (LogLevel)int.MaxValue);

    /// <summary>True when the log is read by a program and not by a person.</summary>
    public bool IsJson => _isJson;

    /// <summary>True when that level is written, so that a costly text need not be made.</summary>
    public bool IsOn(LogLevel level) => level >= _least;

    /// <summary>What only somebody who looks closely wants to know.</summary>
    public void Debug(string source, string message, Exception? fault = null) => Write(LogLevel.Debug, source, message, fault, null);

    /// <summary>Something that happens once in a while and is as it should be.</summary>
    public void Info(string source, string message) => Write(LogLevel.Info, source, message, null, null);

    /// <summary>Something that is not as it should be and mends itself.</summary>
    public void Warn(string source, string message, Exception? fault = null) => Write(LogLevel.Warn, source, message, fault, null);

    /// <summary>Something that needs the operator.</summary>
    public void Error(string source, string message, Exception? fault = null) => Write(LogLevel.Error, source, message, fault, null);

    /// <summary>An entry with fields of its own, which only JSON lines show.</summary>
    public void Info(string source, string message, Action<Utf8JsonWriter> fields) => Write(LogLevel.Info, source, message, null, fields);

    /// <summary>Text for people, as it is; nothing where a program reads.</summary>
    public void Plain(string text)
    {
        if (!_isJson && IsOn(LogLevel.Info))
        {
            Put(Encoding.UTF8.GetBytes(text));
        }
    }

    private void Write(LogLevel level, string source, string message, Exception? fault, Action<Utf8JsonWriter>? fields)
    {
        if (level < _least)
        {
            return;
        }

        // The text of a fault names it; where it was thrown interests only those who asked for everything.
        var detail = fault is null ? null : IsOn(LogLevel.Debug) ? fault.ToString() : $"{fault.GetType().Name}: {fault.Message}";
        var now = _time.GetUtcNow();
        if (!_isJson)
        {
            var clock = now.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
            var line = $"{clock} {NameOf(level),-5} {source}: {message}";
            Put(Encoding.UTF8.GetBytes(detail is null ? line + "\n" : $"{line}: {detail}\n"));
            return;
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", now.UtcDateTime);
            json.WriteString("level", NameOf(level));
            json.WriteString("source", source);
            json.WriteString("message", message);
            if (detail is not null)
            {
                json.WriteString("fault", detail);
            }

            fields?.Invoke(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        Put(buffer.WrittenSpan);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        LogLevel.Warn => "warn",
        _ => "error",
    };

    private void Put(ReadOnlySpan<byte> line)
    {
        lock (_lock)
        {
            try
            {
                _output.Write(line);
                _output.Flush();
            }
            catch (IOException)
            {
                // Whoever read the log has gone; the broker goes on.
            }
        }
    }
}
