using Barnabas.Histories.Model;

namespace Barnabas.Tests.Histories;

/// <summary>For each anomaly of groups a history that has it, and one that comes near and does not.</summary>
public sealed class GroupAnomalyTests
{
    private const string P = "a-0";

    [Theory]
    [InlineData(3, "")]
    [InlineData(5, "")]
    [InlineData(2, "OffsetRegressions")]
    public void A_committed_offset_never_falls(long read, string anomalies) => Assert.Equal(anomalies,
        Members().CommitOffset("m", "g", P, 2).CommitOffset("m", "g", P, 5, Outcome.Unknown).CommitOffset("m", "g", P, 3)
            .Committed("n", "g", P, read).Anomalies());

    [Theory]
    [InlineData(2, "")]
    [InlineData(3, "DirtyReads")]
    public void Nobody_reads_an_offset_that_nobody_committed(long read, string anomalies) => Assert.Equal(anomalies,
        Members().CommitOffset("m", "g", P, 2).CommitOffset("m", "g", P, 3, Outcome.Failed).Committed("n", "g", P, read).Anomalies());

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "DirtyReads")]
    public void An_offset_of_a_transaction_is_read_after_its_commit(bool isAfter, string anomalies)
    {
        var history = Members().Producer("c", "t", group: "h").Init("c").AddOffset("c", "t1", "h", P, 7);
        history = isAfter ? history.Commit("c", "t1").Committed("n", "h", P, 7) : history.Committed("n", "h", P, 7).Commit("c", "t1");
        Assert.Equal(anomalies, history.Final(P, "").Anomalies());
    }

    [Theory]
    [InlineData(5, "")]
    [InlineData(4, "OffsetRegressions")]
    public void The_end_of_a_partition_never_falls(long end, string anomalies) => Assert.Equal(anomalies,
        Members().End("m", P, 3).End("m", P, 5).End("n", P, end).Anomalies());

    [Theory]
    [InlineData("2:y", "")]
    [InlineData("1:x 2:y", "OffsetRegressions")]
    public void A_member_begins_where_its_group_had_come_to(string poll, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p").Send("p", "x", P, 1).Send("p", "y", P, 2).Reader("m", "g").CommitOffset("m", "g", P, 2)
            .Callback(Operation.Assigned, "m", P).Poll("m", P, poll, 1).Final(P, "1:x 2:y").Anomalies());

    [Theory]
    [InlineData(2, "")]
    [InlineData(1, "TwoOwners")]
    public void An_epoch_has_one_owner(int epoch, string anomalies) => Assert.Equal(anomalies,
        Members().Callback(Operation.Assigned, "m", P).Poll("m", P, "", 1).Callback(Operation.Lost, "m", P)
            .Callback(Operation.Assigned, "n", P).Poll("n", P, "", epoch).Anomalies());

    [Theory]
    [InlineData("i", "")]
    [InlineData("j", "TwoOwners")]
    public void A_static_member_that_comes_back_is_the_same_owner(string instance, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Reader("m", "g", instance: "i").Reader("n", "g", instance: instance)
            .Callback(Operation.Assigned, "m", P).Poll("m", P, "", 1).Callback(Operation.Revoked, "m", P)
            .Callback(Operation.Assigned, "n", P).Poll("n", P, "", 1).Anomalies());

    [Fact]
    public void An_epoch_that_an_owner_came_to_later_counts() => Assert.Equal("TwoOwners",
        Members().Callback(Operation.Assigned, "m", P).Poll("m", P, "", 1).Callback(Operation.Assigned, "n", P).Poll("n", P, "", 2)
            .Poll("m", P, "", 2).Callback(Operation.Lost, "m", P).Anomalies());

    [Theory]
    [InlineData(true, "TwoOwners")]
    [InlineData(false, "")]
    public void A_late_callback_that_its_member_does_not_believe_counts_for_nothing(bool has, string anomalies) => Assert.Equal(anomalies,
        Members().Callback(Operation.Assigned, "n", P).Poll("n", P, "", 2).Callback(Operation.Assigned, "m", P).Poll("m", P, "", 2, has)
            .Anomalies());

    [Theory]
    [InlineData("consumer", 0, "TwoOwners")]
    [InlineData("eager", 90_000, "TwoOwners")]
    [InlineData("consumer", 90_000, "")] // it was silent for so long that it may have been thrown out and be in the group again
    public void What_was_given_to_a_silent_member_may_be_of_its_earlier_membership(string protocol, long silent, string anomalies) =>
        Assert.Equal(anomalies, Members(protocol).Callback(Operation.Assigned, "n", P).Poll("n", P, "", 2).Wait(silent)
            .Callback(Operation.Assigned, "m", P).Poll("m", P, "", 2).Anomalies());

    [Theory]
    [InlineData(Outcome.Ok, "TwoOwners")]
    [InlineData(Outcome.Unknown, "")]
    public void Whoever_was_replaced_commits_nothing(Outcome commit, string anomalies) => Assert.Equal(anomalies,
        Members().Callback(Operation.Assigned, "m", P).Poll("m", P, "", 1).Callback(Operation.Assigned, "n", P).Poll("n", P, "", 2)
            .CommitOffset("m", "g", P, 2, commit).Callback(Operation.Lost, "m", P).Anomalies());

    [Theory]
    [InlineData(Operation.Revoked, "consumer", 0, "TwoOwners")]
    [InlineData(Operation.Revoked, "eager", 0, "TwoOwners")]
    [InlineData(Operation.Revoked, "cooperative", 0, "")] // its members assign, and one that missed a generation gives up late
    [InlineData(Operation.Lost, "consumer", 0, "")] // it was thrown out and did not know
    [InlineData(Operation.Revoked, "consumer", 90_000, "")] // it was silent for so long that it may have been thrown out
    public void Nobody_gets_what_a_live_member_still_has(Operation how, string protocol, long silent, string anomalies) =>
        Assert.Equal(anomalies, Members(protocol).Callback(Operation.Assigned, "m", P).Poll("m", P, "", 1).Wait(silent)
            .Callback(Operation.Assigned, "n", P).Poll("m", P, "", 1).Callback(how, "m", P).Poll("n", P, "", 2).Anomalies());

    [Fact]
    public void Whoever_closes_uses_nothing_any_more() => Assert.Equal("",
        Members().Callback(Operation.Assigned, "m", P).Callback(Operation.Closing, "m", P).Callback(Operation.Assigned, "n", P)
            .Callback(Operation.Revoked, "m", P).Anomalies());

    private static HandMade Members(string protocol = "consumer") => new HandMade().Reader("m", "g", protocol).Reader("n", "g", protocol);
}
