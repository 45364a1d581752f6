namespace Barnabas.Conformance.Support;

/// <summary>A new, empty folder that is deleted with all that is in it. Owned by the test that made it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("barnabas-conformance-").FullName;

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
