package dev.flopmeter.serve.http;

import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The parts of a request that routes need.
 *
 * @param names what the stars of the route match in the path, decoded
 * @param query decoded; the values of each name
 * @param accept the Accept header or empty
 * @param isGzipAccepted whether the client accepts gzip
 * @param body as it comes from the client, without a limit
 */
public record Request(
    List<String> names,
    Map<String, List<String>> query,
    String accept,
    boolean isGzipAccepted,
    InputStream body) {
  /** The last value of the name. */
  public Optional<String> parameter(String name) {
    return parameters(name).stream().reduce((first, next) -> next);
  }

  public List<String> parameters(String name) {
    return query.getOrDefault(name, List.of());
  }
}
