using Barnabas.Base;
using Barnabas.Broker.Network;
using Barnabas.Messages;

namespace Barnabas.Broker.Handlers.Admin;

/// <summary>Lists the brokers, or on the controllers' listener the controllers.</summary>
public sealed class DescribeClusterHandler(AdminContext context) : MessageHandler<DescribeClusterRequest>(ApiKey.DescribeCluster)
{
    private const sbyte Brokers = 1, Controllers = 2;

    /// <inheritdoc/>
    protected override void Handle(Request request, DescribeClusterRequest message)
    {
        var here = request.Connection.Listener.Handlers.Listener == ApiListeners.Controller ? Controllers : Brokers;
        if (message.EndpointType != here)
        {
            request.Complete(Mismatch(message.EndpointType, here));
            return;
        }

        var response = new DescribeClusterResponse { EndpointType = here, ClusterId = context.ClusterId };
        if (here == Brokers)
        {
            AddBrokers(response, request.Connection.Listener.Name, message.IncludeFencedBrokers);
        }
        else
        {
            AddControllers(response);
        }

        if (message.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AdminContext.ClusterOperations;
        }

        request.Complete(response);
    }

    private static DescribeClusterResponse Mismatch(sbyte asked, sbyte here) => asked is Brokers or Controllers
        ? new DescribeClusterResponse
        {
            ErrorCode = ErrorCode.MismatchedEndpointType,
            ErrorMessage = $"The request was sent to an endpoint of type {Name(here)}, but we wanted an endpoint of type {Name(asked)}",
        }
        : new DescribeClusterResponse
        {
            ErrorCode = ErrorCode.UnsupportedEndpointType, ErrorMessage = $"Unsupported endpoint type {asked}",
        };

    private static string Name(sbyte type) => type == Brokers ? "BROKER" : "CONTROLLER";

    private void AddBrokers(DescribeClusterResponse response, string listener, bool fencedToo)
    {
        response.ControllerId = context.NodeId;
        foreach (var broker in context.Image.Brokers.Values)
        {
            if ((fencedToo || !broker.IsFenced) && broker.Endpoint(listener) is { } endpoint)
            {
                response.Brokers.Add(new DescribeClusterResponse.DescribeClusterBroker
                {
                    BrokerId = broker.Id, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack, IsFenced = broker.IsFenced,
                });
            }
        }
    }

    private void AddControllers(DescribeClusterResponse response)
    {
        var status = context.Quorum.Status;
        response.ControllerId = status.LeaderId;
        foreach (var voter in status.Voters.Voters)
        {
            if (voter.Endpoints is [var endpoint, ..])
            {
                response.Brokers.Add(new DescribeClusterResponse.DescribeClusterBroker
                {
                    BrokerId = voter.Key.Id, Host = endpoint.Host, Port = endpoint.Port,
                });
            }
        }
    }
}
