package dev.flopmeter.serve.http;

import dev.flopmeter.serve.config.ServeConfig.Tls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Comparator;

/** The certificate that a server shows. */
public final class CertificateFile {
  private CertificateFile() {}

  /**
   * When the first certificate of the chain expires that does.
   *
   * @throws IOException if the file cannot be read or holds no certificate
   */
  public static Instant expiry(Tls tls) throws IOException {
    try {
      return CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(tls.certificate())))
          .stream()
          .map(CertificateFile::expiry)
          .min(Comparator.naturalOrder())
          .orElseThrow(() -> new IOException(tls.certificate() + " contains no certificate"));
    } catch (CertificateException e) {
      throw new IOException(tls.certificate() + " is not a PEM certificate", e);
    }
  }

  private static Instant expiry(Certificate certificate) {
    return certificate instanceof X509Certificate x509
        ? x509.getNotAfter().toInstant()
        : Instant.MAX;
  }
}
