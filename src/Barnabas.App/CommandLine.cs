using System.CommandLine;

namespace Barnabas.App;

/// <summary>
/// The whole command line, for help, for what is wrong with a call, and for every command but a plain <c>start</c>. Stateless.
/// </summary>
internal static class CommandLine
{
    /// <summary>Runs the command; the exit code of the process.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Barnabas: Apache Kafka's protocol, files and quorum in one program.") { Start(), Version() };
        root.Add(Help(root));
        return root.Parse(args).Invoke();
    }

    private static Command Start()
    {
        var file = new Argument<string?>("server.properties")
        {
            Description = "Kafka's configuration file; without one, the defaults of a single node",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var data = new Option<string?>("--data") { Description = "The data directory; ./data by default", HelpName = "DIR" };
        var listen = new Option<string?>("--listen")
        {
            Description = "Where clients connect; 127.0.0.1:9092 by default. The controller takes the next port; 0 takes free ports",
            HelpName = "HOST:PORT",
        };
        var config = new Option<string[]>("--config")
        {
            Description = "Sets a key of the configuration; may be repeated",
            HelpName = "KEY=VALUE",
        };
        config.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (token.Value.IndexOf('=') < 1)
                {
                    result.AddError($"--config {token.Value}: expected KEY=VALUE");
                }
            }
        });
        var verbose = new Option<bool>("--verbose") { Description = "Logs everything, with stack traces" };
        var quiet = new Option<bool>("--quiet") { Description = "Logs warnings and errors only" };
        var allowPublic = new Option<bool>("--insecure-allow-public")
        {
            Description = "Lets listeners without authentication be open to other machines",
        };
        var start = new Command("start", "Runs a broker and its controller in the foreground, until SIGTERM or SIGINT")
        {
            file, data, listen, config, verbose, quiet, allowPublic,
        };
        start.SetAction(parsed => StartCommand.Run(new StartArguments(
            parsed.GetValue(file), parsed.GetValue(data), parsed.GetValue(listen), Pairs(parsed.GetValue(config)),
            parsed.GetValue(verbose), parsed.GetValue(quiet), parsed.GetValue(allowPublic)), BrokerStarter.Start));
        return start;
    }

    private static Command Version()
    {
        var version = new Command("version", "Prints the version");
        version.SetAction(_ => Console.Out.WriteLine($"barnabas {ProgramVersion.Text}"));
        return version;
    }

    private static Command Help(RootCommand root)
    {
        var topic = new Argument<string[]>("command") { Arity = ArgumentArity.ZeroOrMore };
        var help = new Command("help", "Explains a command") { topic };
        help.SetAction(parsed => root.Parse([.. parsed.GetValue(topic) ?? [], "--help"]).Invoke());
        return help;
    }

    private static List<KeyValuePair<string, string>> Pairs(string[]? settings) =>
        [.. (settings ?? []).Select(setting => setting.Split('=', 2)).Select(parts => KeyValuePair.Create(parts[0], parts[1]))];
}
