using Barnabas.Base;
using Barnabas.Protocol.Records;

namespace Barnabas.Tests.Protocol.Records;

/// <summary>Rows of the table in docs/internals/records.md, as Kafka 4.3.1 was seen to answer them.</summary>
public sealed class BatchFrameTests
{
    private static readonly byte[] Good = new RawBatch().ToArray();

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(60)]
    [InlineData(87)]
    public void A_batch_that_is_not_all_there_is_no_batch(int length) =>
        AssertRefused(ErrorCode.InvalidRecord, BatchFrame.Read(Good.AsSpan(0, length), 12));

    [Theory]
    [InlineData(13)]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_length_that_no_batch_has_fails_the_whole_request(int length)
    {
        var frame = BatchFrame.Read(new RawBatch { LengthError = length - (Good.Length - 12) }.ToArray(), 12);
        Assert.Equal(ErrorCode.CorruptMessage, frame.Error);
        Assert.True(frame.FailsRequest);
        Assert.Equal($"Record size {length} is less than the minimum record overhead (14)", frame.Message);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    public void A_magic_that_never_was_fails_the_whole_request(sbyte magic)
    {
        var frame = BatchFrame.Read(new RawBatch { Magic = magic }.ToArray().AsSpan(0, 17), 12);
        Assert.Equal(ErrorCode.CorruptMessage, frame.Error);
        Assert.True(frame.FailsRequest);
        Assert.Equal($"Invalid magic found in record: {magic}", frame.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Old_formats_are_refused(sbyte magic) =>
        AssertRefused(ErrorCode.InvalidRecord, BatchFrame.Read(new RawBatch { Magic = magic }.ToArray(), 12));

    [Theory]
    [InlineData(3, ErrorCode.UnsupportedCompressionType)]
    [InlineData(6, ErrorCode.UnsupportedCompressionType)]
    [InlineData(7, ErrorCode.None)]
    [InlineData(13, ErrorCode.None)]
    public void Zstd_needs_version_7(short version, ErrorCode error) =>
        Assert.Equal(error, BatchFrame.Read(new RawBatch { Attributes = 4, Body = [1], CrcError = 1 }.ToArray(), version).Error);

    [Fact]
    public void Two_batches_are_refused() =>
        AssertRefused(ErrorCode.InvalidRecord, BatchFrame.Read(new RawBatch { Tail = Good }.ToArray(), 12));

    [Fact]
    public void A_second_batch_of_a_wrong_length_or_magic_is_corrupt()
    {
        AssertRefused(ErrorCode.CorruptMessage, BatchFrame.Read(new RawBatch { Tail = new byte[20] }.ToArray(), 12));
        var tail = new RawBatch { Magic = 3 }.ToArray();
        AssertRefused(ErrorCode.CorruptMessage, BatchFrame.Read(new RawBatch { Tail = tail }.ToArray(), 12));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(61)]
    [InlineData(85)]
    public void The_start_of_a_second_batch_is_dropped(int length)
    {
        var frame = BatchFrame.Read(new RawBatch { Tail = Good[..length] }.ToArray(), 12);
        Assert.Equal(ErrorCode.None, frame.Error);
        Assert.Equal(Good.Length, frame.SizeBytes);
    }

    [Fact]
    public void Transactions_are_seen_even_in_a_batch_that_is_refused()
    {
        Assert.True(BatchFrame.Read(new RawBatch { Attributes = 0x10 }.ToArray(), 12).IsTransactional);
        Assert.True(BatchFrame.Read(new RawBatch { Attributes = 0x10, Tail = Good }.ToArray(), 12).IsTransactional);
        Assert.False(BatchFrame.Read(Good, 12).IsTransactional);
    }

    private static void AssertRefused(ErrorCode error, BatchFrame frame)
    {
        Assert.Equal(error, frame.Error);
        Assert.False(frame.FailsRequest);
        Assert.Null(frame.Message);
    }
}
