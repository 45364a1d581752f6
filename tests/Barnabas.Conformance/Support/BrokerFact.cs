using Barnabas.Shared;

namespace Barnabas.Conformance.Support;

/// <summary>A fact about the broker under test; skipped, by name and with the reason, where something it needs is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerFactAttribute : FactAttribute
{
    private readonly Need[] needs;
    private Api[] apis = [];

    public BrokerFactAttribute(params Need[] needs)
    {
        this.needs = needs;
        Skip = Target.Missing(needs, []);
    }

    /// <summary>The APIs without which the scenario means nothing.</summary>
    public Api[] Apis
    {
        get => apis;
        set
        {
            apis = value;
            Skip = Target.Missing(needs, value);
        }
    }
}

/// <summary>A theory about the broker under test; skipped, by name and with the reason, where something it needs is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerTheoryAttribute : TheoryAttribute
{
    private readonly Need[] needs;
    private Api[] apis = [];

    public BrokerTheoryAttribute(params Need[] needs)
    {
        this.needs = needs;
        Skip = Target.Missing(needs, []);
    }

    /// <summary>The APIs without which the scenario means nothing.</summary>
    public Api[] Apis
    {
        get => apis;
        set
        {
            apis = value;
            Skip = Target.Missing(needs, value);
        }
    }
}

/// <summary>A fact about the program barnabas itself, whatever the target is.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(params Api[] apis) => Skip = Target.MissingProgram(apis);
}

/// <summary>A theory about the program barnabas itself, whatever the target is.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProgramTheoryAttribute : TheoryAttribute
{
    public ProgramTheoryAttribute(params Api[] apis) => Skip = Target.MissingProgram(apis);
}
