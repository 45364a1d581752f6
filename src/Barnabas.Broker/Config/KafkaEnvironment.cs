using System.Text;

namespace Barnabas.Broker.Config;

/// <summary>
/// Turns environment variables into keys, as Kafka's container images do: KAFKA_LOG_DIRS is log.dirs, two underscores are one underscore,
/// three are a hyphen. Stateless.
/// </summary>
internal static class KafkaEnvironment
{
    private const string Prefix = "KAFKA_";

    /// <summary>Variables of scripts, images and orchestrators that happen to have the prefix.</summary>
    private static readonly string[] NotKeys =
    [
        "KAFKA_HOME", "KAFKA_VERSION", "KAFKA_DEBUG", "KAFKA_CLASSPATH", "KAFKA_LOG4J_CONFIG", "KAFKA_JMX_PORT", "KAFKA_JMX_HOSTNAME",
        "KAFKA_CLUSTER_ID", "KAFKA_MODE", "KAFKA_TOOLS_LOG4J_LOGLEVEL", "KAFKA_LOG4J_ROOT_LOGLEVEL", "KAFKA_LOG4J_LOGGERS", "KAFKA_LIBS",
    ];

    /// <summary>The key that a variable stands for; null when it stands for none.</summary>
    public static string? KeyOf(string variable)
    {
        if (!variable.StartsWith(Prefix, StringComparison.Ordinal) || variable.Length == Prefix.Length
            || variable.EndsWith("_OPTS", StringComparison.Ordinal)
            // Kubernetes tells every pod about a service that is called kafka.
            || variable.AsSpan().StartsWith("KAFKA_SERVICE_") || variable.AsSpan().StartsWith("KAFKA_PORT")
            || NotKeys.Contains(variable))
        {
            return null;
        }

        var key = new StringBuilder(variable.Length);
        for (var i = Prefix.Length; i < variable.Length; i++)
        {
            if (variable[i] != '_')
            {
                key.Append(char.ToLowerInvariant(variable[i]));
                continue;
            }

            var run = 1;
            while (run < 3 && i + 1 < variable.Length && variable[i + 1] == '_')
            {
                run++;
                i++;
            }

            key.Append(run switch { 1 => '.', 2 => '_', _ => '-' });
        }

        return key.ToString();
    }
}
