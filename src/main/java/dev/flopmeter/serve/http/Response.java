package dev.flopmeter.serve.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A response.
 *
 * @param length bytes of the body, or 0 if it is unknown before it is written
 * @param headers besides those that every response has, or in their place
 */
public record Response(int status, long length, Body body, Map<String, String> headers) {
  private static final String TYPE = "Content-Type";
  private static final String JSON = "application/json";

  @FunctionalInterface
  public interface Body {
    void write(OutputStream out) throws IOException;
  }

  public static Response text(int status, String text) {
    return of(status, "text/plain; charset=utf-8", text + "\n");
  }

  /** A page with its own content security policy. */
  public static Response html(String page, String policy) {
    return of(200, "text/html; charset=utf-8", page).with("Content-Security-Policy", policy);
  }

  /** An error, in the format of the requested path: {@code {"error":"..."}} under /api/. */
  public static Response error(int status, String path, String message) {
    if (!path.startsWith("/api/")) {
      return text(status, message);
    }
    String json = JsonMapper.shared().writeValueAsString(Map.of("error", message));
    return of(status, JSON, json + "\n");
  }

  public static Response json(int status, Body body) {
    return new Response(status, 0, body, Map.of(TYPE, JSON));
  }

  /** One whose body is these bytes, one after another. */
  public static Response of(int status, String contentType, List<byte[]> pieces) {
    long length = pieces.stream().mapToLong(piece -> piece.length).sum();
    Body body =
        out -> {
          for (byte[] piece : pieces) {
            out.write(piece);
          }
        };
    return new Response(status, length, body, Map.of(TYPE, contentType));
  }

  /** The same with another header. */
  public Response with(String name, String value) {
    Map<String, String> all = new HashMap<>(headers);
    all.put(name, value);
    return new Response(status, length, body, all);
  }

  private static Response of(int status, String contentType, String text) {
    return of(status, contentType, List.of(text.getBytes(StandardCharsets.UTF_8)));
  }
}
