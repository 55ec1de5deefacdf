package dev.flopmeter.serve.http;

import java.util.Map;
import java.util.Optional;

/**
 * What a route needs of a request.
 *
 * @param path decoded, without the route's prefix
 * @param query decoded; the last of equal names counts
 * @param accept the Accept header or empty
 * @param isGzipAccepted whether the client can unpack
 */
public record Request(
    String path, Map<String, String> query, String accept, boolean isGzipAccepted) {
  public Request {
    query = Map.copyOf(query);
  }

  public Optional<String> parameter(String name) {
    return Optional.ofNullable(query.get(name));
  }
}
