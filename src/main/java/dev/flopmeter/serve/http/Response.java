package dev.flopmeter.serve.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A response.
 *
 * @param policy its content security policy; empty for the strictest
 * @param length bytes of the body, or 0 if it is unknown before it is written
 */
public record Response(
    int status, String contentType, boolean isGzipped, long length, Body body, String policy) {
  /** Writes the content. */
  @FunctionalInterface
  public interface Body {
    void write(OutputStream out) throws IOException;
  }

  public static Response text(int status, String text) {
    return of(status, "text/plain; charset=utf-8", text + "\n");
  }

  /** A page with its own policy. */
  public static Response html(String page, String policy) {
    Response plain = of(200, "text/html; charset=utf-8", page);
    return new Response(200, plain.contentType(), false, plain.length(), plain.body(), policy);
  }

  /** An error, in the format of the requested path: {@code {"error":"..."}} under /api/. */
  public static Response error(int status, String path, String message) {
    if (!path.startsWith("/api/")) {
      return text(status, message);
    }
    String json = JsonMapper.shared().writeValueAsString(Map.of("error", message));
    return of(status, "application/json", json + "\n");
  }

  public static Response json(int status, Body body) {
    return new Response(status, "application/json", false, 0, body, "");
  }

  private static Response of(int status, String contentType, String text) {
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    return new Response(status, contentType, false, content.length, out -> out.write(content), "");
  }
}
