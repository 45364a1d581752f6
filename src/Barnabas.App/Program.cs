using Barnabas.App;

// `start` is read by hand and first, because it is on the way to the first answer; see docs/decisions.
return args is ["start", .. var rest] && StartArguments.TryParse(rest, out var start)
    ? StartCommand.Run(start, BrokerStarter.Start)
    : CommandLine.Run(args);
