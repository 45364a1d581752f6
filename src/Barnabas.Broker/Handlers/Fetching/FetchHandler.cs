using Barnabas.Base;
using Barnabas.Base.Loops;
using Barnabas.Base.Seams;
using Barnabas.Broker.Network;
using Barnabas.Cluster.Partitions;
using Barnabas.Messages;
using Barnabas.Messages.Views;

namespace Barnabas.Broker.Handlers.Fetching;

/// <summary>
/// Fetch for consumers: finds or makes the session, takes in what the request changes of it, and leaves the reading and waiting to
/// <see cref="FetchWork"/>.
/// </summary>
/// <param name="replicas">Where partitions are found.</param>
/// <param name="sessions">The sessions of this broker.</param>
/// <param name="aside">Reads what is not in memory.</param>
/// <param name="responseBytesMax"><c>fetch.max.bytes</c>.</param>
internal sealed class FetchHandler(ReplicaTable replicas, FetchSessionCache sessions, AsideReads aside, int responseBytesMax)
    : IRequestHandler
{
    private const int FinalEpoch = -1;
    private const int InitialEpoch = 0;
    private const sbyte ReadCommitted = 1;
    private readonly WorkPool<FetchWork> _pool = new(pool => new FetchWork(pool, replicas, aside));

    /// <inheritdoc/>
    public ApiKey Key => ApiKey.Fetch;

    /// <inheritdoc/>
    public void Handle(Request request)
    {
        var view = FetchRequestView.Parse(request.Body, 0, request.ApiVersion);
        var work = _pool.Rent();
        work.Begin(request, view.MaxWaitMs, view.MinBytes, Math.Min(view.MaxBytes, responseBytesMax), view.IsolationLevel == ReadCommitted);
        work.IsFromReplica = view.ReplicaId >= 0;
        var error = Choose(view, work);
        if (error != ErrorCode.None)
        {
            work.Refuse(error);
            return;
        }

        if (view.IsolationLevel is < 0 or > ReadCommitted && work.FindsAny())
        {
            work.Refuse(view, ErrorCode.UnknownServerError);
            return;
        }

        work.Serve();
    }

    private ErrorCode Choose(in FetchRequestView view, FetchWork work)
    {
        if (view.SessionEpoch is FinalEpoch or InitialEpoch)
        {
            if (view.SessionId != 0)
            {
                sessions.Remove(view.SessionId);
            }

            var made = view.SessionEpoch == InitialEpoch && view.TopicCount > 0 ? sessions.TryCreate(view.Version >= 13) : null;
            work.UseSession(made, isIncremental: false);
            Take(view, work, made);
            return ErrorCode.None;
        }

        var session = sessions.Find(view.SessionId);
        if (session is null)
        {
            return ErrorCode.FetchSessionIdNotFound;
        }

        if (!session.TryEnter())
        {
            return ErrorCode.InvalidFetchSessionEpoch;
        }

        if (session.Epoch != view.SessionEpoch || session.UsesTopicIds != view.Version >= 13)
        {
            session.Leave();
            return session.Epoch != view.SessionEpoch ? ErrorCode.InvalidFetchSessionEpoch : ErrorCode.FetchSessionTopicIdError;
        }

        session.AdvanceEpoch();
        Take(view, work, session);
        Forget(view, session);
        work.UseSession(session, isIncremental: true);
        return ErrorCode.None;
    }

    private static void Take(in FetchRequestView view, FetchWork work, FetchSession? session)
    {
        var cursor = view.Cursor();
        while (cursor.NextTopic())
        {
            while (cursor.NextPartition())
            {
                var wanted = session is null
                    ? work.AddOwn(cursor.TopicId, cursor.TopicName, cursor.Partition)
                    : session.Want(cursor.TopicId, cursor.TopicName, cursor.Partition);
                wanted.FetchOffset = cursor.FetchOffset;
                wanted.LastFetchedEpoch = cursor.LastFetchedEpoch;
                wanted.CurrentLeaderEpoch = cursor.CurrentLeaderEpoch;
                wanted.BytesMax = cursor.PartitionMaxBytes;
            }
        }
    }

    private static void Forget(in FetchRequestView view, FetchSession session)
    {
        var cursor = view.ForgottenCursor();
        while (cursor.NextTopic())
        {
            while (cursor.NextPartition())
            {
                session.Forget(cursor.TopicId, cursor.TopicName, cursor.Partition);
            }
        }
    }
}
