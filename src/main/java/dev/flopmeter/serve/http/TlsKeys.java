package dev.flopmeter.serve.http;

import dev.flopmeter.serve.config.ServeConfig.Clients;
import dev.flopmeter.serve.config.ServeConfig.Suites;
import dev.flopmeter.serve.config.ServeConfig.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import nl.altindag.ssl.exception.GenericException;
import nl.altindag.ssl.pem.util.PemUtils;
import nl.altindag.ssl.util.KeyManagerUtils;
import nl.altindag.ssl.util.SSLContextUtils;
import nl.altindag.ssl.util.TrustManagerUtils;
import org.jspecify.annotations.Nullable;

/**
 * A server's certificate and key, from the PEM files that other servers use too. They can be
 * exchanged while it runs, for connections that begin afterwards: the JDK's server keeps the TLS
 * context that it was started with.
 *
 * <p>Thread-safe.
 */
final class TlsKeys {
  /** How a key of each algorithm signs; others by their own name. */
  private static final Map<String, String> SIGNATURES =
      Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "ECDSA", "SHA256withECDSA");

  /** Skips what may precede a key, such as the parameters of its curve. */
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  /** TLS 1.3, and the suites of TLS 1.2 with forward secrecy and authenticated encryption. */
  private static final String MODERN =
      "TLS_(ECDHE_(RSA|ECDSA)_WITH_)?(AES|CHACHA20).*_(GCM|POLY1305)_.*";

  /** A certificate chain with its key, and what clients are told and trusted by. */
  private record Identity(
      X509ExtendedKeyManager keys, X509ExtendedTrustManager clients, Instant expiry, Tls tls) {}

  private final X509ExtendedKeyManager keys;
  private final X509ExtendedTrustManager clients;
  private volatile Identity identity;

  private TlsKeys(Identity identity) {
    keys = KeyManagerUtils.createSwappableKeyManager(identity.keys());
    clients = TrustManagerUtils.createSwappableTrustManager(identity.clients());
    this.identity = identity;
  }

  /** When the first certificate of the current chain expires. */
  Instant expiry() {
    return identity.expiry();
  }

  /**
   * @throws IOException if a file is not what it should be, or the two do not match; the message
   *     names it
   */
  static TlsKeys read(Tls tls) throws IOException {
    return new TlsKeys(identity(tls));
  }

  /**
   * Replaces them by the current contents of the files.
   *
   * @throws IOException as {@link #read}; then nothing has changed
   */
  void reload(Tls tls) throws IOException {
    Identity next = identity(tls);
    KeyManagerUtils.swapKeyManager(keys, next.keys());
    TrustManagerUtils.swapTrustManager(clients, next.clients());
    identity = next;
  }

  SSLContext context() {
    return SSLContextUtils.createSslContext(List.of(keys), List.of(clients));
  }

  /** The parameters that a connection may negotiate, among those that this JVM supports. */
  SSLParameters parameters(SSLParameters supported) {
    Suites rules = identity.tls().suites();
    String policy = identity.tls().clients().policy();
    List<String> named = rules.names();
    supported.setProtocols(rules.protocols().toArray(String[]::new));
    supported.setCipherSuites(
        Stream.of(supported.getCipherSuites())
            .filter(suite -> suite.matches(MODERN))
            .filter(suite -> named.isEmpty() || !suite.contains("_WITH_") || named.contains(suite))
            .sorted(Comparator.comparingInt(named::indexOf))
            .toArray(String[]::new));
    supported.setUseCipherSuitesOrder(rules.isOwnOrder());
    supported.setWantClientAuth(!policy.equals(Clients.ANYBODY.policy()));
    if (policy.startsWith("Require")) {
      supported.setNeedClientAuth(true);
    }
    return supported;
  }

  private static X509ExtendedTrustManager clients(Clients clients) throws IOException {
    return clients.authority().isPresent()
        ? TrustManagerUtils.createTrustManager(List.of(chain(clients.authority().get())))
        : TrustManagerUtils.createUnsafeTrustManager();
  }

  private static Identity identity(Tls tls) throws IOException {
    X509Certificate[] chain = chain(tls.certificate());
    PrivateKey key = key(tls);
    if (!isPair(chain[0].getPublicKey(), key)) {
      throw new IOException(
          "http.tls: %s and %s do not match: the key is not this certificate's"
              .formatted(tls.certificate(), tls.key()));
    }
    Instant expiry =
        Stream.of(chain)
            .map(one -> one.getNotAfter().toInstant())
            .min(Comparator.naturalOrder())
            .orElseThrow();
    return new Identity(
        KeyManagerUtils.createKeyManager(key, chain), clients(tls.clients()), expiry, tls);
  }

  /** While files are being replaced, one may be new and the other old. */
  private static boolean isPair(PublicKey open, PrivateKey secret) {
    String algorithm = SIGNATURES.getOrDefault(secret.getAlgorithm(), secret.getAlgorithm());
    byte[] anything = {1, 2, 3};
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(secret);
      signature.update(anything);
      byte[] signed = signature.sign();
      signature.initVerify(open);
      signature.update(anything);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // keys of different algorithms
    }
  }

  private static X509Certificate[] chain(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      Collection<? extends Certificate> chain =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (chain.isEmpty()) {
        throw new CertificateException("no certificate");
      }
      return chain.toArray(X509Certificate[]::new);
    } catch (CertificateException e) {
      throw new IOException("http.tls.certificate: " + file + " is not a PEM certificate", e);
    }
  }

  private static PrivateKey key(Tls tls) throws IOException {
    char @Nullable [] password =
        tls.passwordFile().isPresent()
            ? Files.readString(tls.passwordFile().get()).stripTrailing().toCharArray()
            : null;
    Matcher key = KEY.matcher(Files.readString(tls.key(), StandardCharsets.ISO_8859_1));
    try {
      if (key.find()) {
        // Using the library's cryptography would cost 14 MB; the usual format does not need it.
        return key.group(1).equals("PRIVATE KEY")
            ? pkcs8(Base64.getMimeDecoder().decode(key.group(2)))
            : PemUtils.parsePrivateKey(key.group(), password);
      }
      throw new IOException("http.tls.key: " + tls.key() + " holds no PEM private key");
    } catch (GenericException | IllegalArgumentException e) {
      throw new IOException(
          "http.tls.key: %s cannot be read: it is damaged, or encrypted and http.tls.password_file %s"
              .formatted(tls.key(), password == null ? "is missing" : "has a different password"),
          e);
    }
  }

  private static PrivateKey pkcs8(byte[] encoded) {
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (GeneralSecurityException ignored) {
        // another algorithm's
      }
    }
    throw new IllegalArgumentException("not an RSA, EC or Ed25519 key");
  }
}
