using System.Diagnostics.CodeAnalysis;

namespace Barnabas.Cluster.Metadata;

/// <summary>
/// An ordered map that never changes: a change makes a new map that shares all but O(log n) nodes with the old one. An AVL tree. Any
/// thread may read it.
/// </summary>
public sealed class PersistentMap<TKey, TValue>
    where TValue : class
{
    private readonly IComparer<TKey> _order;
    private readonly Node? _root;

    private PersistentMap(IComparer<TKey> order, Node? root, int count)
    {
        _order = order;
        _root = root;
        Count = count;
    }

    /// <summary>Entries in the map.</summary>
    public int Count { get; }

    /// <summary>All values, in the order of their keys.</summary>
    public IEnumerable<TValue> Values
    {
        get
        {
            foreach (var node in From(null))
            {
                yield return node.Value;
            }
        }
    }

    /// <summary>All entries, in the order of their keys.</summary>
    public IEnumerable<KeyValuePair<TKey, TValue>> Entries
    {
        get
        {
            foreach (var node in From(null))
            {
                yield return KeyValuePair.Create(node.Key, node.Value);
            }
        }
    }

    /// <summary>A map without entries.</summary>
    public static PersistentMap<TKey, TValue> Empty(IComparer<TKey> order) => new(order, null, 0);

    /// <summary>The value of a key, or null.</summary>
    public TValue? Find(TKey key)
    {
        var node = _root;
        while (node is not null)
        {
            var side = _order.Compare(key, node.Key);
            if (side == 0)
            {
                return node.Value;
            }

            node = side < 0 ? node.Left : node.Right;
        }

        return null;
    }

    /// <summary>True, with its value, when the key is there.</summary>
    public bool TryFind(TKey key, [NotNullWhen(true)] out TValue? value) => (value = Find(key)) is not null;

    /// <summary>The values of <paramref name="first"/> and of all keys behind it, in order.</summary>
    public IEnumerable<TValue> ValuesFrom(TKey first)
    {
        foreach (var node in From(new Start(first)))
        {
            yield return node.Value;
        }
    }

    /// <summary>A map that has the value under the key, instead of any before.</summary>
    public PersistentMap<TKey, TValue> Set(TKey key, TValue value)
    {
        var added = 1;
        var root = Set(_root, key, value, ref added);
        return new PersistentMap<TKey, TValue>(_order, root, Count + added);
    }

    /// <summary>A map without the key; the same map if it is not there.</summary>
    public PersistentMap<TKey, TValue> Remove(TKey key) =>
        Find(key) is null ? this : new PersistentMap<TKey, TValue>(_order, Remove(_root!, key), Count - 1);

    private static Node Balance(TKey key, TValue value, Node? left, Node? right)
    {
        var lean = Height(left) - Height(right);
        if (lean > 1)
        {
            return Height(left!.Left) >= Height(left.Right)
                ? Make(left, left.Left, Make(key, value, left.Right, right))
                : Make(left.Right!, Make(left, left.Left, left.Right!.Left), Make(key, value, left.Right.Right, right));
        }

        if (lean < -1)
        {
            return Height(right!.Right) >= Height(right.Left)
                ? Make(right, Make(key, value, left, right.Left), right.Right)
                : Make(right.Left!, Make(key, value, left, right.Left!.Left), Make(right, right.Left.Right, right.Right));
        }

        return Make(key, value, left, right);
    }

    private static Node Make(Node of, Node? left, Node? right) => Make(of.Key, of.Value, left, right);

    private static Node Make(TKey key, TValue value, Node? left, Node? right) =>
        new(key, value, left, right, Math.Max(Height(left), Height(right)) + 1);

    private static int Height(Node? node) => node?.Height ?? 0;

    private static Node? RemoveFirst(Node node, out Node first)
    {
        if (node.Left is null)
        {
            first = node;
            return node.Right;
        }

        return Balance(node.Key, node.Value, RemoveFirst(node.Left, out first), node.Right);
    }

    private Node Set(Node? node, TKey key, TValue value, ref int added)
    {
        if (node is null)
        {
            return new Node(key, value, null, null, 1);
        }

        var side = _order.Compare(key, node.Key);
        if (side == 0)
        {
            added = 0;
            return new Node(key, value, node.Left, node.Right, node.Height);
        }

        return side < 0
            ? Balance(node.Key, node.Value, Set(node.Left, key, value, ref added), node.Right)
            : Balance(node.Key, node.Value, node.Left, Set(node.Right, key, value, ref added));
    }

    private Node? Remove(Node node, TKey key)
    {
        var side = _order.Compare(key, node.Key);
        if (side < 0)
        {
            return Balance(node.Key, node.Value, Remove(node.Left!, key), node.Right);
        }

        if (side > 0)
        {
            return Balance(node.Key, node.Value, node.Left, Remove(node.Right!, key));
        }

        if (node.Left is null || node.Right is null)
        {
            return node.Left ?? node.Right;
        }

        var right = RemoveFirst(node.Right, out var next);
        return Balance(next.Key, next.Value, node.Left, right);
    }

    private IEnumerable<Node> From(Start? start)
    {
        var way = new Stack<Node>();
        Descend(way, _root, start);
        while (way.Count > 0)
        {
            var node = way.Pop();
            yield return node;
            Descend(way, node.Right, null);
        }
    }

    private void Descend(Stack<Node> way, Node? node, Start? start)
    {
        while (node is not null)
        {
            if (start is not null && _order.Compare(node.Key, start.Key) < 0)
            {
                node = node.Right;
                continue;
            }

            way.Push(node);
            node = node.Left;
        }
    }

    private sealed record Start(TKey Key);

    private sealed record Node(TKey Key, TValue Value, Node? Left, Node? Right, int Height);
}
