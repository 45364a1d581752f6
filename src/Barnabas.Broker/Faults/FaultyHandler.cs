using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Broker.Faults;

/// <summary>Stands before a handler and lets the scripted faults happen to its requests. Stateless but for the script.</summary>
internal sealed class FaultyHandler(IRequestHandler inner, RequestFaults faults) : IRequestHandler
{
    /// <inheritdoc/>
    public ApiKey Key => inner.Key;

    /// <inheritdoc/>
    public void Handle(Request request)
    {
        if (faults.Take(Key) is not { } fault)
        {
            inner.Handle(request);
            return;
        }

        if (fault.Delay <= TimeSpan.Zero)
        {
            Meet(request, fault);
            return;
        }

        // The request is not complete, so that its body stays and its connection waits.
        var dueUs = request.Loop.NowUs + (long)fault.Delay.TotalMicroseconds;
        request.Loop.Timers.Set(new ActionTimer(() => Delayed(request, fault)), dueUs);
    }

    private void Delayed(Request request, RequestFault fault)
    {
        if (request.Connection.IsClosed)
        {
            request.CompleteWithoutReply();
            return;
        }

        try
        {
            Meet(request, fault);
        }
        catch (MalformedException malformed)
        {
            request.CompleteAndClose(malformed.Message);
        }
    }

    private void Meet(Request request, RequestFault fault)
    {
        if (fault.DropsConnection)
        {
            request.CompleteAndClose("a scripted fault");
            return;
        }

        if (fault.Error is { } error)
        {
            request.Complete(ErrorAnswers.Make(request, error));
            return;
        }

        if (fault.LosesResponse || fault.CutsResponseAfterBytes is not null)
        {
            request.CutReplyAfterBytes = fault.LosesResponse ? 0 : fault.CutsResponseAfterBytes!.Value;
        }

        inner.Handle(request);
    }
}
