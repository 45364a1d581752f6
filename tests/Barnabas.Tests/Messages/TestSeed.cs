using System.Globalization;

namespace Barnabas.Tests.Messages;

/// <summary>The seed of seeded tests: BARNABAS_SEED, else always the same.</summary>
internal static class TestSeed
{
    public static int Value { get; } = Number("BARNABAS_SEED", 20260711);

    /// <summary>A number of the environment.</summary>
    public static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var given) ? given : otherwise;
}
