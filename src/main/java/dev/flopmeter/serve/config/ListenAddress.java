package dev.flopmeter.serve.config;

/**
 * Where the daemon listens.
 *
 * @param host a name or an address, an IPv6 address without its brackets
 * @param port 0 for any free one
 */
public record ListenAddress(String host, int port) {

  /**
   * Parses {@code ADDRESS:PORT}.
   *
   * @throws IllegalArgumentException if it is anything else; the message says what is expected
   */
  public static ListenAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = text.substring(0, Math.max(0, colon));
    String port = text.substring(colon + 1);
    boolean isBracketed = host.startsWith("[") && host.endsWith("]");
    ValueType.require(
        host.matches(isBracketed ? "\\[[0-9A-Fa-f:.%\\w]+]" : "[^\\s\\[\\]:/]+")
            && port.matches("\\d{1,5}")
            && Integer.parseInt(port) <= 65535,
        "expected ADDRESS:PORT, for example 127.0.0.1:19400 or [::1]:19400");
    return new ListenAddress(
        isBracketed ? host.substring(1, host.length() - 1) : host, Integer.parseInt(port));
  }

  /** As it is written in the configuration. */
  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
