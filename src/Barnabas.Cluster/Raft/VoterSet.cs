using System.Collections.Immutable;
using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Cluster.Raft;

/// <summary>A replica of the quorum: a node and its metadata directory. A directory id of zero stands for any.</summary>
public readonly record struct ReplicaKey(int Id, Uuid DirectoryId)
{
    /// <summary>True when this may be <paramref name="other"/>: the same node, and the same directory where both are known.</summary>
    public bool Matches(ReplicaKey other) =>
        Id == other.Id && (DirectoryId == other.DirectoryId || DirectoryId == Uuid.Zero || other.DirectoryId == Uuid.Zero);
}

/// <summary>Where a voter listens for the quorum.</summary>
public sealed record VoterEndpoint(string Listener, string Host, ushort Port);

/// <summary>A member of the quorum with a vote. Immutable.</summary>
/// <param name="Key">Node and directory.</param>
/// <param name="Endpoints">One per controller listener.</param>
/// <param name="KRaftLowest">Lowest kraft.version it can run with.</param>
/// <param name="KRaftHighest">Highest kraft.version it can run with.</param>
public sealed record Voter(ReplicaKey Key, ImmutableArray<VoterEndpoint> Endpoints, short KRaftLowest, short KRaftHighest)
{
    /// <summary>True when the other says the same of the same voter.</summary>
    public bool SaysTheSame(Voter other) =>
        Key == other.Key && Endpoints.SequenceEqual(other.Endpoints)
        && KRaftLowest == other.KRaftLowest && KRaftHighest == other.KRaftHighest;
}

/// <summary>The voters of the quorum. Immutable; any thread may read it.</summary>
public sealed class VoterSet
{
    /// <summary>Nobody votes: a log that was never formatted with voters.</summary>
    public static readonly VoterSet Empty = new([]);

    /// <summary>A set of these voters, whose ids differ.</summary>
    public VoterSet(ImmutableArray<Voter> voters) => Voters = voters;

    public ImmutableArray<Voter> Voters { get; }

    /// <summary>Votes, or copies of a record, that decide.</summary>
    public int Majority => (Voters.Length / 2) + 1;

    /// <summary>The voter with this node and directory, or null.</summary>
    public Voter? Find(ReplicaKey key)
    {
        foreach (var voter in Voters)
        {
            if (voter.Key.Matches(key))
            {
                return voter;
            }
        }

        return null;
    }

    /// <summary>The set with this voter in the place of the one with its node id.</summary>
    public VoterSet With(Voter voter) =>
        new([.. Voters.Select(before => before.Key.Id == voter.Key.Id ? voter : before)]);

    /// <summary>The set that a control record describes.</summary>
    public static VoterSet Of(VotersRecord record) => new([.. record.Voters.ConvertAll(voter => new Voter(
        new ReplicaKey(voter.VoterId, voter.VoterDirectoryId),
        [.. voter.Endpoints.ConvertAll(endpoint => new VoterEndpoint(endpoint.Name, endpoint.Host, endpoint.Port))],
        voter.KRaftVersionFeature.MinSupportedVersion,
        voter.KRaftVersionFeature.MaxSupportedVersion))]);

    /// <summary>The control record of the set.</summary>
    public VotersRecord ToRecord()
    {
        var record = new VotersRecord();
        foreach (var voter in Voters)
        {
            var written = new VotersRecord.Voter { VoterId = voter.Key.Id, VoterDirectoryId = voter.Key.DirectoryId };
            written.KRaftVersionFeature.MinSupportedVersion = voter.KRaftLowest;
            written.KRaftVersionFeature.MaxSupportedVersion = voter.KRaftHighest;
            foreach (var endpoint in voter.Endpoints)
            {
                written.Endpoints.Add(new VotersRecord.Endpoint { Name = endpoint.Listener, Host = endpoint.Host, Port = endpoint.Port });
            }

            record.Voters.Add(written);
        }

        return record;
    }
}
