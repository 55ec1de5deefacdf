package dev.flopmeter.serve.http;

import dev.flopmeter.serve.config.ServeConfig.Http;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Rejects requests with side effects that a browser sends for another site's page: the page names
 * its own site as origin (CSRF), or has pointed its own name at this address (DNS rebinding).
 * Programs such as curl send no origin.
 */
final class OriginCheck {
  private static final Pattern ADDRESS = Pattern.compile("\\[.*]|\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern ORIGIN = Pattern.compile("https?://([^/@]+)");

  private final List<String> configured;
  private final Set<String> names = new HashSet<>();

  OriginCheck(Http http) {
    configured = http.names().stream().map(OriginCheck::lower).toList();
    names.addAll(configured);
    names.add("localhost");
    names.add(lower(http.listen().host()));
    try {
      // Not from InetAddress, which may wait for a name server.
      names.add(lower(Files.readString(Path.of("/proc/sys/kernel/hostname")).strip()));
    } catch (IOException ignored) {
      // not Linux; the name can be configured
    }
  }

  /** Why a request is refused; empty if it may pass. */
  Optional<String> refusal(@Nullable String host, @Nullable String origin) {
    String name = host == null ? "" : name(host);
    if (!names.contains(name) && !ADDRESS.matcher(name).matches()) {
      return Optional.of("the Host header is not a name of this daemon; see http.names");
    }
    if (origin == null) {
      return Optional.empty();
    }
    Matcher page = ORIGIN.matcher(lower(origin));
    // A proxy may have changed the Host header, but not the origin.
    boolean isOwn =
        page.matches()
            && (page.group(1).equals(lower(String.valueOf(host)))
                || configured.contains(name(page.group(1))));
    return isOwn ? Optional.empty() : Optional.of("the Origin header names another site");
  }

  /** A host without its port. */
  private static String name(String authority) {
    return lower(authority).replaceFirst(":\\d{1,5}$", "");
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
