using System.Net.Sockets;
using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Conformance.Support;

namespace Barnabas.Conformance.Faults.Load;

/// <summary>
/// Who works on the broker until it is gone, and knows what it was told. In a round its own thread runs <see cref="Run"/>, and others read
/// the counts; between rounds it belongs to the test.
/// </summary>
internal abstract class LoadActor(string name, Randomness random)
{
    private long sent;
    private long answered;
    private bool isPowerOff;

    public string Name => name;

    protected Randomness Random => random;

    /// <summary>Requests of this round.</summary>
    public long Sent => Volatile.Read(ref sent);

    /// <summary>Requests of this round that were answered.</summary>
    public long Answered => Volatile.Read(ref answered);

    /// <summary>What ended the work though it should not have.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>A round begins; before <see cref="Run"/>, so that nobody takes the last round's counts for this one's.</summary>
    public void Reset()
    {
        Volatile.Write(ref sent, 0);
        Volatile.Write(ref answered, 0);
    }

    /// <summary>
    /// From now on an answer is none: a sync that ext4's shutdown meets on its way may succeed though its bytes are gone, which no loss of
    /// power does. Set before the cut and taken back when the round has ended.
    /// </summary>
    public void PowerIsOff(bool isOff) => Volatile.Write(ref isPowerOff, isOff);

    /// <summary>Works until the broker is gone.</summary>
    public void Run(int port)
    {
        try
        {
            using var connection = new MessageConnection(port);
            Work(connection);
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException or BrokerGoneException)
        {
            // What is unanswered now may have been done or not.
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    /// <summary>
    /// Looks whether the broker, which has come back, still knows what it had acknowledged; what nobody knew is known now.
    /// </summary>
    /// <exception cref="LossException">It does not.</exception>
    public abstract void Verify(MessageConnection connection, Promise promise);

    /// <summary>Sends requests and takes answers for ever.</summary>
    protected abstract void Work(MessageConnection connection);

    protected void HasSent() => Volatile.Write(ref sent, Sent + 1);

    protected void HasAnswer() => Volatile.Write(ref answered, Answered + 1);

    /// <summary>Ends the work when the broker is going; anything else but success fails the test.</summary>
    protected void CheckDone(ErrorCode error, string what)
    {
        if (Volatile.Read(ref isPowerOff))
        {
            throw new BrokerGoneException($"{name}: {what} came when the power was off");
        }

        BrokerGoneException.Check(error, $"{name}: {what}");
    }
}

/// <summary>The broker says that it cannot serve any more.</summary>
internal sealed class BrokerGoneException(string message) : Exception(message)
{
    /// <summary>What a broker answers that is stopping, or has just come back: nothing was done, or nobody can tell.</summary>
    private static readonly HashSet<ErrorCode> Codes =
    [
        ErrorCode.NotLeaderOrFollower, ErrorCode.NotController, ErrorCode.NotCoordinator, ErrorCode.CoordinatorNotAvailable,
        ErrorCode.CoordinatorLoadInProgress, ErrorCode.KafkaStorageError, ErrorCode.RequestTimedOut, ErrorCode.BrokerNotAvailable,
        ErrorCode.LeaderNotAvailable,
    ];

    /// <summary>Nothing for success; this when the broker is going; anything else fails the test.</summary>
    public static void Check(ErrorCode error, string what)
    {
        if (Codes.Contains(error))
        {
            throw new BrokerGoneException($"{what}: {error}");
        }

        LossException.Unless(error == ErrorCode.None, $"{what}: {error}");
    }
}

/// <summary>Something acknowledged is missing, or something is there that must not be.</summary>
internal sealed class LossException(string message) : Exception(message)
{
    public static void Unless(bool condition, string message)
    {
        if (!condition)
        {
            throw new LossException(message);
        }
    }
}
