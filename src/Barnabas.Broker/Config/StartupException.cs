namespace Barnabas.Broker.Config;

/// <summary>
/// Something outside the program keeps the broker from starting. The message is one sentence that says what is wrong and what to do, or
/// several, a line each; it is shown without a stack trace.
/// </summary>
public sealed class StartupException(string message, Exception? cause = null) : Exception(message, cause);
