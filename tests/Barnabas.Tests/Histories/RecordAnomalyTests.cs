using Barnabas.Histories.Model;

namespace Barnabas.Tests.Histories;

/// <summary>For each anomaly of records in partitions a history that has it, and one that comes near and does not.</summary>
public sealed class RecordAnomalyTests
{
    [Theory]
    [InlineData("0:x 1:y", "")]
    [InlineData("1:y", "LostWrites")]
    [InlineData("0:y 1:x", "LostWrites Reordering")]
    public void A_record_that_was_acknowledged_stays_at_its_offset(string log, string anomalies) =>
        Assert.Equal(anomalies, TwoRecords().Final("a-0", log).Anomalies());

    [Theory]
    [InlineData("0:x 1:y")]
    [InlineData("0:y")]
    public void A_record_that_was_not_acknowledged_may_be_there_or_not(string log) =>
        Assert.Equal("", new HandMade().Producer("p").Send("p", "x", "a-0").Send("p", "y", "a-0").Final("a-0", log).Anomalies());

    [Theory]
    [InlineData(true, "Duplicates")]
    [InlineData(false, "")]
    public void A_record_is_there_once_where_its_producer_is_idempotent(bool isIdempotent, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p", idempotent: isIdempotent).Send("p", "x", "a-0", 0).Final("a-0", "0:x 3:x").Anomalies());

    [Theory]
    [InlineData(true, "Reordering")]
    [InlineData(false, "")]
    public void Records_stand_in_order_where_their_producer_is_idempotent(bool isIdempotent, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p", idempotent: isIdempotent).Send("p", "x", "a-0", 4).Send("p", "y", "a-0").Final("a-0", "3:y 4:x")
            .Anomalies());

    [Theory]
    [InlineData("0:x", "")]
    [InlineData("0:y", "ChangedRecords")]
    [InlineData("", "ChangedRecords")]
    public void What_was_seen_at_an_offset_stays_there(string log, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p").Send("p", "x", "a-0").Send("p", "y", "a-0").Reader("r").Poll("r", "a-0", "0:x").Final("a-0", log)
            .Anomalies());

    [Theory]
    [InlineData("a-0", "")]
    [InlineData("a-1", "ChangedRecords")]
    public void Nothing_appears_that_nobody_sent_there(string sentTo, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p").Send("p", "x", sentTo).Final("a-0", "0:x").Final("a-1", "").Anomalies());

    [Theory]
    [InlineData("0:x 1:y", "")]
    [InlineData("0:x 1:y 0:x", "NonMonotonicPolls")]
    [InlineData("0:x 0:x 1:y", "NonMonotonicPolls")]
    public void A_reader_never_goes_back(string poll, string anomalies) => Assert.Equal(anomalies,
        TwoRecords().Reader("r").Poll("r", "a-0", poll).Final("a-0", "0:x 1:y").Anomalies());

    [Fact]
    public void A_reader_goes_back_of_its_own_accord_and_when_it_is_assigned_a_partition_again() => Assert.Equal("",
        TwoRecords().Reader("r").Poll("r", "a-0", "0:x 1:y").Seek("r", "a-0", 0).Poll("r", "a-0", "0:x")
            .Reader("m", "g").Callback(Operation.Assigned, "m", "a-0").Poll("m", "a-0", "0:x").Callback(Operation.Lost, "m", "a-0")
            .Callback(Operation.Assigned, "m", "a-0").Poll("m", "a-0", "0:x 1:y").Final("a-0", "0:x 1:y").Anomalies());

    [Theory]
    [InlineData("0:x 1:y 2:z", "")]
    [InlineData("0:x 2:z", "SkippedRecords")]
    [InlineData("1:y 2:z", "SkippedRecords")]
    public void A_reader_gets_every_record(string poll, string anomalies) => Assert.Equal(anomalies,
        TwoRecords().Send("p", "z", "a-0", 2).Reader("r", committed: false).Seek("r", "a-0", 0).Poll("r", "a-0", poll)
            .Final("a-0", "0:x 1:y 2:z").Anomalies());

    [Theory]
    [InlineData(Outcome.Unknown, "")]
    [InlineData(Outcome.Failed, "SkippedRecords")]
    public void A_member_begins_no_further_than_its_group_may_have_committed(Outcome commit, string anomalies) => Assert.Equal(anomalies,
        TwoRecords().Reader("m", "g").CommitOffset("m", "g", "a-0", 1, commit).Callback(Operation.Assigned, "m", "a-0")
            .Poll("m", "a-0", "1:y").Final("a-0", "0:x 1:y").Anomalies());

    private static HandMade TwoRecords() => new HandMade().Producer("p").Send("p", "x", "a-0", 0).Send("p", "y", "a-0", 1);
}
