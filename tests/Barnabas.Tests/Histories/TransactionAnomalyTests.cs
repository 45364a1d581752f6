using Barnabas.Histories.Model;

namespace Barnabas.Tests.Histories;

/// <summary>For each anomaly of transactions a history that has it, and one that comes near and does not.</summary>
public sealed class TransactionAnomalyTests
{
    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "AbortedReads")]
    public void An_aborted_record_is_for_readers_of_everything_only(bool isCommitted, string anomalies) => Assert.Equal(
        isCommitted ? $"{anomalies} ChangedRecords" : anomalies,
        Sent().Reader("r", committed: isCommitted).Poll("r", "a-0", "0:x").Abort("p", "t1")
            .Final("a-0", "0:x", "").Final("b-0", "0:y", "").Anomalies());

    [Fact]
    public void An_aborted_record_does_not_become_readable() => Assert.Equal("AbortedReads TornTransactions",
        Sent().Abort("p", "t1").Final("a-0", "0:x", "0:x").Final("b-0", "0:y", "").Anomalies());

    [Fact]
    public void A_transaction_that_nobody_asked_to_commit_is_aborted() => Assert.Equal("AbortedReads",
        Sent().Final("a-0", "0:x").Final("b-0", "0:y").Anomalies());

    [Theory]
    [InlineData(Outcome.Failed, "AbortedReads")]
    [InlineData(Outcome.Unknown, "")]
    public void A_record_that_was_never_sent_is_read_by_nobody(Outcome sent, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p").Send("p", "x", "a-0", result: sent).Reader("r", committed: false).Poll("r", "a-0", "0:x")
            .Final("a-0", "0:x").Anomalies());

    [Theory]
    [InlineData(false, true, "DirtyReads")]
    [InlineData(false, false, "")]
    [InlineData(true, true, "")]
    public void An_undecided_record_is_not_for_readers_of_committed_ones(bool isAfter, bool isCommitted, string anomalies)
    {
        var history = Sent().Reader("r", committed: isCommitted);
        history = isAfter
            ? history.Commit("p", "t1").Poll("r", "a-0", "0:x")
            : history.Poll("r", "a-0", "0:x").Commit("p", "t1");
        Assert.Equal(anomalies, history.Final("a-0", "0:x").Final("b-0", "0:y").Anomalies());
    }

    [Theory]
    [InlineData("0:x", "0:y", "")]
    [InlineData("", "", "")]
    [InlineData("0:x", "", "TornTransactions")]
    public void A_commit_without_an_answer_is_for_all_partitions_or_none(string a, string b, string anomalies) => Assert.Equal(anomalies,
        Sent().Commit("p", "t1", Outcome.Unknown).Final("a-0", "0:x", a).Final("b-0", "0:y", b).Anomalies());

    [Theory]
    [InlineData("0:x", "0:y", "")]
    [InlineData("", "", "LostWrites")]
    [InlineData("", "0:y", "LostWrites TornTransactions")]
    public void A_commit_with_an_answer_is_for_all_partitions(string a, string b, string anomalies) => Assert.Equal(anomalies,
        Sent().Commit("p", "t1").Final("a-0", "0:x", a).Final("b-0", "0:y", b).Anomalies());

    [Theory]
    [InlineData(9, "")]
    [InlineData(4, "HangingTransactions")]
    public void Nothing_is_undecided_in_the_end(long position, string anomalies) => Assert.Equal(anomalies,
        new HandMade().Producer("p").Send("p", "x", "a-0", 0).Final("a-0", "0:x", position: position).Anomalies());

    [Fact]
    public void What_a_hanging_transaction_hides_is_not_called_lost_too() => Assert.Equal("HangingTransactions",
        Sent().Commit("p", "t1").Final("a-0", "0:x").Final("b-0", "0:y", "", position: 0).Anomalies());

    [Theory]
    [InlineData(Outcome.Ok, "LostWrites ZombieWrites")]
    [InlineData(Outcome.Unknown, "")]
    public void Whoever_was_fenced_commits_nothing(Outcome commit, string anomalies) => Assert.Equal(anomalies,
        Sent().Producer("p2", "t").Init("p2").Commit("p", "t1", commit).Final("a-0", "0:x", "").Final("b-0", "0:y", "").Anomalies());

    [Fact]
    public void What_a_fenced_producer_asks_to_commit_is_aborted() => Assert.Equal("AbortedReads",
        Sent().Producer("p2", "t").Init("p2").Commit("p", "t1", Outcome.Unknown).Final("a-0", "0:x").Final("b-0", "0:y").Anomalies());

    [Theory]
    [InlineData("0:c", 1, "")]
    [InlineData("", 0, "")]
    [InlineData("", 1, "LostWrites")]
    [InlineData("0:c", 0, "TornTransactions")]
    public void A_copy_is_there_if_and_only_if_its_offset_is_committed(string copies, long committed, string anomalies)
    {
        var history = new HandMade().Producer("p").Send("p", "x", "a-0", 0).Producer("c", "t", group: "g").Init("c")
            .Send("c", "c", "b-0", 0, "t1", "a-0@0").AddOffset("c", "t1", "g", "a-0", 1).Commit("c", "t1", Outcome.Unknown)
            .Producer("admin");
        history = committed == 0 ? history.CommitOffset("admin", "g", "a-0", 0) : history;
        Assert.Equal(anomalies,
            history.Committed("admin", "g", "a-0", committed).Final("a-0", "0:x").Final("b-0", "0:c", copies).Anomalies());
    }

    [Fact]
    public void A_record_is_copied_once() => Assert.Equal("Duplicates",
        new HandMade().Producer("p").Send("p", "x", "a-0", 0).Producer("c", "t", group: "g").Init("c")
            .Send("c", "c", "b-0", 0, "t1", "a-0@0").AddOffset("c", "t1", "g", "a-0", 1).Commit("c", "t1")
            .Send("c", "d", "b-0", 1, "t2", "a-0@0").AddOffset("c", "t2", "g", "a-0", 1).Commit("c", "t2")
            .Committed("c", "g", "a-0", 1).Final("a-0", "0:x").Final("b-0", "0:c 1:d").Anomalies());

    /// <summary>A transaction of two records that were acknowledged.</summary>
    private static HandMade Sent() =>
        new HandMade().Producer("p", "t").Init("p").Send("p", "x", "a-0", 0, "t1").Send("p", "y", "b-0", 0, "t1");
}
