using Barnabas.Base;

namespace Barnabas.Cluster.Machines;

/// <summary>Something that a coordinator decides, for a client or of its own accord.</summary>
/// <typeparam name="TMachine">The coordinator.</typeparam>
/// <typeparam name="TRecord">Its records.</typeparam>
/// <typeparam name="TConfig">Its limits and times.</typeparam>
public abstract class CoordinatorOperation<TMachine, TRecord, TConfig> : Operation<TMachine, TRecord>
    where TMachine : class, IMachine<TRecord>
{
    /// <summary>
    /// What is wrong with the request whatever the coordinator knows; None if nothing is. Asked for once, before the operation is
    /// submitted. Any thread.
    /// </summary>
    public virtual ErrorCode Precheck(TConfig config) => ErrorCode.None;
}

/// <summary>What a coordinator decides of its own accord: an expired session, the end of a wait, what is too old.</summary>
/// <inheritdoc cref="CoordinatorOperation{TMachine,TRecord,TConfig}"/>
public abstract class CoordinatorChore<TMachine, TRecord, TConfig> : CoordinatorOperation<TMachine, TRecord, TConfig>
    where TMachine : class, IMachine<TRecord>
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
/// What is asked of a coordinator. Made on any thread, then owned by the coordinator's loop, on which it replies once.
/// </summary>
/// <inheritdoc cref="CoordinatorOperation{TMachine,TRecord,TConfig}"/>
/// <typeparam name="TResponse">The answer, or the part of it that this coordinator gives.</typeparam>
public abstract class CoordinatorRequest<TMachine, TRecord, TConfig, TResponse>(Action<TResponse> reply)
    : CoordinatorOperation<TMachine, TRecord, TConfig>
    where TMachine : class, IMachine<TRecord>
    where TResponse : class
{
    /// <summary>What to answer once all is committed; null until decided.</summary>
    protected TResponse? Response { get; set; }

    /// <summary>The answer that only says what went wrong.</summary>
    protected abstract TResponse Refusal(ErrorCode error);

    /// <summary>What the client is told for an error of the log.</summary>
    protected virtual ErrorCode Translate(ErrorCode error) => CoordinatorErrors.Of(error);

    /// <summary>The records are committed: what follows from them, before the answer.</summary>
    protected virtual void Committed()
    {
    }

    /// <summary>
    /// The answer of an operation that had none when it was decided, now that its records are committed; null if another operation goes on
    /// with the request.
    /// </summary>
    protected virtual TResponse? LateAnswer() => null;

    /// <summary>Called before the refusal, when the records could not be written or the coordinator is gone.</summary>
    protected virtual void NotWritten(ErrorCode error)
    {
    }

    /// <summary>Answers with an error once all that it rests on is committed.</summary>
    protected void Refuse(ErrorCode error) => Response = Refusal(error);

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
            return;
        }

        Committed();
        if ((Response ??= LateAnswer()) is { } response)
        {
            reply(response);
        }
    }
}
