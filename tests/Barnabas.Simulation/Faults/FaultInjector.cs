using Barnabas.Base.Seams;
using Barnabas.Simulation.Nodes;
using Barnabas.Simulation.Runs;

namespace Barnabas.Simulation.Faults;

/// <summary>Makes things go wrong, as often as the scenario says, when the seed says. Owned by the world.</summary>
internal sealed class FaultInjector
{
    private static readonly string[] Failing = ["write", "fsync", "rename"];
    private readonly SimWorld _world;
    private readonly Randomness _random;
    private bool _isStopped;
    private bool _failsNext;
    private int _stepsToLive = -1;
    private int _slowSteps;

    public FaultInjector(SimWorld world, Randomness random)
    {
        _world = world;
        _random = random;
        world.Disk.Fault = FaultOf;
        world.Disk.TakesUs = operation => _slowSteps > 0 && Array.IndexOf(Failing, operation) >= 0 ? _random.Next(40_000) : 0;
    }

    /// <summary>What the death means that an operation of the disk brings.</summary>
    public StopKind KindOfDeath { get; private set; } = StopKind.ProcessDeath;

    /// <summary>True once an operation of the disk has failed in this life.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>No more faults; what was prepared does not happen.</summary>
    public void Stop()
    {
        _isStopped = true;
        _failsNext = false;
        _slowSteps = 0;
        _world.Disk.DiesAtOperation = long.MaxValue;
        _world.Node?.Held.ForEach(replica => LeaderChanges.Make(_world, replica, LeaderChanges.Alone));
    }

    /// <summary>After a step: perhaps something goes wrong now.</summary>
    public void Strike()
    {
        var scenario = _world.Scenario;
        if (Comes(scenario.BreakMean))
        {
            _world.Faults.Add("connection broken");
            _world.Clients[_random.Next(_world.Clients.Count)].Break();
        }

        if (Comes(scenario.ClockJumpMean))
        {
            _world.Faults.Add("clock jump");
            _world.Clock.JumpWall(_random.Next(172_800_000) - 86_400_000);
        }

        if (Comes(scenario.LeaderChangeMean) && _world.Node is { IsOpen: true, Held.Count: > 0 } node)
        {
            _world.Faults.Add("leader change");
            LeaderChanges.Make(_world, node.Held[_random.Next(node.Held.Count)], _random.Next(4));
        }

        _slowSteps--;
        if (Comes(scenario.SlowDiskMean))
        {
            _world.Faults.Add("slow disk");
            _slowSteps = 50 + _random.Next(200);
        }

        if (Comes(scenario.DiskErrorMean))
        {
            _failsNext = true;
        }

        if (Comes(scenario.CleanStopMean) && _world.Node is { IsOpen: true, Failure: null })
        {
            _world.Faults.Add("clean stop");
            if (_random.Chance(scenario.StopsCutPercent / 100.0))
            {
                // The power goes while it stops.
                _world.Faults.Add("power cut");
                KindOfDeath = StopKind.PowerCut;
                _world.Disk.DiesAtOperation = _world.Disk.Operations + 1 + _random.Next(60);
            }

            _world.Restart(StopKind.Clean);
        }
        else if (Comes(scenario.ProcessCrashMean))
        {
            Kill(StopKind.ProcessDeath, "process death");
        }
        else if (Comes(scenario.PowerCutMean))
        {
            Kill(StopKind.PowerCut, "power cut");
        }
    }

    /// <summary>A node whose disk has failed goes on for a while, then its process ends.</summary>
    public void LookAt(SimNode node)
    {
        if (node.Failure is not null && _stepsToLive < 0)
        {
            _stepsToLive = _random.Next(60);
        }

        if (_stepsToLive >= 0 && _stepsToLive-- == 0)
        {
            HasFailed = false;
            _world.Restart(StopKind.ProcessDeath);
        }
    }

    private bool Comes(int mean) => mean > 0 && !_isStopped && _random.Next(mean) == 0;

    // Half of the deaths come between two turns, half in the middle of what the disk is doing.
    private void Kill(StopKind kind, string name)
    {
        _world.Faults.Add(name);
        KindOfDeath = kind;
        if (_random.Chance(0.5))
        {
            _world.Restart(kind);
        }
        else
        {
            _world.Disk.DiesAtOperation = _world.Disk.Operations + 1 + _random.Next(30);
        }
    }

    private string? FaultOf(string operation, string path)
    {
        if (!_failsNext || Array.IndexOf(Failing, operation) < 0)
        {
            return null;
        }

        _failsNext = false;
        HasFailed = true;
        _world.Faults.Add("disk error");
        _world.Trace.Say(_world.Clock.MonotonicUs, $"{operation} of {path} fails");
        return operation == "fsync" ? "Input/output error" : "No space left on device";
    }
}
