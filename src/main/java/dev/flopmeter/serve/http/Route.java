package dev.flopmeter.serve.http;

import java.io.IOException;

/**
 * A path and its handler.
 *
 * @param method {@code GET} (HEAD comes with it) or {@code POST}
 * @param path the whole path; or its beginning, if it ends in a slash and is not the slash alone;
 *     empty for every path
 * @param isOpen whether it requires no password
 */
public record Route(String method, String path, boolean isOpen, Handler handler) {
  /** Handles a request. */
  @FunctionalInterface
  public interface Handler {
    Response answer(Request request) throws BadRequestException, IOException;
  }

  /** A request that cannot be understood; the message is shown to the client. */
  public static final class BadRequestException extends Exception {
    private static final long serialVersionUID = 1;

    public BadRequestException(String message) {
      super(message);
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

  boolean matches(String requested) {
    return (path.isEmpty() || isPrefix())
        ? requested.startsWith(path) && requested.length() > path.length()
        : requested.equals(path);
  }

  boolean isPrefix() {
    return path.length() > 1 && path.endsWith("/");
  }
}
