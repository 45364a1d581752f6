using Barnabas.Log.Directories;

namespace Barnabas.Broker.Node;

/// <summary>The directories of a node, locked. Owned by whoever starts and stops the node.</summary>
internal sealed class NodeDirectories : IDisposable
{
    /// <summary>Where the metadata log lies; one of <see cref="Logs"/> unless <c>metadata.log.dir</c> names a place of its own.</summary>
    public required LogDirectory Metadata { get; init; }

    /// <summary>Those of <c>log.dirs</c> that can be used, in its order.</summary>
    public required IReadOnlyList<LogDirectory> Logs { get; init; }

    /// <summary>Those of <c>log.dirs</c> whose disk failed, by their path.</summary>
    public IReadOnlyDictionary<string, IOException> Offline { get; init; } = new Dictionary<string, IOException>();

    /// <summary>The epoch that the broker had when it stopped; -1 unless every directory was closed cleanly, by the same broker.</summary>
    public long PreviousBrokerEpoch =>
        Offline.Count == 0 && Logs.Select(d => d.PreviousBrokerEpoch).Distinct().Count() == 1 ? Logs[0].PreviousBrokerEpoch : -1;

    /// <summary>
    /// Marks as closed cleanly those in which all went well; the metadata's own place too, where it has one. One whose disk fails even
    /// now is told to <paramref name="failed"/> and is recovered by the next start; the others are marked all the same.
    /// </summary>
    public void CloseClean(IReadOnlyList<LogDirectory> clean, long brokerEpoch, Action<LogDirectory, IOException> failed)
    {
        foreach (var directory in clean.Append(Metadata).Where(d => clean.Contains(d) || !Logs.Contains(d)).Distinct())
        {
            try
            {
                directory.CloseClean(brokerEpoch);
            }
            catch (IOException e)
            {
                failed(directory, e);
            }
        }
    }

    /// <summary>Lets go of every lock without the flag of a clean stop.</summary>
    public void Dispose()
    {
        foreach (var directory in Logs.Append(Metadata).Distinct())
        {
            directory.Dispose();
        }
    }
}
