using System.Net.Sockets;
using Barnabas.App;
using Barnabas.Broker.Config;
using Barnabas.Log.Directories;

namespace Barnabas.Tests.App;

public sealed class StartupFaultsTests
{
    [Fact]
    public void A_fault_of_the_world_says_what_to_do()
    {
        var cause = new SocketException((int)SocketError.AddressAlreadyInUse);
        var inUse = new IOException("cannot listen on 127.0.0.1:9092: the port is in use", cause);
        Assert.Equal(
            "cannot listen on 127.0.0.1:9092: the port is in use; stop the program that has it, or choose another with --listen HOST:PORT",
            StartupFaults.Explain(inUse));
        Assert.Contains("the disk is full", StartupFaults.Explain(new IOException("write x", 28)));
        Assert.Contains("the right to write there", StartupFaults.Explain(new IOException("mkdir x", 13)));
        Assert.Contains("read-only", StartupFaults.Explain(new IOException("mkdir x", 30)));
        Assert.Contains("choose another directory", StartupFaults.Explain(new UnauthorizedAccessException("x")));
        Assert.Equal("said already", StartupFaults.Explain(new StartupException("said already")));
        Assert.Equal("no such directory", StartupFaults.Explain(new LogDirectoryException("no such directory")));
    }

    [Fact]
    public void A_bug_is_not_explained_away() => Assert.Null(StartupFaults.Explain(new InvalidOperationException("x")));
}
