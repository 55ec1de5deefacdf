package dev.flopmeter.serve.http;

import java.io.InputStream;
import java.util.Map;
import java.util.Optional;

/**
 * The parts of a request that routes need.
 *
 * @param path decoded, without the route's prefix
 * @param query decoded; the last value of a name counts
 * @param accept the Accept header or empty
 * @param isGzipAccepted whether the client accepts gzip
 * @param body as it comes from the client, without a limit
 */
public record Request(
    String path,
    Map<String, String> query,
    String accept,
    boolean isGzipAccepted,
    InputStream body) {
  public Request {
    query = Map.copyOf(query);
  }

  public Optional<String> parameter(String name) {
    return Optional.ofNullable(query.get(name));
  }
}
