using System.Diagnostics;

namespace Barnabas.Shared;

/// <summary>Asks again while the answer says that it is too early. Stateless.</summary>
internal static class Patiently
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The first answer that is not too early, or the last one when that does not come.</summary>
    public static T Ask<T>(Func<T> ask, Func<T, bool> isTooEarly)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var answer = ask();
            if (!isTooEarly(answer) || watch.Elapsed > Limit)
            {
                return answer;
            }

            Thread.Sleep(20);
        }
    }
}
