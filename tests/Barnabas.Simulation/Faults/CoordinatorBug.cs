namespace Barnabas.Simulation.Faults;

/// <summary>A bug of a coordinator that is planted at a seam, with the effect that it would have in the code.</summary>
internal enum CoordinatorBug
{
    None,

    /// <summary>A transaction's end is answered, and carried out, before the decision is committed.</summary>
    DecisionNotAwaited,

    /// <summary>A group's commit is answered before it is committed.</summary>
    CommitNotAwaited,

    /// <summary>The last of several partitions of a transaction gets no marker.</summary>
    MarkerSkipped,

    /// <summary>A coordinator that is loaded does not go on with what was decided.</summary>
    PreparedForgotten,

    /// <summary>The end of an aborted transaction does not raise the producer's epoch.</summary>
    EpochNotRaised,

    /// <summary>A transaction keeps the deadline of the one before.</summary>
    DeadlineKept,

    /// <summary>An end that was asked for once more is taken for done however it was done.</summary>
    EndTakenForDone,

    /// <summary>When a transaction began is not in the log.</summary>
    BeginNotLogged,

    /// <summary>An offset of a transaction counts at once.</summary>
    PendingOffsetVisible,

    /// <summary>A commit of an older generation or member epoch is taken.</summary>
    OldCommitTaken,

    /// <summary>A partition is given to a member before the one that has it has given it up.</summary>
    AssignedBeforeRevoked,

    /// <summary>A coordinator that is loaded does not wait for the members that it has found.</summary>
    SessionsNotStarted,

    /// <summary>Members of the classic protocol lose their work when their group becomes one of the consumer protocol.</summary>
    WorkLostInUpgrade,

    /// <summary>In a group of both protocols what a member of the classic one has is given away before it has joined again.</summary>
    ClassicMemberNotAwaited,

    /// <summary>A consumer group that becomes a classic one begins its generations anew.</summary>
    GenerationsBegunAnew,

    /// <summary>A producer whose epochs are used up keeps its id.</summary>
    ProducerIdKept,
}
