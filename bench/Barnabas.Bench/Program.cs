using Barnabas.Bench;
using Barnabas.Bench.Coordinators;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

if (args is ["cleaner", .. var options])
{
    return CleanerLatency.Run(options);
}

if (args is ["coordinators", .. var rest])
{
    return CoordinatorBench.Run(rest);
}

// In this process: building a project per benchmark costs more than the benchmarks, and two cores are shared with whatever else runs.
var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
return 0;
