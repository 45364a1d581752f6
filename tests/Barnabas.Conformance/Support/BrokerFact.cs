using Barnabas.Shared;

namespace Barnabas.Conformance.Support;

/// <summary>A fact about the broker under test; skipped, by name and with the reason, where something it needs is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerFactAttribute : FactAttribute
{
    private readonly Need[] needs;

    public BrokerFactAttribute(params Need[] needs) => Skip = Target.Missing(this.needs = needs, []);

    /// <summary>The APIs without which the scenario means nothing.</summary>
    public Api[] Apis
    {
        get;
        set => Skip = Target.Missing(needs, field = value);
    } = [];
}

/// <summary>A theory about the broker under test; skipped, by name and with the reason, where something it needs is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerTheoryAttribute : TheoryAttribute
{
    private readonly Need[] needs;

    public BrokerTheoryAttribute(params Need[] needs) => Skip = Target.Missing(this.needs = needs, []);

    /// <summary>The APIs without which the scenario means nothing.</summary>
    public Api[] Apis
    {
        get;
        set => Skip = Target.Missing(needs, field = value);
    } = [];
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
