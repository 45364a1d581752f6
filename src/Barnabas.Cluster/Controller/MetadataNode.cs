using Barnabas.Base;
using Barnabas.Base.Seams;
using Barnabas.Cluster.Machines;
using Barnabas.Cluster.Metadata;
using Barnabas.Cluster.Raft;
using Barnabas.Log;
using Barnabas.Protocol.Records;

namespace Barnabas.Cluster.Controller;

/// <summary>What a metadata node is made of. Immutable.</summary>
public sealed record MetadataNodeSetup
{
    public required IDisk Disk { get; init; }

    /// <summary>The log directory that holds <c>__cluster_metadata-0</c> and <c>bootstrap.checkpoint</c>.</summary>
    public required string LogDirectory { get; init; }

    public required RaftSetup Raft { get; init; }

    public required ControllerSettings Controller { get; init; }

    public MetadataLogConfig Log { get; init; } = new();

    /// <summary>Takes a sentence for the operator.</summary>
    public Action<string> Report { get; init; } = _ => { };

    /// <summary>Where the metadata log lies.</summary>
    public string MetadataDirectory => Path.Join(LogDirectory, MetadataLog.DirectoryName);
}

/// <summary>
/// Everything that lives on the metadata loop: the log, the Raft node, the images, the controller. Loaded by whoever starts the node, then
/// owned by that loop, which carries out what <see cref="Raft"/> asks for.
/// </summary>
public sealed class MetadataNode
{
    private readonly MetadataNodeSetup _setup;

    private MetadataNode(MetadataNodeSetup setup, MetadataPublisher publisher)
    {
        _setup = setup;
        Publisher = publisher;
        History = new ImageHistory(publisher);
        Journal = new MetadataJournal(History);
        var refusals = new MachineRefusals(ErrorCode.NotController, ErrorCode.NotController, ErrorCode.ThrottlingQuotaExceeded);
        var machine = new ControllerMachine(setup.Controller, History);
        Controller = new MachineHost<ControllerMachine, MetadataRecord>(machine, Journal, refusals);
        StateFile = new QuorumStateFile(setup.Disk, setup.MetadataDirectory);
        Snapshots = new SnapshotFiles(setup.Disk, setup.MetadataDirectory);
    }

    public RaftNode Raft { get; private set; } = null!;

    public MetadataLog Log { get; private set; } = null!;

    public ImageHistory History { get; }

    public MetadataPublisher Publisher { get; }

    /// <summary>Runs the controller over the Raft log.</summary>
    public MachineHost<ControllerMachine, MetadataRecord> Controller { get; }

    private MetadataJournal Journal { get; }

    public QuorumStateFile StateFile { get; }

    public SnapshotFiles Snapshots { get; }

    /// <summary>The newest snapshot on disk.</summary>
    public SnapshotId LastSnapshot { get; set; }

    /// <summary>What the controller writes into an empty log.</summary>
    public IReadOnlyList<MetadataRecord> Bootstrap { get; private set; } = Activation.NewCluster;

    /// <summary>Ids of the voters, as kraft.version 0 has them in quorum-state; null from version 1 on.</summary>
    public IReadOnlyList<int>? StaticVoters =>
        Raft.KRaftVersion > 0 ? null : Raft.Voters.Voters.Select(voter => voter.Key.Id).ToList();

    /// <summary>Reads the newest snapshot, the log behind it and the quorum state. Blocks.</summary>
    /// <exception cref="IOException">The disk failed, or the log is rotten.</exception>
    /// <exception cref="MalformedException">A file says what this program does not understand.</exception>
    public static MetadataNode Load(MetadataNodeSetup setup, MetadataPublisher publisher, long nowMs)
    {
        setup.Disk.CreateDirectory(setup.MetadataDirectory);
        var node = new MetadataNode(setup, publisher);
        var snapshots = node.Snapshots.List();
        var whole = snapshots.LastOrDefault(snapshot => node.Snapshots.IsWhole(snapshot.Id));
        var covered = snapshots.Count > 0 ? snapshots[^1].Id.EndOffset : 0;
        node.LastSnapshot = whole?.Id ?? default;
        node.Log = MetadataLog.Open(setup.Disk, setup.MetadataDirectory, setup.Log, node.LastSnapshot, covered, nowMs);
        node.CheckNotLost();
        if (node.Log.BytesCut > 0)
        {
            setup.Report($"cut {node.Log.BytesCut} bytes of a torn tail off the log in {setup.MetadataDirectory}");
        }

        // Only now: the log has what they had.
        foreach (var damaged in snapshots.Where(snapshot => snapshot.Id.EndOffset > node.LastSnapshot.EndOffset || whole is null))
        {
            setup.Report($"the snapshot {damaged.Id.FileName} is damaged and was set aside as {node.Snapshots.SetAside(damaged.Id)}; "
                + "the log has what it had");
        }

        node.Controller.BeginLoad(0);
        var loading = new Loading(node, node.LastSnapshot);
        if (whole is not null)
        {
            loading.ReadSnapshot(node.Snapshots);
        }

        loading.ReadLog(node.Log);
        node.Raft = new RaftNode(setup.Raft, loading.ToStart(node.StateFile.Load(), node.Log));
        node.Journal.Attach(node.Raft);
        node.ReadBootstrap();
        return node;
    }

    // Without its records every partition would look like nobody's.
    private void CheckNotLost()
    {
        if (Log.EndOffset > 0 || LastSnapshot.EndOffset > 0)
        {
            return;
        }

        foreach (var entry in _setup.Disk.List(_setup.LogDirectory))
        {
            if (entry.IsDirectory && entry.Name != MetadataLog.DirectoryName && TopicPartition.TryParse(entry.Name, out _))
            {
                Log.Abandon();
                throw new IOException(
                    $"{_setup.MetadataDirectory} holds no records, but {_setup.LogDirectory} holds partitions such as {entry.Name}: its "
                    + "log is gone; restore it from a copy, or move the partitions elsewhere to begin anew");
            }
        }
    }

    private void ReadBootstrap()
    {
        const string Name = "bootstrap.checkpoint";
        if (Raft.EndOffset == 0 && _setup.Disk.FileExists(Path.Join(_setup.LogDirectory, Name)))
        {
            var reader = new Collecting();
            new SnapshotFiles(_setup.Disk, _setup.LogDirectory).ReadFile(Name, reader);
            Bootstrap = reader.Records.Count > 0 ? reader.Records : Activation.NewCluster;
        }
    }

    /// <summary>Keeps the records of <c>bootstrap.checkpoint</c>.</summary>
    private sealed class Collecting : IMetadataReader
    {
        public List<MetadataRecord> Records { get; } = [];

        public void Batch(in RecordBatchHeader header)
        {
        }

        public void Record(MetadataRecord record, long offset) => Records.Add(record);

        public void Voters(VoterSet voters, long offset)
        {
        }

        public void KRaftVersion(short version)
        {
        }
    }

    /// <summary>Replays what snapshot and log say, and remembers what they say of the quorum.</summary>
    private sealed class Loading(MetadataNode node, SnapshotId snapshot) : IMetadataReader
    {
        private VoterSet _voters = VoterSet.Empty;
        private long _votersOffset = -1;
        private short _kraftVersion;
        private bool _isInLog;

        public void ReadSnapshot(SnapshotFiles files) => files.Read(snapshot, this);

        public void ReadLog(MetadataLog log)
        {
            _isInLog = true;
            log.Read(snapshot.EndOffset, this);
        }

        public RaftStart ToStart(QuorumState state, MetadataLog log) => new(
            state, log.EndOffset, Math.Max(log.LastEpoch, snapshot.Epoch), _voters, _votersOffset, _kraftVersion);

        public void Batch(in RecordBatchHeader header) => node.History.BeginBatch(header.PartitionLeaderEpoch, header.MaxTimestamp);

        public void Record(MetadataRecord record, long offset)
        {
            if (_isInLog)
            {
                node.Controller.Load(record, offset);
            }
            else
            {
                node.Controller.LoadSnapshot(record, snapshot.EndOffset);
            }
        }

        public void Voters(VoterSet voters, long offset)
        {
            _voters = voters;

            // A snapshot that covers records holds a set that was in the log.
            _votersOffset = _isInLog ? offset : snapshot.EndOffset > 0 ? 0 : -1;
        }

        public void KRaftVersion(short version) => _kraftVersion = version;
    }
}
