using Barnabas.Base.Seams;

namespace Barnabas.Tests.Cluster.Controller;

/// <summary>
/// A disk that stops working at the n-th operation that changes something, as if the process had been killed there. It syncs nothing: what
/// a killed process has written stays.
/// </summary>
internal sealed class CrashingDisk(IDisk disk, int operationsUntilCrash = int.MaxValue) : IDisk
{
    private int _left = operationsUntilCrash;

    public bool HasCrashed { get; private set; }

    public IDiskFile Open(string path, FileOpen mode)
    {
        if (mode is FileOpen.CreateOrTruncate or FileOpen.OpenOrCreate)
        {
            Pass();
        }

        return new CrashingFile(this, disk.Open(path, mode));
    }

    public bool FileExists(string path) => disk.FileExists(path);

    public bool DirectoryExists(string path) => disk.DirectoryExists(path);

    public void CreateDirectory(string path) => Do(() => disk.CreateDirectory(path));

    public IReadOnlyList<DiskEntry> List(string path) => disk.List(path);

    public void Rename(string from, string to) => Do(() => disk.Rename(from, to));

    public void Delete(string path) => Do(() => disk.Delete(path));

    public void DeleteDirectory(string path) => Do(() => disk.DeleteDirectory(path));

    public void SyncDirectory(string path) => Pass();

    public void SetReadOnly(string path) => Do(() => disk.SetReadOnly(path));

    public (long FreeBytes, long TotalBytes) Space(string path) => disk.Space(path);

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    private void Do(Action action)
    {
        Pass();
        action();
    }

    private void Pass()
    {
        if (HasCrashed || _left-- <= 0)
        {
            HasCrashed = true;
            throw new IOException("the process was killed here");
        }
    }

    private sealed class CrashingFile(CrashingDisk disk, IDiskFile file) : IDiskFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public int Read(Span<byte> buffer, long position) => file.Read(buffer, position);

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            Tear(bytes, position);
            file.Write(bytes, position);
        }

        public unsafe void Write(ReadOnlySpan<BytePiece> pieces, long position)
        {
            if (pieces.Length > 0)
            {
                Tear(pieces[0].Span, position);
            }

            file.Write(pieces, position);
        }

        public void Truncate(long length) => disk.Do(() => file.Truncate(length));

        public void Reserve(long length) => file.Reserve(length);

        public void Sync() => disk.Pass();

        public void Dispose() => file.Dispose();

        // A write that is cut off leaves its first half.
        private void Tear(ReadOnlySpan<byte> bytes, long position)
        {
            if (disk is { HasCrashed: false, _left: 0 })
            {
                file.Write(bytes[..(bytes.Length / 2)], position);
            }

            disk.Pass();
        }
    }
}
