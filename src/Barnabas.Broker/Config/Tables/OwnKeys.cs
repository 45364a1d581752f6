namespace Barnabas.Broker.Config.Tables;

/// <summary>Keys that Kafka does not have: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class OwnKeys
{
    /// <summary>Keys of the broker.</summary>
    public static ReadOnlySpan<byte> BrokerRows =>
        """
        barnabas.produce.check | string | header | cluster-wide | [header, records]
            How far a compressed batch is checked before it is appended: by its header, or opened, record by record, as Kafka does.
        barnabas.flush.on.ack | boolean | false | cluster-wide
            Whether a produce is acknowledged only after its records are flushed to the disk, many batches to a flush.
        barnabas.disk.reserve.bytes | long | -1 | cluster-wide | [-1,...]
            Bytes kept free on the disk of each data directory: below, produce is refused; -1 is 1 % of the disk, at most 1 GiB, 0 none.
        barnabas.insecure.allow.public | boolean | false | read-only
            Whether a listener without authentication may be reached from other machines.
        barnabas.wire | string | auto | read-only | [auto, epoll, sockets]
            How bytes move: loops of our own over epoll (Linux), .NET sockets (everywhere), or what suits this machine best.
        """u8;

    /// <summary>Keys of a topic; the fourth column is the broker key that gives the default.</summary>
    public static ReadOnlySpan<byte> TopicRows =>
        """
        barnabas.flush.on.ack | boolean | false | barnabas.flush.on.ack
            Whether a produce is acknowledged only after its records are flushed to the disk, many batches to a flush.
        """u8;
}
