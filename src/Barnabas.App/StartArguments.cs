using System.Diagnostics.CodeAnalysis;
using Barnabas.Broker.Config;

namespace Barnabas.App;

/// <summary>What <c>barnabas start</c> was told. Immutable.</summary>
/// <param name="File">The properties file; null for none.</param>
/// <param name="Data">From <c>--data</c>.</param>
/// <param name="Listen">From <c>--listen</c>.</param>
/// <param name="Settings">From <c>--config</c>, in order.</param>
/// <param name="Verbose">Whether everything is logged, stack traces included.</param>
/// <param name="Quiet">Whether only warnings and errors are logged.</param>
/// <param name="AllowPublic">From <c>--insecure-allow-public</c>.</param>
internal sealed record StartArguments(
    string? File = null,
    string? Data = null,
    string? Listen = null,
    IReadOnlyList<KeyValuePair<string, string>>? Settings = null,
    bool Verbose = false,
    bool Quiet = false,
    bool AllowPublic = false)
{
    /// <summary>
    /// Reads what follows <c>start</c>. False for anything that is not exactly right, and for a call for help: the full command line then
    /// says what is wrong.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<string> args, [NotNullWhen(true)] out StartArguments? parsed)
    {
        string? file = null, data = null, listen = null;
        bool verbose = false, quiet = false, allowPublic = false;
        var settings = new List<KeyValuePair<string, string>>();
        parsed = null;
        for (var i = 0; i < args.Length; i++)
        {
            // --name=value is --name value; the value of --config has an equals sign of its own.
            var name = args[i];
            string? value = null;
            if (name.StartsWith("--", StringComparison.Ordinal) && name.IndexOf('=') is > 0 and var at)
            {
                (name, value) = (name[..at], name[(at + 1)..]);
            }

            if (name is "--data" or "--listen" or "--config")
            {
                if (value is null && ++i == args.Length)
                {
                    return false;
                }

                value ??= args[i];
            }
            else if (value is not null)
            {
                return false;
            }

            switch (name)
            {
                case "--data" when value!.Length > 0:
                    data = value;
                    break;
                case "--listen":
                    listen = value;
                    break;
                case "--config" when value!.IndexOf('=') is > 0 and var equals:
                    settings.Add(new KeyValuePair<string, string>(value[..equals], value[(equals + 1)..]));
                    break;
                case "--verbose":
                    verbose = true;
                    break;
                case "--quiet":
                    quiet = true;
                    break;
                case "--insecure-allow-public":
                    allowPublic = true;
                    break;
                default:
                    if (name.StartsWith('-') || name.Length == 0 || file is not null)
                    {
                        return false;
                    }

                    file = name;
                    break;
            }
        }

        parsed = new StartArguments(file, data, listen, settings, verbose, quiet, allowPublic);
        return true;
    }

    /// <summary>The same as the configuration takes it, with the environment of this process.</summary>
    public ConfigInputs ToInputs(IEnumerable<KeyValuePair<string, string>> environment) => new()
    {
        File = File,
        Environment = environment,
        Flags = Settings ?? [],
        Data = Data,
        Listen = Listen,
        AllowPublic = AllowPublic,
    };
}
