using Barnabas.Histories.Checks;
using Barnabas.Histories.Model;

namespace Barnabas.Tests.Histories;

public sealed class HistoryReaderTests
{
    private static readonly string[] Lines =
    [
        """{"op":"client","who":"p/1","from":0,"to":0,"idempotent":true,"transactionalId":"t"}""",
        """{"op":"send","who":"p/1","from":1,"to":5,"result":"ok","txn":"t1","partition":"a-0","value":"x","offset":3}""",
        """{"op":"commit","who":"p/1","from":6,"to":9,"result":"unknown","txn":"t1"}""",
        """{"op":"client","who":"r/1","from":0,"to":0,"group":"g","protocol":"eager","committed":true,"sessionMs":6,"pollIntervalMs":9}""",
        """{"op":"assigned","who":"r/1","from":2,"to":3,"partitions":["a-0"]}""",
        """{"op":"poll","who":"r/1","from":1,"to":12,"epoch":4,"partitions":["a-0"],"records":[{"p":"a-0","o":3,"v":"x"}]}""",
        """{"op":"commitOffsets","who":"r/1","from":13,"to":14,"result":"failed","group":"g","offsets":{"a-0":4}}""",
        """{"op":"final","who":"r/1","from":20,"to":21,"partition":"a-0","offset":5,"end":5,"records":[{"p":"a-0","o":3,"v":"x"}]}""",
        """{"op":"final","who":"r/1","from":20,"to":21,"committed":true,"partition":"a-0","offset":5,"end":5,"records":[]}""",
    ];

    [Fact]
    public void Every_field_is_read()
    {
        var history = HistoryReader.Read(Lines);
        Assert.Equal(Lines.Length, history.Entries.Count);
        Assert.Equal(Fate.Open, history.Transactions["t1"].Fate);
        Assert.Equal("x", history.All["a-0"].At(3));
        Assert.Equal(new Holding("r/1", "g", "a-0", 2, long.MaxValue, null, 4, 4), Assert.Single(history.Holdings));
        Assert.Equal(["ChangedRecords"], Checker.Find(history).Select(anomaly => anomaly.Kind));
    }

    [Theory]
    [InlineData("""{"op":"dance","who":"p/1"}""")]
    [InlineData("""{"op":"send","who":"p/1","colour":"red"}""")]
    [InlineData("""{"op":"send","who":"stranger/1"}""")]
    [InlineData("""{"op":"client","who":"p/1"}""")]
    public void What_is_no_history_is_refused(string line) => Assert.Throws<FormatException>(() => HistoryReader.Read([.. Lines, line]));

    [Fact]
    public void Every_check_is_in_the_list()
    {
        var checks = typeof(Checker).Assembly.GetTypes()
            .Where(type => type != typeof(Checker) && type.GetMethod("Find", [typeof(History)]) is not null);
        Assert.Equal(checks.Select(type => type.Name).Order(), Checker.Checks.Keys.Order());
    }
}
