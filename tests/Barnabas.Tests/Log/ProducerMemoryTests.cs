using System.Buffers.Binary;
using Barnabas.Log.Producers;
using Barnabas.Protocol.Records;
using Barnabas.Tests.Network;

namespace Barnabas.Tests.Log;

/// <summary>Asks the whole process how much memory it holds.</summary>
[Collection(nameof(WholeProcess))]
public sealed class ProducerMemoryTests
{
    /// <summary>
    /// Most producers of a short life write one batch; 1 million of them in a row must not fill the memory. Those with an open transaction
    /// stay, whatever comes after them.
    /// </summary>
    [Fact]
    public void A_million_producers_that_come_and_go_take_bounded_memory()
    {
        var states = new ProducerStates();
        var bytes = LogFixture.Batch(1, new BatchOptions { ProducerId = 5, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true });
        ProducerTests.Note(states, bytes, 0);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        bytes = LogFixture.Batch(1, new BatchOptions { ProducerId = 0, ProducerEpoch = 0, BaseSequence = 0 });
        for (var i = 1; i < 1_000_000; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(43), 1000 + i);
            ProducerTests.Note(states, bytes, i);
        }

        Assert.InRange(states.Count, ProducerStates.ProducersMax / 2, ProducerStates.ProducersMax);

        // What tests before this one have let go of may still be given back: there is no lower bound.
        var bytesEach = (GC.GetTotalMemory(forceFullCollection: true) - before) / states.Count;
        Assert.True(bytesEach <= 200, $"{bytesEach} bytes each");
        Assert.Contains(states.Entries, e => e.ProducerId == 5);
        Assert.Contains(states.Entries, e => e.ProducerId == 1000 + 999_999);
        GC.KeepAlive(states);
    }
}
