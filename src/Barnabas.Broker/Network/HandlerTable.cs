using Barnabas.Base;
using Barnabas.Messages;

namespace Barnabas.Broker.Network;

/// <summary>An API as a listener serves it.</summary>
/// <param name="Handler">Answers it.</param>
/// <param name="Lowest">Lowest version.</param>
/// <param name="Highest">Highest version.</param>
public sealed record ServedApi(IRequestHandler Handler, short Lowest, short Highest);

/// <summary>
/// What the listeners of one kind serve: the one place where an API meets its handler. Filled before the first connection, then immutable.
/// </summary>
public sealed class HandlerTable(ApiListeners listener)
{
    private readonly ServedApi?[] _byKey = new ServedApi?[ApiTable.KeyCount];

    /// <summary>The kind of listener.</summary>
    public ApiListeners Listener => listener;

    /// <summary>What is served, in order of API keys.</summary>
    public IEnumerable<ServedApi> Served => _byKey.OfType<ServedApi>();

    /// <summary>Serves an API in all its stable versions.</summary>
    public HandlerTable Add(IRequestHandler handler)
    {
        var api = ApiTable.Get(handler.Key);
        return Add(handler, api.Lowest, api.LatestStable);
    }

    /// <summary>Serves some versions of an API.</summary>
    public HandlerTable Add(IRequestHandler handler, short lowest, short highest)
    {
        var api = ApiTable.Get(handler.Key);
        Check.That((api.Listeners & listener) != 0 && _byKey[(int)handler.Key] is null);
        Check.That(lowest >= api.Lowest && lowest <= highest && highest <= api.Highest);
        _byKey[(int)handler.Key] = new ServedApi(handler, lowest, highest);
        return this;
    }

    /// <summary>Who answers a request.</summary>
    /// <param name="header">Of the request.</param>
    /// <param name="isVersionServed">False for an ApiVersions request of a version that is not served, which is answered all the
    /// same.</param>
    /// <exception cref="MalformedException">The API or its version is not served here.</exception>
    internal IRequestHandler Find(in RequestHeader header, out bool isVersionServed)
    {
        var served = header.Api is null ? null : _byKey[header.ApiKey];
        if (served is null)
        {
            throw new MalformedException($"API {header.ApiKey} is not served");
        }

        isVersionServed = header.ApiVersion >= served.Lowest && header.ApiVersion <= served.Highest;
        return isVersionServed || served.Handler.Key == ApiKey.ApiVersions
            ? served.Handler
            : throw new MalformedException($"version {header.ApiVersion} of {header.Api!.Name} is not served");
    }

    /// <summary>Puts something before every handler of the table.</summary>
    public void Wrap(Func<IRequestHandler, IRequestHandler> wrap)
    {
        for (var i = 0; i < _byKey.Length; i++)
        {
            _byKey[i] = _byKey[i] is { } served ? served with { Handler = wrap(served.Handler) } : null;
        }
    }

    /// <summary>The API as it is served here, or null.</summary>
    public ServedApi? Find(short apiKey) => (uint)apiKey < (uint)_byKey.Length ? _byKey[apiKey] : null;
}
