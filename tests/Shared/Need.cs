namespace Barnabas.Shared;

/// <summary>Something outside the repository that a test cannot run without.</summary>
public enum Need
{
    /// <summary>Linux, for what is not portable.</summary>
    Linux,

    /// <summary>The rights of root.</summary>
    Root,

    /// <summary>The built program (<c>./barnabas version</c> builds it).</summary>
    Program,

    /// <summary>Apache Kafka in <c>../shared/peers/kafka</c>, with Java.</summary>
    Peer,

    /// <summary>The tools in <c>../shared/tools</c>, with Java.</summary>
    Tools,

    /// <summary>The command kcat.</summary>
    Kcat,

    /// <summary>The Python module confluent_kafka of the Debian packages.</summary>
    ConfluentPython,

    /// <summary>The Python module kafka of the Debian packages.</summary>
    KafkaPython,

    /// <summary>Node.js with the packages of tests/Barnabas.Conformance/clients/node.</summary>
    Node,

    /// <summary>The command strace.</summary>
    Strace,

    /// <summary>The command dpkg-query, for file lists as real input.</summary>
    DpkgQuery,
}

/// <summary>Decides, once per process, what of <see cref="Need"/> is there.</summary>
public static class Needs
{
    private const string DebianModules = "/usr/lib/python3/dist-packages";

    /// <summary>
    /// The reason to skip a test that has these needs, or null when all are met. Where BARNABAS_REQUIRE_CLIENTS=1 a client that a
    /// registry offers counts as there, so that its test runs and fails instead of being skipped.
    /// </summary>
    public static string? Missing(IEnumerable<Need> needs)
    {
        var required = Environment.GetEnvironmentVariable("BARNABAS_REQUIRE_CLIENTS") == "1";
        foreach (var need in needs)
        {
            if (!IsMet(need) && !(required && IsInstallable(need)))
            {
                return Reason(need);
            }
        }

        return null;
    }

    private static bool IsInstallable(Need need) =>
        need is Need.Kcat or Need.ConfluentPython or Need.KafkaPython or Need.Node or Need.Strace;

    private static bool IsMet(Need need) => need switch
    {
        Need.Linux => OperatingSystem.IsLinux(),
        Need.Root => Environment.IsPrivilegedProcess,
        Need.Program => File.Exists(Checkout.Program),
        Need.Peer => Directory.Exists(Path.Combine(Checkout.Shared, "peers", "kafka")) && OnPath("java"),
        Need.Tools => Directory.Exists(Path.Combine(Checkout.Shared, "tools")) && OnPath("java"),
        Need.Kcat => OnPath("kcat"),
        Need.ConfluentPython => Directory.Exists(Path.Combine(DebianModules, "confluent_kafka")),
        Need.KafkaPython => Directory.Exists(Path.Combine(DebianModules, "kafka")),
        Need.Node => OnPath("node") && Directory.Exists(Checkout.At("tests/Barnabas.Conformance/clients/node/node_modules")),
        Need.Strace => OnPath("strace"),
        Need.DpkgQuery => OnPath("dpkg-query"),
        _ => throw new ArgumentOutOfRangeException(nameof(need), need, "no such need"),
    };

    private static string Reason(Need need) => need switch
    {
        Need.Linux => "runs on Linux only",
        Need.Root => "needs the rights of root",
        Need.Program => "artifacts/barnabas/barnabas is not built",
        Need.Peer => "../shared/peers/kafka or java is not there",
        Need.Tools => "../shared/tools or java is not there",
        Need.Kcat => "client kcat is not installed",
        Need.ConfluentPython => "client confluent-kafka for Python is not installed",
        Need.KafkaPython => "client kafka-python is not installed",
        Need.Node => "the Node.js clients are not installed",
        Need.DpkgQuery => "no Debian packages to list",
        _ => "strace is not installed",
    };

    private static bool OnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, command)));
}
