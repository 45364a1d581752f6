using System.Text.Json;
using Barnabas.Conformance.Support;
using Barnabas.Shared;

namespace Barnabas.Conformance.Groups;

/// <summary>A consumer in a process of its own (clients/python/member.py) and what it said so far. Owned by the test.</summary>
internal sealed class Member : IDisposable
{
    private readonly Child child;

    public Member(string bootstrap, string topic, string group, string strategy, string? instance = null)
    {
        string[] arguments = [Checkout.At("tests/Barnabas.Conformance/clients/python/member.py"), bootstrap, topic, group, strategy];
        child = Child.Start("/usr/bin/python3", instance is null ? arguments : [.. arguments, instance]);
    }

    /// <summary>The partitions it owns, or null before the first rebalance.</summary>
    public int[]? Owned => Said("owned").Select(line => line.Deserialize<int[]>()).LastOrDefault();

    /// <summary>How many times its partitions were changed.</summary>
    public int Rebalances => Said("owned").Count();

    /// <summary>Every value that it read.</summary>
    public IEnumerable<int> Values => Said("values").SelectMany(line => line.Deserialize<int[]>()!);

    public void Kill()
    {
        child.Signal(Child.SigKill);
        child.WaitForExit(TimeSpan.FromSeconds(10));
    }

    public void Freeze() => child.Signal(Child.SigStop);

    public void Thaw() => child.Signal(Child.SigContinue);

    /// <summary>Lets it leave the group in good order.</summary>
    public void Leave()
    {
        child.EndInput();
        Assert.Equal(0, child.WaitForExit(TimeSpan.FromSeconds(30)));
    }

    public override string ToString() => $"member {child.Id}\n{child.Output}\n{child.Errors}";

    public void Dispose() => child.Dispose();

    private IEnumerable<JsonElement> Said(string what)
    {
        foreach (var line in child.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (JsonDocument.Parse(line).RootElement.TryGetProperty(what, out var value))
            {
                yield return value;
            }
        }
    }
}
