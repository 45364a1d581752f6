namespace Barnabas.Simulation.Checkers;

/// <summary>
/// The oracle of one group, over all lives of the node: who was given which work in which generation, and which offsets were committed.
/// Offsets are handed out in ascending order, so that what comes later is larger. Owned by the world.
/// </summary>
internal sealed class GroupModel(string name, Func<int> losses)
{
    /// <summary>Pieces of work that a leader hands out.</summary>
    public const int Pieces = 4;

    private readonly Dictionary<(int Generation, int Piece), string> _owners = [];
    private readonly long[] _attempted = new long[Pieces];
    private readonly long[] _seen = new long[Pieces];
    private int _losses;

    public string Name => name;

    /// <summary>Commits that were acknowledged.</summary>
    public long Commits { get; private set; }

    /// <summary>The newest generation in which somebody was given work.</summary>
    public int Newest { get; private set; }

    /// <summary>The next offset to commit for a piece of work.</summary>
    public long NextOffset(int piece) => ++_attempted[piece];

    /// <summary>What somebody who asks now has to be told at least; -1 for nothing.</summary>
    public long[] AtLeast()
    {
        NoteLosses();
        return [.. _seen.Select(offset => offset == 0 ? -1 : offset)];
    }

    /// <summary>A member was given work.</summary>
    public void Assigned(int generation, int piece, string owner)
    {
        NoteLosses();
        Newest = Math.Max(Newest, generation);
        ViolationException.Unless(
            _owners.TryAdd((generation, piece), owner) || _owners[(generation, piece)] == owner,
            $"{name}: piece {piece} of generation {generation} belongs to {_owners[(generation, piece)]} and to {owner}");
    }

    /// <summary>A commit was acknowledged, of a member of a generation who sent it when another was the newest.</summary>
    public void Committed(int piece, long offset, int generation, int newestThen)
    {
        Commits++;
        NoteLosses();
        ViolationException.Unless(
            generation >= newestThen || _losses > 0,
            $"{name}: a commit of generation {generation} was taken, somebody had work in {newestThen} before");
        _seen[piece] = Math.Max(_seen[piece], offset);
    }

    /// <summary>Somebody was told what is committed, having asked when it was at least something.</summary>
    public void Fetched(int piece, long offset, long atLeast, int lossesThen)
    {
        NoteLosses();
        ViolationException.Unless(
            offset <= _attempted[piece], $"{name}: {offset} of piece {piece} was told, {_attempted[piece]} was the last that was tried");
        ViolationException.Unless(
            offset >= atLeast || losses() > lossesThen, $"{name}: {offset} of piece {piece} was told, {atLeast} was committed before");
        if (losses() == lossesThen)
        {
            _seen[piece] = Math.Max(_seen[piece], offset);
        }
    }

    /// <summary>How often the log has lost records, as it may without a flush.</summary>
    public int Losses => losses();

    // A coordinator whose log has lost its end begins again where that was.
    private void NoteLosses()
    {
        if (losses() > _losses)
        {
            _losses = losses();
            Array.Clear(_seen);
            _owners.Clear();
        }
    }
}
