using System.Globalization;
using System.Text;
using Barnabas.Messages;

namespace Barnabas.Cluster.Metadata;

/// <summary>
/// Metadata that is kept whole as its records: quotas, SCRAM credentials, access rights and delegation tokens. Immutable; any thread may
/// read it.
/// </summary>
public sealed class KeptImage
{
    private static readonly PersistentMap<string, IMessage> None = PersistentMap<string, IMessage>.Empty(StringComparer.Ordinal);

    /// <summary>Nothing kept.</summary>
    public static readonly KeptImage Empty = new();

    private PersistentMap<string, IMessage> _quotas = None, _scram = None, _rights = None, _tokens = None;

    private KeptImage()
    {
    }

    /// <summary>One record per entity and quota key.</summary>
    public IEnumerable<ClientQuotaRecord> Quotas => _quotas.Values.Cast<ClientQuotaRecord>();

    /// <summary>One record per user and mechanism.</summary>
    public IEnumerable<UserScramCredentialRecord> ScramCredentials => _scram.Values.Cast<UserScramCredentialRecord>();

    /// <summary>One record per access right.</summary>
    public IEnumerable<AccessControlEntryRecord> AccessRights => _rights.Values.Cast<AccessControlEntryRecord>();

    /// <summary>One record per delegation token.</summary>
    public IEnumerable<DelegationTokenRecord> DelegationTokens => _tokens.Values.Cast<DelegationTokenRecord>();

    internal KeptImage With(ClientQuotaRecord record)
    {
        var key = QuotaKey(record);
        return Change(next => next._quotas = record.Remove ? _quotas.Remove(key) : _quotas.Set(key, record));
    }

    internal KeptImage With(UserScramCredentialRecord record) =>
        Change(next => next._scram = _scram.Set(ScramKey(record.Name, record.Mechanism), record));

    internal KeptImage Without(RemoveUserScramCredentialRecord record) =>
        Change(next => next._scram = _scram.Remove(ScramKey(record.Name, record.Mechanism)));

    internal KeptImage With(AccessControlEntryRecord record) => Change(next => next._rights = _rights.Set(record.Id.ToString(), record));

    internal KeptImage Without(RemoveAccessControlEntryRecord record) =>
        Change(next => next._rights = _rights.Remove(record.Id.ToString()));

    internal KeptImage With(DelegationTokenRecord record) => Change(next => next._tokens = _tokens.Set(record.TokenId, record));

    internal KeptImage Without(RemoveDelegationTokenRecord record) => Change(next => next._tokens = _tokens.Remove(record.TokenId));

    private static string ScramKey(string user, sbyte mechanism) => user + "\0" + mechanism.ToString(CultureInfo.InvariantCulture);

    private static string QuotaKey(ClientQuotaRecord record)
    {
        var text = new StringBuilder();
        foreach (var part in record.Entity.OrderBy(part => part.EntityType, StringComparer.Ordinal))
        {
            text.Append(part.EntityType).Append(part.EntityName is null ? '\u0001' : '\u0002').Append(part.EntityName).Append('\0');
        }

        return text.Append(record.Key).ToString();
    }

    private KeptImage Change(Action<KeptImage> change)
    {
        var next = new KeptImage { _quotas = _quotas, _scram = _scram, _rights = _rights, _tokens = _tokens };
        change(next);
        return next;
    }
}
