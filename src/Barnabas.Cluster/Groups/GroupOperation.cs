using Barnabas.Base;
using Barnabas.Cluster.Groups.Records;
using Barnabas.Cluster.Machines;

namespace Barnabas.Cluster.Groups;

/// <summary>Something to decide in a group coordinator.</summary>
public abstract class GroupOperation : Operation<GroupCoordinator, GroupRecord>
{
    /// <summary>What is wrong with the request whatever the coordinator knows; None if nothing is. Any thread.</summary>
    public virtual ErrorCode Precheck(GroupConfig config) => ErrorCode.None;
}

/// <summary>What a coordinator decides of its own accord: an expired session, the end of a wait, offsets that are too old.</summary>
internal abstract class GroupChore : GroupOperation
{
    /// <inheritdoc/>
    public sealed override bool IsInternal => true;

    /// <summary>
    /// Nobody waits for it. A chore that failed to write is taken up again by the next timer, or by the next coordinator.
    /// </summary>
    protected override void Completed(ErrorCode error)
    {
    }
}

/// <summary>
/// What a client asks of a coordinator. Made on any thread, then owned by the coordinator's loop, on which it replies once.
/// </summary>
/// <typeparam name="TResponse">The response, or the part of it that this coordinator answers.</typeparam>
public abstract class GroupRequest<TResponse>(Action<TResponse> reply) : GroupOperation
    where TResponse : class
{
    /// <summary>What to answer once all is committed; null until decided.</summary>
    protected TResponse? Response { get; set; }

    /// <summary>The response that only says what went wrong.</summary>
    protected abstract TResponse Refusal(ErrorCode error);

    /// <summary>What the client is told for an error of the log.</summary>
    protected virtual ErrorCode Translate(ErrorCode error) => CoordinatorErrors.Of(error);

    /// <summary>
    /// Called when the records are committed and no answer was given when they were decided: gives it now, or null if another operation
    /// goes on with the request.
    /// </summary>
    protected virtual TResponse? Committed() => null;

    /// <summary>Called before the refusal, when the records could not be written or the coordinator is gone.</summary>
    protected virtual void NotWritten(ErrorCode error)
    {
    }

    /// <summary>Answers at once, whatever the operation waits for.</summary>
    internal void Answer(TResponse response)
    {
        if (!IsFinished)
        {
            Response = response;
            Finish(ErrorCode.None);
        }
    }

    /// <inheritdoc/>
    protected sealed override void Completed(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            NotWritten(error);
            reply(Refusal(Translate(error)));
        }
        else if ((Response ??= Committed()) is { } response)
        {
            reply(response);
        }
    }
}
