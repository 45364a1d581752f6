namespace Barnabas.Broker.Config.Tables;

/// <summary>SASL: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class SaslKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        sasl.client.callback.handler.class | class | null | read-only
            What answers the questions of SASL clients.
        sasl.enabled.mechanisms | list | GSSAPI | per-broker
            The SASL mechanisms that are offered.
        sasl.jaas.config | password | null | per-broker
            Login modules and their options, in the form of JAAS.
        sasl.kerberos.kinit.cmd | string | /usr/bin/kinit | per-broker
            The path of kinit.
        sasl.kerberos.min.time.before.relogin | long | 60000 | per-broker
            The shortest time between two renewals of a Kerberos ticket.
        sasl.kerberos.principal.to.local.rules | list | DEFAULT | per-broker
            Rules from a Kerberos principal to a short name.
        sasl.kerberos.service.name | string | null | per-broker
            The Kerberos name that brokers run under.
        sasl.kerberos.ticket.renew.jitter | double | 0.05 | per-broker
            The random share added to the time of a renewal.
        sasl.kerberos.ticket.renew.window.factor | double | 0.8 | per-broker
            The share of a ticket's life after which it is renewed.
        sasl.login.callback.handler.class | class | null | read-only
            What answers the questions of SASL logins.
        sasl.login.class | class | null | read-only
            What logs in.
        sasl.login.connect.timeout.ms | int | null | read-only
            How long a login waits for a connection to its provider.
        sasl.login.read.timeout.ms | int | null | read-only
            How long a login waits for its provider's answer.
        sasl.login.refresh.buffer.seconds | short | 300 | per-broker
            How long before its expiry a credential is renewed at the latest.
        sasl.login.refresh.min.period.seconds | short | 60 | per-broker
            The shortest time between two renewals of a credential.
        sasl.login.refresh.window.factor | double | 0.8 | per-broker
            The share of a credential's life after which it is renewed.
        sasl.login.refresh.window.jitter | double | 0.05 | per-broker
            The random share added to the time of such a renewal.
        sasl.login.retry.backoff.max.ms | long | 10000 | read-only
            The longest wait between two attempts to log in.
        sasl.login.retry.backoff.ms | long | 100 | read-only
            The first wait between two attempts to log in.
        sasl.mechanism.controller.protocol | string | GSSAPI | read-only
            The SASL mechanism towards controllers.
        sasl.mechanism.inter.broker.protocol | string | GSSAPI | per-broker
            The SASL mechanism among brokers.
        sasl.oauthbearer.assertion.algorithm | string | RS256 | read-only | any case [ES256, RS256]
            The signature of client assertions.
        sasl.oauthbearer.assertion.claim.aud | string | null | read-only
            The audience that client assertions name.
        sasl.oauthbearer.assertion.claim.exp.seconds | int | 300 | read-only | [0,...,86400]
            How long a client assertion is valid.
        sasl.oauthbearer.assertion.claim.iss | string | null | read-only
            The issuer that client assertions name.
        sasl.oauthbearer.assertion.claim.jti.include | boolean | false | read-only
            Whether a client assertion carries an id of its own.
        sasl.oauthbearer.assertion.claim.nbf.seconds | int | 60 | read-only | [0,...,3600]
            How long before now a client assertion begins to be valid.
        sasl.oauthbearer.assertion.claim.sub | string | null | read-only
            The subject that client assertions name.
        sasl.oauthbearer.assertion.file | string | null | read-only
            The file of a ready-made client assertion.
        sasl.oauthbearer.assertion.private.key.file | string | null | read-only
            The file of the key that signs client assertions.
        sasl.oauthbearer.assertion.private.key.passphrase | password | null | read-only
            The passphrase of that key.
        sasl.oauthbearer.assertion.template.file | string | null | read-only
            The file with header and claims for client assertions.
        sasl.oauthbearer.client.credentials.client.id | string | null | read-only
            The client id for the client-credentials grant.
        sasl.oauthbearer.client.credentials.client.secret | password | null | read-only
            The secret for the client-credentials grant.
        sasl.oauthbearer.clock.skew.seconds | int | 30 | read-only
            How far two clocks may be apart when a token is checked.
        sasl.oauthbearer.expected.audience | list | "" | read-only
            The audiences that a token may name.
        sasl.oauthbearer.expected.issuer | string | null | read-only
            The issuer that a token has to name.
        sasl.oauthbearer.jwks.endpoint.refresh.ms | long | 3600000 | read-only
            How often the provider's keys are fetched again.
        sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms | long | 10000 | read-only
            The longest wait between two attempts to fetch them.
        sasl.oauthbearer.jwks.endpoint.retry.backoff.ms | long | 100 | read-only
            The first wait between two attempts to fetch them.
        sasl.oauthbearer.jwks.endpoint.url | string | null | read-only
            Where the provider's keys are found.
        sasl.oauthbearer.jwt.retriever.class | class | org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever | read-only
            What fetches tokens.
        sasl.oauthbearer.jwt.validator.class | class | org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator | read-only
            What checks tokens.
        sasl.oauthbearer.scope | string | null | read-only
            The scope that is asked for.
        sasl.oauthbearer.scope.claim.name | string | scope | read-only
            The claim that holds a token's scope.
        sasl.oauthbearer.sub.claim.name | string | sub | read-only
            The claim that holds a token's subject.
        sasl.oauthbearer.token.endpoint.url | string | null | read-only
            Where tokens are found.
        sasl.server.callback.handler.class | class | null | read-only
            What answers the questions of SASL servers.
        sasl.server.max.receive.size | int | 524288 | read-only
            The largest SASL message before a connection is authenticated.
        """u8;
}
