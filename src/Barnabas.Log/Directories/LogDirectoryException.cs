namespace Barnabas.Log.Directories;

/// <summary>
/// A directory that cannot be used, with one sentence for the operator that names it and says what to do. A fault of the world.
/// </summary>
public sealed class LogDirectoryException(string message) : Exception(message);
