package dev.flopmeter.serve.http;

import dev.flopmeter.serve.config.ServeConfig.Tls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** TLS from the PEM files that other servers use too. */
final class TlsContext {
  private TlsContext() {}

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  /**
   * A context with the certificate's chain and key.
   *
   * @throws IOException if a file is not what it should be; the message names it
   */
  static SSLContext of(Tls tls) throws IOException {
    Certificate[] chain = chain(tls.certificate());
    PrivateKey key = key(tls.key());
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("flopmeter", key, new char[0], chain);
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "http.tls: " + tls.certificate() + " and " + tls.key() + " do not fit together", e);
    }
  }

  private static Certificate[] chain(Path file) throws IOException {
    try {
      Collection<? extends Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)));
      if (chain.isEmpty()) {
        throw new IOException("http.tls.certificate: " + file + " holds no certificate");
      }
      return chain.toArray(Certificate[]::new);
    } catch (GeneralSecurityException e) {
      throw new IOException("http.tls.certificate: " + file + " is no PEM certificate", e);
    }
  }

  private static PrivateKey key(Path file) throws IOException {
    Matcher pem = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
    if (!pem.find()) {
      throw new IOException(
          "http.tls.key: " + file + " holds no unencrypted PKCS #8 key (BEGIN PRIVATE KEY)");
    }
    byte[] encoded = Base64.getMimeDecoder().decode(pem.group(1));
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (InvalidKeySpecException ignored) {
        // another algorithm's
      } catch (GeneralSecurityException e) {
        throw new IOException("http.tls.key: this Java knows no " + algorithm, e);
      }
    }
    throw new IOException("http.tls.key: " + file + " is no RSA, EC or Ed25519 key");
  }
}
