using Barnabas.Broker.Network;
using Barnabas.Cluster.Groups;
using Barnabas.Messages;

namespace Barnabas.Broker.Coordinators;

/// <summary>
/// A request on its way through one coordinator or several. Owned by the loop that the request came on until the first operation is
/// submitted; from then on any loop of a coordinator reports to it.
/// </summary>
internal sealed class CoordinatorCall
{
    private readonly Request _request;
    private readonly Func<IMessage>? _join;
    private int _unsubmitted;
    private int _unanswered;
    private IMessage? _answer;

    /// <summary>A request of some operations.</summary>
    /// <param name="request">To be completed with the last answer.</param>
    /// <param name="operations">How many will be submitted, at least one.</param>
    /// <param name="join">Makes one response of many answers; null where the one answer is the response.</param>
    public CoordinatorCall(Request request, int operations = 1, Func<IMessage>? join = null)
    {
        _request = request;
        _join = join;

        // Whoever comes last of the answers and the submission completes, so that Applied never comes after the reply.
        _unsubmitted = operations;
        _unanswered = operations + 1;
    }

    /// <summary>Who asks.</summary>
    public static GroupCaller CallerOf(Request request) => new(
        System.Text.Encoding.UTF8.GetString(request.ClientId), "/" + request.Connection.RemoteEndPoint.Address, request.ApiVersion);

    /// <summary>One operation has its answer. Any thread.</summary>
    public void Answer(IMessage answer)
    {
        _answer = answer;
        Answered();
    }

    /// <summary>One operation has its answer, which its maker keeps for the join. Any thread.</summary>
    public void Answered()
    {
        if (Interlocked.Decrement(ref _unanswered) == 0)
        {
            _request.Complete(_join is null ? _answer! : _join());
        }
    }

    /// <summary>
    /// One operation has been decided or refused: when all are, the connection's next request may take effect, whether they are answered or
    /// wait. Any thread.
    /// </summary>
    public void Submitted()
    {
        if (Interlocked.Decrement(ref _unsubmitted) > 0)
        {
            return;
        }

        if (Volatile.Read(ref _unanswered) > 1)
        {
            _request.Applied();
        }

        Answered();
    }
}
