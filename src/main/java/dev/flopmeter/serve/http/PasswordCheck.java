package dev.flopmeter.serve.http;

import at.favre.lib.crypto.bcrypt.BCrypt;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Basic authentication against bcrypt hashes. bcrypt is slow on purpose, so credentials that were
 * right are remembered as a keyed hash whose key exists in this process only, and few are checked
 * at a time, so that guessing cannot overload the host. An unknown user takes as long as a wrong
 * password.
 *
 * <p>Thread-safe.
 */
final class PasswordCheck {
  enum Verdict {
    RIGHT,
    WRONG,
    /** Too many are being checked. */
    BUSY
  }

  private static final int REMEMBERED = 64;
  private static final int AT_ONCE = 2;
  private static final long MAX_WAIT_SECONDS = 2;

  private final Map<String, String> users;
  private final String unknownUserHash;
  private final SecretKeySpec key;
  private final Semaphore checks = new Semaphore(AT_ONCE, true);
  private final Map<String, byte[]> right = new ConcurrentHashMap<>();

  PasswordCheck(Map<String, String> users) {
    this.users = Map.copyOf(users);
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    key = new SecretKeySpec(secret, "HmacSHA256");
    // As expensive as the most expensive real hash.
    int cost =
        users.values().stream()
            .mapToInt(hash -> Integer.parseInt(hash.substring(4, 6)))
            .max()
            .orElse(10);
    unknownUserHash =
        BCrypt.withDefaults()
            .hashToString(
                cost, Base64.getEncoder().encodeToString(secret).substring(0, 24).toCharArray());
  }

  /** Checks the value of an Authorization header; null if it is missing. Without users, all may. */
  Verdict check(@Nullable String header) throws InterruptedException {
    if (users.isEmpty()) {
      return Verdict.RIGHT;
    }
    if (header == null || !header.regionMatches(true, 0, "Basic ", 0, 6)) {
      return Verdict.WRONG;
    }
    String given;
    try {
      byte[] decoded = Base64.getDecoder().decode(header.substring(6).strip());
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(decoded));
      given = text.toString();
    } catch (IllegalArgumentException | CharacterCodingException e) {
      return Verdict.WRONG;
    }
    int colon = given.indexOf(':');
    if (colon < 0) {
      return Verdict.WRONG;
    }
    String user = given.substring(0, colon);
    byte[] fingerprint = fingerprint(given);
    if (MessageDigest.isEqual(right.get(user), fingerprint)) {
      return Verdict.RIGHT;
    }
    if (!checks.tryAcquire(MAX_WAIT_SECONDS, TimeUnit.SECONDS)) {
      return Verdict.BUSY;
    }
    try {
      return verify(user, given.substring(colon + 1), fingerprint);
    } finally {
      checks.release();
    }
  }

  private Verdict verify(String user, String password, byte[] fingerprint) {
    String hash = users.get(user);
    byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
    // bcrypt uses no more; a longer password was also cut when its hash was created.
    byte[] cut = bytes.length > 72 ? Arrays.copyOf(bytes, 72) : bytes;
    byte[] against = (hash == null ? unknownUserHash : hash).getBytes(StandardCharsets.US_ASCII);
    boolean isRight = BCrypt.verifyer().verify(cut, against).verified && hash != null;
    if (isRight && right.size() < REMEMBERED) {
      right.put(user, fingerprint);
    }
    return isRight ? Verdict.RIGHT : Verdict.WRONG;
  }

  private byte[] fingerprint(String credentials) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal(credentials.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }
}
