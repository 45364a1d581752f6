using Barnabas.Histories.Checks;
using Barnabas.Histories.Model;

// usage: dotnet run --project tests/Barnabas.Histories -- FILE...
// Each file is a history, a JSON object a line. Prints what is in it and what the semantics do not allow; ends with 1 if there is anything.
var found = 0;
foreach (var path in args)
{
    var history = HistoryReader.Read(File.ReadLines(path));
    Console.WriteLine($"{path}: {new Coverage(history)}");
    foreach (var anomaly in Checker.Find(history))
    {
        Console.WriteLine($"  {anomaly}");
        found++;
    }
}

Console.WriteLine($"{found} anomalies in {args.Length} histories");
return found == 0 ? 0 : 1;
