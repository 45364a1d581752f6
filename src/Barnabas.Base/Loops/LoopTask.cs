namespace Barnabas.Base.Loops;

/// <summary>
/// Something for a loop to do. The task is the queue's own node, so that posting allocates nothing: a task may be in one queue at a time,
/// and its maker may use it again once <see cref="Run"/> has begun.
/// </summary>
public abstract class LoopTask
{
    internal LoopTask? Next;

    /// <summary>What the watchdog calls it when it ran for too long.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Runs on the loop that the task was posted to, to completion.</summary>
    public abstract void Run();
}

/// <summary>A task made from a delegate, for paths that are not hot.</summary>
public sealed class ActionTask(Action action) : LoopTask
{
    /// <inheritdoc/>
    public override void Run() => action();
}
