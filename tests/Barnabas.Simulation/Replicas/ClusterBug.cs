namespace Barnabas.Simulation.Replicas;

/// <summary>A bug of replication, planted in what the simulation does in the place of the network: the campaign has to find it.</summary>
internal enum ClusterBug
{
    None,

    /// <summary>A new follower cuts its log to its high watermark, and asks nobody where the logs part (KIP-101).</summary>
    TruncatesToHighWatermark,

    /// <summary>The follower's last epoch is not compared with the leader's (KIP-279).</summary>
    DivergenceNotChecked,

    /// <summary>The leader does not look at the epoch in which a follower asks.</summary>
    FollowerEpochNotChecked,

    /// <summary>A follower takes an answer from another epoch for one of its own.</summary>
    LateAnswerTaken,

    /// <summary>A follower joins those in sync while the leader goes on without it.</summary>
    JoinsUnseen,

    /// <summary>Fewer in sync than the topic asks for are enough.</summary>
    MinimumNotAsked,

    /// <summary>A new leader tells its high watermark for the latest offset, before it knows what was committed.</summary>
    LatestTooEarly,

    /// <summary>A fetch that waits is not woken.</summary>
    LostWakeUp,

    /// <summary>An append for acks=all is answered before the high watermark has passed it.</summary>
    AcknowledgedByLeaderAlone,
}
