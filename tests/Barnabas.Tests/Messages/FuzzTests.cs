using Barnabas.Base;
using Barnabas.Base.Bytes;
using Barnabas.Messages;
using Barnabas.Messages.Views;
using Barnabas.Messages.Wire;
using Xunit.Abstractions;

namespace Barnabas.Tests.Messages;

/// <summary>
/// Spoiled frames through the way that a connection decodes them: nothing but <see cref="MalformedException"/> or a message may come out,
/// and a malformed frame may not cost more memory than a few times its own size. BARNABAS_FUZZ_FRAMES says how many.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int QuickFrames = 100_000;
    private const int AllFrames = 2_000_000;
    private const int FreeBytes = 64 * 1024;

    /// <summary>What a message that is well formed may cost at most per byte: an empty struct of two bytes becomes an object.</summary>
    private const int ObjectBytesPerByte = 64;

    private readonly Dictionary<ApiKey, long> _bodies = [];
    private long _malformed;
    private long _clean;
    private double _dearest;

    [Fact]
    public void SpoiledFramesAreMalformedOrMessages() => Run(QuickFrames);

    [Fact, Trait("Category", "Slow")]
    public void MillionsOfSpoiledFramesAreMalformedOrMessages() => Run(TestSeed.Number("BARNABAS_FUZZ_FRAMES", AllFrames));

    [Fact]
    public void SpoiledResponsesAndRecordsAreMalformedOrMessages()
    {
        var random = new Random(TestSeed.Value);
        var mutator = new Mutator(random);
        for (var i = 0; i < QuickFrames; i++)
        {
            var line = GoldenLine.All[random.Next(GoldenLine.All.Count)];
            var bytes = mutator.Spoil(line.Bytes, 0, GoldenLine.All[random.Next(GoldenLine.All.Count)].Bytes);
            var walk = new ByteReader(bytes);
            var reader = new ByteReader(bytes);
            var walked = Ends(ref walk, (ref ByteReader r) => MessageWalk.Pass(MessageTable.Find(line.Schema)!, ref r, line.Version));
            var read = Ends(ref reader, (ref ByteReader r) => MessageTable.Read(line.Schema, ref r, line.Version));
            Assert.True(walked == read, $"{line.Title}: walked to {walked}, read to {read}: {Convert.ToHexStringLower(bytes)}");
        }
    }

    [Fact]
    public void TheDearestSmallFrameStaysWithinItsBound()
    {
        // Unknown tags cost much for their bytes: an array of one byte and an entry in a growing list for every three.
        var request = new StreamsGroupHeartbeatRequest
        {
            ActiveTasks = [], StandbyTasks = [], WarmupTasks = [],
            UnknownTags = [.. Enumerable.Range(100, 150).Select(tag => new UnknownTag((uint)tag, [1]))],
        };
        var body = MessageCodec.Encode(request, 0);
        Assert.InRange(body.Length, MessageCodec.TrustedBytes / 2, 2 * MessageCodec.TrustedBytes);
        using var writer = new ByteWriter();
        FrameCodec.WriteRequestHeader(writer, ApiKey.StreamsGroupHeartbeat, 0, 1, null);
        writer.WriteSpan(body.AsSpan(0, Math.Min(body.Length, MessageCodec.TrustedBytes) - 1));
        Decode(writer.Written.ToArray());
        Assert.Equal(1, _malformed);
    }

    [Fact]
    public void LargeMalformedFramesCostNothing()
    {
        var random = new Random(TestSeed.Value);
        foreach (var key in new[] { ApiKey.Metadata, ApiKey.OffsetCommit, ApiKey.CreateTopics, ApiKey.Produce, ApiKey.Fetch })
        {
            using var writer = new ByteWriter();
            FrameCodec.WriteRequestHeader(writer, key, ApiTable.Get(key).Highest, 1, null);
            random.NextBytes(writer.Take(1 << 20));
            for (var at = 40; at < 80; at++)
            {
                var frame = writer.Written.ToArray();
                new byte[] { 0xFF, 0xFF, 0x3F }.CopyTo(frame, at);   // a count near a million
                Decode(frame);
            }
        }
    }

    private void Run(int frames)
    {
        var random = new Random(TestSeed.Value);
        var mutator = new Mutator(random);
        var sound = SoundFrames(random);
        foreach (var frame in sound)
        {
            Decode(frame.Bytes);
        }

        Assert.Equal(sound.Count, _clean);
        _bodies.Clear();
        _clean = 0;
        for (var i = 0; i < frames; i++)
        {
            var (bytes, body) = sound[random.Next(sound.Count)];
            Decode(mutator.Spoil(bytes, body, sound[random.Next(sound.Count)].Bytes));
        }

        var bodies = _bodies.Values.Sum();
        output.WriteLine($"seed {TestSeed.Value}: {frames} frames, {bodies} reached a body, {_malformed} malformed, {_clean} messages");
        output.WriteLine($"a message cost {_dearest:F1} times its bytes at most");
        output.WriteLine(string.Join(", ", _bodies.OrderBy(api => api.Key).Select(api => $"{api.Key} {api.Value}")));
        Assert.True(bodies >= frames / 2, $"only {bodies} of {frames} reached a body");
        Assert.Equal(ApiTable.All.Length, _bodies.Count);
    }

    /// <summary>Frames of every API and version, as a client sends them, with where their bodies begin.</summary>
    private static List<(byte[] Bytes, int Body)> SoundFrames(Random random)
    {
        var frames = new List<(byte[], int)>();
        var made = new RandomMessage(random);
        var madeLarge = new RandomMessage(random, arrayMax: 40);
        foreach (var api in ApiTable.All)
        {
            var schema = ApiTable.RequestSchema(api.Key);
            for (var version = api.Lowest; version <= api.Highest; version++)
            {
                for (var i = 0; i < 10; i++)
                {
                    using var writer = new ByteWriter();
                    FrameCodec.WriteRequestHeader(writer, api.Key, version, i, i == 0 ? null : "fuzz");
                    var body = writer.Length;
                    writer.WriteSpan((i < 9 ? made : madeLarge).Next(schema, version));
                    frames.Add((writer.Written.ToArray(), body));
                }
            }
        }

        return frames;
    }

    private void Decode(byte[] frame)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var isMessage = false;
        try
        {
            isMessage = DecodeAsAConnectionDoes(frame);
        }
        catch (MalformedException)
        {
            _malformed++;
        }
        catch (Exception error)
        {
            Assert.Fail($"seed {TestSeed.Value}, frame {Convert.ToHexStringLower(frame)}: {error}");
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (isMessage)
        {
            _clean++;
            _dearest = Math.Max(_dearest, (double)allocated / frame.Length);
        }

        var allowed = (isMessage ? ObjectBytesPerByte : 4) * (long)frame.Length + FreeBytes;
        Assert.True(allocated <= allowed, $"seed {TestSeed.Value}: {allocated} bytes for {Convert.ToHexStringLower(frame)}");
    }

    private bool DecodeAsAConnectionDoes(byte[] frame)
    {
        var header = RequestDecoder.ReadHeader(frame);
        if (!header.IsSupported)
        {
            return false;
        }

        _bodies[header.Api.Key] = _bodies.GetValueOrDefault(header.Api.Key) + 1;
        switch (header.Api.Key)
        {
            case ApiKey.Produce:
                _ = ProduceRequestView.Parse(frame, header.BodyOffset, header.Version).EndOffset;
                break;
            case ApiKey.Fetch:
                _ = FetchRequestView.Parse(frame, header.BodyOffset, header.Version).EndOffset;
                break;
            default:
                RequestDecoder.ReadBody(frame, header);
                break;
        }

        return true;
    }

    private delegate void Reading(ref ByteReader reader);

    /// <summary>Where reading ends, -1 when the bytes are malformed.</summary>
    private static int Ends(ref ByteReader reader, Reading read)
    {
        try
        {
            read(ref reader);
            return reader.Position;
        }
        catch (MalformedException)
        {
            return -1;
        }
    }
}
