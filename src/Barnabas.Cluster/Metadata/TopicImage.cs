using System.Collections.Immutable;
using Barnabas.Base;

namespace Barnabas.Cluster.Metadata;

/// <summary>
/// One topic with its partitions, which are numbered from 0 without gaps. Immutable; a partition that a change leaves alone stays the same
/// object, so that a reference tells what changed.
/// </summary>
public sealed record TopicImage(string Name, Uuid Id, ImmutableArray<PartitionImage> Partitions)
{
    /// <summary>The partition, or null for a number that the topic does not have.</summary>
    public PartitionImage? Find(int partition) =>
        (uint)partition < (uint)Partitions.Length ? Partitions[partition] : null;
}

/// <summary>All topics, by id and by name. Immutable; any thread may read it.</summary>
public sealed class TopicsImage
{
    /// <summary>No topics.</summary>
    public static readonly TopicsImage Empty = new(
        PersistentMap<Uuid, TopicImage>.Empty(Comparer<Uuid>.Default), PersistentMap<string, TopicImage>.Empty(StringComparer.Ordinal), 0);

    private readonly PersistentMap<Uuid, TopicImage> _byId;
    private readonly PersistentMap<string, TopicImage> _byName;

    private TopicsImage(PersistentMap<Uuid, TopicImage> byId, PersistentMap<string, TopicImage> byName, int partitionCount)
    {
        _byId = byId;
        _byName = byName;
        PartitionCount = partitionCount;
    }

    public int Count => _byId.Count;

    /// <summary>Partitions of all topics.</summary>
    public int PartitionCount { get; }

    /// <summary>All topics in ordinal order of their names.</summary>
    public IEnumerable<TopicImage> All => _byName.Values;

    /// <summary>The topic of this id, or null.</summary>
    public TopicImage? Find(Uuid id) => _byId.Find(id);

    /// <summary>The topic of this name, or null.</summary>
    public TopicImage? Find(string name) => _byName.Find(name);

    /// <summary>The topics whose names are not below <paramref name="firstName"/>, in ordinal order.</summary>
    public IEnumerable<TopicImage> From(string firstName) => _byName.ValuesFrom(firstName);

    internal TopicsImage With(TopicImage topic)
    {
        var before = _byId.Find(topic.Id)?.Partitions.Length ?? 0;
        var count = PartitionCount - before + topic.Partitions.Length;
        return new TopicsImage(_byId.Set(topic.Id, topic), _byName.Set(topic.Name, topic), count);
    }

    internal TopicsImage Without(TopicImage topic) =>
        new(_byId.Remove(topic.Id), _byName.Remove(topic.Name), PartitionCount - topic.Partitions.Length);
}
