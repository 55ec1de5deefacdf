package dev.flopmeter.serve.http;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A path and its handler.
 *
 * @param method {@code GET} (HEAD comes with it) or {@code POST}
 * @param path matches the whole path, its groups are passed to the handler
 * @param isOpen whether it requires no password
 * @param isLarge whether an answer may take megabytes of memory, until the client has read it; few
 *     of these are answered at a time
 */
public record Route(String method, Pattern path, boolean isOpen, boolean isLarge, Handler handler) {
  @FunctionalInterface
  public interface Handler {
    Response answer(Request request) throws BadRequestException, IOException;
  }

  /** A request that is refused; the message is shown to the client. */
  public static final class BadRequestException extends Exception {
    private static final long serialVersionUID = 1;

    private final int status;

    public BadRequestException(int status, String message) {
      super(message);
      this.status = status;
    }

    /** One that cannot be understood. */
    public BadRequestException(String message) {
      this(400, message);
    }

    int status() {
      return status;
    }
  }

  public static Route get(String path, Handler handler) {
    return new Route("GET", pattern(path), false, false, handler);
  }

  public static Route post(String path, Handler handler) {
    return new Route("POST", pattern(path), false, false, handler);
  }

  /** For every path that no route before it matches. */
  public static Route any(Handler handler) {
    return new Route("GET", Pattern.compile("(?s).*"), false, false, handler);
  }

  /** The same for all, such as probes, which send no password. */
  public Route open() {
    return new Route(method, path, true, isLarge, handler);
  }

  /** The same with large answers. */
  public Route large() {
    return new Route(method, path, isOpen, true, handler);
  }

  /** A path in which a star matches any one part. */
  private static Pattern pattern(String path) {
    return Pattern.compile(path.replace("*", "([^/]+)"));
  }

  /** What the stars in a path match, decoded; empty if it is not this route's. */
  Optional<List<String>> names(String requested) {
    Matcher parts = path.matcher(requested);
    return parts.matches()
        ? Optional.of(IntStream.rangeClosed(1, parts.groupCount()).mapToObj(parts::group).toList())
        : Optional.empty();
  }
}
