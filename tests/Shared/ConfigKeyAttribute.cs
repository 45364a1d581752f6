namespace Barnabas.Shared;

/// <summary>
/// Says that the test changes a key of the configuration and sees the effect. Only then docs/configuration.md calls the key implemented.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ConfigKeyAttribute(string name) : Attribute
{
    /// <summary>The key of a broker, topic, group or client-metrics subscription.</summary>
    public string Name => name;
}
