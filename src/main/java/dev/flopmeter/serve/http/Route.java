package dev.flopmeter.serve.http;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A path and its handler.
 *
 * @param method {@code GET} (HEAD comes with it) or {@code POST}
 * @param path the whole path, in which a star stands for any one part; empty for every path
 * @param isOpen whether it requires no password
 */
public record Route(String method, String path, boolean isOpen, Handler handler) {
  /** Handles a request. */
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
    return new Route("GET", path, false, handler);
  }

  /** For probes, which send no password. */
  public static Route openGet(String path, Handler handler) {
    return new Route("GET", path, true, handler);
  }

  /** For every path that no route before it matches; needs no password. */
  public static Route any(Handler handler) {
    return new Route("GET", "", true, handler);
  }

  public static Route post(String path, Handler handler) {
    return new Route("POST", path, false, handler);
  }

  /** What stands for the stars in a path, decoded; empty if it is not this route's. */
  Optional<List<String>> names(String requested) {
    if (path.isEmpty()) {
      return Optional.of(List.of());
    }
    String[] own = path.split("/", -1);
    String[] given = requested.split("/", -1);
    List<String> names = new ArrayList<>();
    boolean isSame = own.length == given.length;
    for (int i = 0; isSame && i < own.length; i++) {
      if (own[i].equals("*")) {
        names.add(given[i]);
        isSame = !given[i].isEmpty();
      } else {
        isSame = own[i].equals(given[i]);
      }
    }
    return isSame ? Optional.of(names) : Optional.empty();
  }
}
