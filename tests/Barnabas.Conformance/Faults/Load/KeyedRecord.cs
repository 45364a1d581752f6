using System.Globalization;
using System.Text;
using Barnabas.Protocol.Records;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>A transaction of a <see cref="KeyedWriter"/>. Belongs to it.</summary>
internal sealed class SentTransaction(long producerId, short epoch)
{
    public long ProducerId => producerId;

    public short Epoch => epoch;

    /// <summary>How it ends, once that was asked for.</summary>
    public bool Commits { get; set; }

    /// <summary>A marker was asked for: it may be there.</summary>
    public bool IsEnding { get; set; }

    /// <summary>The marker was acknowledged.</summary>
    public bool IsEnded { get; set; }

    /// <summary>An acknowledged record behind the marker, or -1 while there is none.</summary>
    public long NextOffset { get; set; } = -1;

    /// <summary>A marker may have been lost, its own or one before it: nobody knows how it has ended.</summary>
    public bool IsUnsure { get; set; }

    /// <summary>True when nobody will ever read its records.</summary>
    public bool IsAborted => !IsUnsure && (!IsEnding || !Commits);

    /// <summary>True when everybody has to see its records.</summary>
    public bool IsCommitted => !IsUnsure && IsEnded && Commits;
}

/// <summary>One record with a key; without a value it deletes the key. Belongs to the writer that sent it.</summary>
internal sealed class KeyedRecord(long number, int key, bool isTombstone, SentTransaction? transaction)
{
    public long Number => number;

    public int Key => key;

    public bool IsTombstone => isTombstone;

    public SentTransaction? Transaction => transaction;

    /// <summary>Where the broker says that it lies; -1 while that is not sure.</summary>
    public long Offset { get; set; } = -1;

    public byte[] KeyBytes => Encoding.ASCII.GetBytes(key.ToString(CultureInfo.InvariantCulture));

    /// <summary>Its number, and as much again as the number says.</summary>
    public OptionalBytes ValueBytes => isTombstone ? OptionalBytes.Null : Encoding.ASCII.GetBytes(ValueOf(number));

    public static string ValueOf(long number) => $"{number}:{new string('v', (int)(number % 97))}";
}
