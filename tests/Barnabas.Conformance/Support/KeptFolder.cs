using System.Globalization;

namespace Barnabas.Conformance.Support;

/// <summary>
/// A data folder of a seeded test: removed when the test passes, kept and named, with the seed, when it fails. Stateless.
/// </summary>
internal static class KeptFolder
{
    /// <summary>Runs a test over an empty folder with the seed of <c>BARNABAS_SEED</c>, or any.</summary>
    public static void Run(string name, Action<string, ulong> test)
    {
        var seed = ulong.TryParse(Environment.GetEnvironmentVariable("BARNABAS_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : (ulong)Random.Shared.Next();
        var folder = Directory.CreateTempSubdirectory($"barnabas-{name}-{seed}-").FullName;
        try
        {
            test(folder, seed);
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed} (BARNABAS_SEED={seed}); the data is kept in {folder}\n{e}");
        }

        Directory.Delete(folder, recursive: true);
    }
}
