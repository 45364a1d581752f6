using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Messages;
using Barnabas.Simulation.Checkers;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Workloads;

/// <summary>A member of a group: looks for the coordinator first, then asks it for one thing at a time. Owned by the world.</summary>
internal abstract class MemberClient(SimWorld world, string name, string group, Randomness workload) : SimClient(world, name, workload)
{
    private bool _knowsCoordinator;

    /// <inheritdoc/>
    public override bool IsDone => !Waits;

    /// <summary>True while a request is under way.</summary>
    protected bool Waits { get; private set; }

    /// <summary>Who it says it is, for the trace.</summary>
    protected abstract string Identity { get; }

    /// <inheritdoc/>
    protected override void Act()
    {
        if (Waits || World.IsHealing)
        {
            return;
        }

        if (!_knowsCoordinator)
        {
            Ask<FindCoordinatorResponse>(
                new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [group] }, 4,
                reply => _knowsCoordinator = Heed(reply.Coordinators[0].ErrorCode, "finding the coordinator"));
        }
        else
        {
            ActAsMember();
        }
    }

    /// <summary>Takes its turn; the coordinator is known and nothing under way.</summary>
    protected abstract void ActAsMember();

    /// <inheritdoc/>
    protected override void OnDisconnected() => Waits = false;

    /// <summary>Asks for something.</summary>
    protected void Ask<TResponse>(IMessage request, short version, Action<TResponse> done, bool repeatable = false)
        where TResponse : IMessage<TResponse>
    {
        Waits = true;
        Call<TResponse>(request, version, reply =>
        {
            Waits = false;
            done(reply);
        }, repeatable);
    }

    /// <summary>Does what client libraries do about an error. True for no error.</summary>
    protected bool Heed(ErrorCode error, string what)
    {
        World.Trace.Say(World.Clock.MonotonicUs, $"{Name}: {error} for {what} {Identity}");
        switch (error)
        {
            case ErrorCode.None:
                return true;
            case ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress:
                _knowsCoordinator = false;
                break;
            case ErrorCode.RequestTimedOut:
                break;
            default:
                ViolationException.Unless(HeedAsMember(error), $"{Name}: {error} for {what}");
                break;
        }

        return false;
    }

    /// <summary>Joins again, as who one is or as somebody new. False for an error that nobody may be told.</summary>
    protected abstract bool HeedAsMember(ErrorCode error);
}
