namespace Barnabas.Broker.Worlds;

/// <summary>A thread that runs loops and knows no sockets: events of sockets are posted to it. For every platform.</summary>
public sealed class PortableIoLoop(string name) : IoLoop(name)
{
    private readonly AutoResetEvent _signal = new(false);

    /// <inheritdoc/>
    protected override void Wait(int timeoutMs)
    {
        if (timeoutMs != 0)
        {
            _signal.WaitOne(timeoutMs);
        }
    }

    /// <inheritdoc/>
    protected override void Signal() => _signal.Set();

    /// <inheritdoc/>
    protected override void Close() => _signal.Dispose();
}
