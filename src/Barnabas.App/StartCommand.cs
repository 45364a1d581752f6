using System.Collections;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Text;
using Barnabas.Broker.Config;
using Barnabas.Broker.Logging;
using Barnabas.Broker.Worlds;

namespace Barnabas.App;

/// <summary><c>barnabas start</c>: runs a broker in the foreground until SIGTERM or SIGINT. Owned by the main thread.</summary>
internal static class StartCommand
{
    /// <summary>Runs until a signal; the exit code of the process.</summary>
    public static int Run(StartArguments arguments, StartBroker startBroker)
    {
        // What an earlier start compiled is compiled on a second thread, ahead of the first; the build leaves the list beside the program.
        ProfileOptimization.SetProfileRoot(AppContext.BaseDirectory);
        ProfileOptimization.StartProfile("start.profile");
        GarbageWatch.Start();
        var isJson = Console.IsOutputRedirected;
        var least = arguments.Verbose ? LogLevel.Debug : arguments.Quiet ? LogLevel.Warn : LogLevel.Info;
        var log = new OperatorLog(Console.OpenStandardOutput(), isJson, least);
        try
        {
            var config = ConfigLoader.Load(arguments.ToInputs(ReadEnvironment()));
            var broker = startBroker(config, log);
            return WaitForTheEnd(config, broker, log).GetAwaiter().GetResult();
        }
        catch (Exception fault) when (arguments.Verbose || StartupFaults.Explain(fault) is not null)
        {
            Complain(fault, arguments.Verbose);
            return 1;
        }
    }

    private static async Task<int> WaitForTheEnd(BrokerConfig config, StartedBroker broker, OperatorLog log)
    {
        var asked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnSignal(PosixSignalContext context)
        {
            // A second signal ends the process at once, in case that shutting down hangs.
            context.Cancel = asked.TrySetResult(context.Signal == PosixSignal.SIGINT ? "SIGINT" : "SIGTERM");
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        ReadyCard.Show(config, broker.Clients, ProcessAge.Ms(), log);
        if (log.IsOn(LogLevel.Debug))
        {
            var (methods, time) = (JitInfo.GetCompiledMethodCount(), JitInfo.GetCompilationTime());
            log.Debug("program", $"compiled {methods} methods in {time.TotalMilliseconds:F0} ms so far");
        }

        var first = await Task.WhenAny(asked.Task, broker.Failed).ConfigureAwait(false);
        if (first == broker.Failed)
        {
            throw await broker.Failed.ConfigureAwait(false);
        }

        log.Debug("program", $"{await asked.Task.ConfigureAwait(false)}: shutting down");
        await broker.StopAsync().ConfigureAwait(false);
        return 0;
    }

    private static List<KeyValuePair<string, string>> ReadEnvironment()
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            pairs.Add(new KeyValuePair<string, string>((string)variable.Key, (string?)variable.Value ?? ""));
        }

        return pairs;
    }

    private static void Complain(Exception fault, bool verbose)
    {
        var text = new StringBuilder();
        foreach (var line in (StartupFaults.Explain(fault) ?? fault.Message).Split('\n'))
        {
            text.Append("barnabas: ").Append(line).Append('\n');
        }

        if (verbose)
        {
            text.Append(fault).Append('\n');
        }

        using var output = Console.OpenStandardError();
        output.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
