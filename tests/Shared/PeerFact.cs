using Xunit;

namespace Barnabas.Shared;

/// <summary>A fact that is skipped, by name and with the reason, where one of its needs is not met.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    /// <summary>Looks for <paramref name="needs"/> when the test is discovered.</summary>
    public PeerFactAttribute(params Need[] needs) => Skip = Needs.Missing(needs);
}

/// <summary>A theory that is skipped, by name and with the reason, where one of its needs is not met.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerTheoryAttribute : TheoryAttribute
{
    /// <summary>Looks for <paramref name="needs"/> when the test is discovered.</summary>
    public PeerTheoryAttribute(params Need[] needs) => Skip = Needs.Missing(needs);
}
