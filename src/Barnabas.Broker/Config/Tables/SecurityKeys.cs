namespace Barnabas.Broker.Config.Tables;

/// <summary>Authorization, tokens, TLS and metrics reporters: rows as <see cref="ConfigTable"/> reads them.</summary>
internal static class SecurityKeys
{
    public static ReadOnlySpan<byte> Rows =>
        """
        authorizer.class.name | string | "" | read-only | non-null
            What decides who may do what; empty allows everything.
        principal.builder.class | class | org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder | per-broker
            What makes a principal of a connection's identity.
        security.providers | string | null | read-only
            Additional security providers.
        delegation.token.expiry.check.interval.ms | long | 3600000 | read-only | [1,...]
            How often it is looked for expired delegation tokens.
        delegation.token.expiry.time.ms | long | 86400000 | read-only | [1,...]
            How long a delegation token is valid before it has to be renewed.
        delegation.token.max.lifetime.ms | long | 604800000 | read-only | [1,...]
            How long a delegation token may live with all its renewals.
        delegation.token.secret.key | password | null | read-only
            The secret that delegation tokens are made with; the same on every node.
        kafka.metrics.polling.interval.secs | int | 10 | read-only | [1,...]
            How often the reporters in kafka.metrics.reporters are asked.
        kafka.metrics.reporters | list | "" | read-only
            Reporters of the older metrics library.
        metric.reporters | list | org.apache.kafka.common.metrics.JmxReporter | cluster-wide
            Reporters that metrics are sent to.
        metrics.num.samples | int | 2 | read-only | [1,...]
            Samples kept for the rate of a metric.
        metrics.recording.level | string | INFO | read-only
            The finest metrics that are recorded.
        metrics.sample.window.ms | long | 30000 | read-only | [1,...]
            Span of a sample for the rate of a metric.
        ssl.allow.dn.changes | boolean | false | read-only
            Whether a new keystore may have another distinguished name.
        ssl.allow.san.changes | boolean | false | read-only
            Whether a new keystore may have other alternative names.
        ssl.cipher.suites | list | "" | per-broker
            The cipher suites that are offered; empty offers all.
        ssl.client.auth | string | none | per-broker | [required, requested, none]
            Whether clients have to show a certificate.
        ssl.enabled.protocols | list | TLSv1.2,TLSv1.3 | per-broker
            The versions of TLS that are offered.
        ssl.endpoint.identification.algorithm | string | https | per-broker
            How a server's certificate is compared with its host name; empty does not compare.
        ssl.engine.factory.class | class | null | per-broker
            What makes TLS engines.
        ssl.key.password | password | null | per-broker
            The password of the private key.
        ssl.keymanager.algorithm | string | SunX509 | per-broker
            The algorithm of the key manager.
        ssl.keystore.certificate.chain | password | null | per-broker
            The certificate chain, as PEM text.
        ssl.keystore.key | password | null | per-broker
            The private key, as PEM text.
        ssl.keystore.location | string | null | per-broker
            The file of the keystore.
        ssl.keystore.password | password | null | per-broker
            The password of the keystore.
        ssl.keystore.type | string | JKS | per-broker
            The format of the keystore: JKS, PKCS12 or PEM.
        ssl.principal.mapping.rules | string | DEFAULT | read-only
            Rules from a certificate's distinguished name to a principal.
        ssl.protocol | string | TLSv1.3 | per-broker
            The version of TLS that is preferred.
        ssl.provider | string | null | per-broker
            The security provider for TLS.
        ssl.secure.random.implementation | string | null | per-broker
            The source of randomness for TLS.
        ssl.trustmanager.algorithm | string | PKIX | per-broker
            The algorithm of the trust manager.
        ssl.truststore.certificates | password | null | per-broker
            The trusted certificates, as PEM text.
        ssl.truststore.location | string | null | per-broker
            The file of the trust store.
        ssl.truststore.password | password | null | per-broker
            The password of the trust store.
        ssl.truststore.type | string | JKS | per-broker
            The format of the trust store: JKS, PKCS12 or PEM.
        """u8;
}
