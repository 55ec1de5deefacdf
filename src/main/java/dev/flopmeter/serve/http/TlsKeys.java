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
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** A server's keys from the PEM files that other servers use too. */
final class TlsKeys {
  private TlsKeys() {}

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  /** How a key of each algorithm signs. */
  private static final Map<String, String> SIGNATURES =
      Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "EdDSA", "EdDSA");

  /**
   * The certificate's chain and key.
   *
   * @throws IOException if a file is not what it should be, or the two are not of each other; the
   *     message names it
   */
  static X509ExtendedKeyManager read(Tls tls) throws IOException {
    Certificate[] chain = chain(tls.certificate());
    PrivateKey key = key(tls.key());
    try {
      if (!isPair(chain[0].getPublicKey(), key)) {
        throw new IOException(apart(tls));
      }
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("flopmeter-" + UUID.randomUUID(), key, new char[0], chain);
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, new char[0]);
      for (KeyManager manager : managers.getKeyManagers()) {
        if (manager instanceof X509ExtendedKeyManager keys) {
          return keys;
        }
      }
      throw new IOException("http.tls: this Java has no X.509 keys");
    } catch (GeneralSecurityException e) {
      throw new IOException(apart(tls), e);
    }
  }

  private static String apart(Tls tls) {
    return "http.tls: "
        + tls.certificate()
        + " and "
        + tls.key()
        + " do not fit together; give a certificate and its own key";
  }

  /** While files are being replaced, one may be new and the other old. */
  private static boolean isPair(PublicKey open, PrivateKey secret) throws GeneralSecurityException {
    byte[] anything = {1, 2, 3};
    Signature signature =
        Signature.getInstance(
            SIGNATURES.getOrDefault(secret.getAlgorithm(), secret.getAlgorithm()));
    signature.initSign(secret);
    signature.update(anything);
    byte[] signed = signature.sign();
    signature.initVerify(open);
    signature.update(anything);
    return signature.verify(signed);
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
