using System.Diagnostics;
using System.Text;

namespace Barnabas.Conformance.Support;

/// <summary>What a command that ran to its end left: exit code, standard output as bytes and standard error.</summary>
internal sealed record CommandResult(string Name, int ExitCode, byte[] Output, string Errors)
{
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Fails the test, with everything that was printed, unless the command succeeded.</summary>
    public CommandResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"{Name} ended with {ExitCode}\n{Tail(Text)}\n{Tail(Errors)}");
        return this;
    }

    private static string Tail(string text) => text.Length <= 4000 ? text : $"…{text[^4000..]}";
}

/// <summary>Runs commands to their end. Stateless.</summary>
internal static class Command
{
    /// <summary>Runs a command with the given standard input; after <paramref name="limitS"/> seconds the test fails.</summary>
    public static CommandResult Run(string program, IEnumerable<string> arguments, ReadOnlyMemory<byte> input = default, int limitS = 120)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = Path.GetTempPath(),
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var output = new MemoryStream();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        var errors = process.StandardError.ReadToEndAsync();
        var writing = Feed(process, input);
        if (!process.WaitForExit(TimeSpan.FromSeconds(limitS)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', start.ArgumentList)} did not end in {limitS} s\n{errors.Result}");
        }

        Task.WaitAll(reading, errors, writing);
        var name = $"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList)}";
        return new CommandResult(name, process.ExitCode, output.ToArray(), errors.Result);
    }

    private static async Task Feed(Process process, ReadOnlyMemory<byte> input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading all of its input; its exit code tells what that means.
        }
    }
}
