package dev.flopmeter.serve.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.flopmeter.serve.config.ListenAddress;
import dev.flopmeter.serve.config.ServeConfig.Http;
import dev.flopmeter.serve.http.PasswordCheck.Verdict;
import dev.flopmeter.serve.http.Route.BadRequestException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server: a fixed list of routes, matched as whole paths, so there is nothing to traverse.
 * Connections, threads, header size and request time are limited; a slow client loses its
 * connection.
 */
public final class HttpService implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(HttpService.class);
  private static final int MOST_HEADERS = 100;
  private static final int LARGE_AT_ONCE = 2;

  /**
   * Parsing a header takes up to 8 times its size; this leaves a third of the heap for the rest.
   */
  private static final long HEAP_PER_HEADER_BYTE = 12;

  private final HttpServer server;
  private final ThreadPoolExecutor threads;

  /** Null without TLS. */
  private final @Nullable TlsKeys keys;

  private volatile List<Route> routes;
  private volatile PasswordCheck passwords;
  private volatile OriginCheck origins;
  private volatile Map<String, String> added;
  private final long maxHeaderSize;
  private final Semaphore large = new Semaphore(LARGE_AT_ONCE);

  private HttpService(Http http, List<Route> routes) throws IOException {
    InetSocketAddress address = address(http.listen());
    this.keys = http.tls().isPresent() ? TlsKeys.read(http.tls().get()) : null;
    this.server = keys == null ? HttpServer.create() : tlsServer(keys);
    try {
      server.bind(address, http.maxConnections());
    } catch (IOException e) {
      throw cannotListen(http.listen(), e);
    }
    this.threads = threads(http.threads());
    this.routes = List.copyOf(routes);
    this.passwords = new PasswordCheck(http.users());
    this.origins = new OriginCheck(http);
    this.added = http.headers();
    this.maxHeaderSize = http.maxHeaderSize();
  }

  /**
   * Serves requests until it is closed.
   *
   * @throws IOException if the address is in use or invalid, or TLS cannot be set up; the message
   *     is one line for a person
   */
  public static HttpService start(Http http, List<Route> routes) throws IOException {
    // Read by the JDK's server when its classes are loaded, so before the first mention of one.
    System.setProperty(
        "sun.net.httpserver.maxReqTime", Long.toString(http.requestTime().toSeconds()));
    System.setProperty(
        "sun.net.httpserver.maxRspTime", Long.toString(http.responseTime().toSeconds()));
    // At the JDK's own limit, it closes the connection without a response.
    String readable = Long.toString(readableHeader(http, Runtime.getRuntime().maxMemory()));
    System.setProperty("sun.net.httpserver.maxReqHeaders", readable);
    System.setProperty("sun.net.httpserver.maxReqHeaderSize", readable);
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("jdk.httpserver.maxConnections", Integer.toString(http.maxConnections()));
    HttpService service = new HttpService(http, routes);
    service.server.setExecutor(service.threads);
    service.server.createContext("/", service::handle);
    service.server.start();
    return service;
  }

  /**
   * Bytes of headers that are read before the connection is closed. Headers above the limit still
   * get a response, if headers on all threads at once fit the heap.
   */
  static long readableHeader(Http http, long heapBytes) {
    long room = heapBytes / (HEAP_PER_HEADER_BYTE * http.threads());
    return Math.max(2 * http.maxHeaderSize(), Math.min(1 << 20, room));
  }

  /**
   * Fails where {@link #start} would, without answering anything.
   *
   * @throws BindException if only the port is taken
   * @throws IOException for everything else; the message is one line for a person
   */
  public static void check(Http http) throws IOException {
    if (http.tls().isPresent()) {
      TlsKeys.read(http.tls().get());
    }
    InetSocketAddress address = address(http.listen());
    try (ServerSocketChannel channel = ServerSocketChannel.open()) {
      channel.bind(address);
    } catch (IOException e) {
      throw cannotListen(http.listen(), e);
    }
  }

  private static IOException cannotListen(ListenAddress address, IOException cause) {
    String said = String.valueOf(cause.getMessage());
    String line =
        "cannot listen on " + address + ": " + said + "; change http.listen or use --listen";
    IOException failure = said.contains("in use") ? new BindException(line) : new IOException(line);
    failure.initCause(cause);
    return failure;
  }

  private static HttpServer tlsServer(TlsKeys keys) throws IOException {
    SSLContext context = keys.context();
    HttpsServer server = HttpsServer.create();
    server.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            parameters.setSSLParameters(keys.parameters(context.getSupportedSSLParameters()));
          }
        });
    return server;
  }

  private static InetSocketAddress address(ListenAddress listen) throws IOException {
    try {
      return new InetSocketAddress(InetAddress.getByName(listen.host()), listen.port());
    } catch (UnknownHostException e) {
      throw new IOException(
          "cannot listen on %s: %s is not an address of this host; change http.listen or use --listen"
              .formatted(listen, listen.host()),
          e);
    }
  }

  private static ThreadPoolExecutor threads(int most) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            most,
            most,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(null, task, "http-" + number.incrementAndGet(), 256 << 10);
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /** Where it listens; the port is the real one where any was asked for. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  /** When the certificate in use expires; null without TLS. */
  public @Nullable Instant certificateExpiry() {
    return keys == null ? null : keys.expiry();
  }

  /** Replaces the routes. */
  public void serve(List<Route> next) {
    routes = List.copyOf(next);
  }

  /**
   * Applies new users and certificates; TLS cannot be turned on or off.
   *
   * @throws IOException if the certificate is not accepted; then nothing has changed
   */
  public void reload(Http http) throws IOException {
    if (keys != null && http.tls().isPresent()) {
      keys.reload(http.tls().get());
    }
    passwords = new PasswordCheck(http.users());
    origins = new OriginCheck(http);
    added = http.headers();
  }

  private void handle(HttpExchange exchange) {
    String path = Optional.ofNullable(exchange.getRequestURI().getPath()).orElse("");
    List<Route> matching = routes.stream().filter(route -> route.names(path).isPresent()).toList();
    boolean isLarge = matching.stream().anyMatch(Route::isLarge);
    boolean isTurn = false;
    try (exchange) {
      isTurn = !isLarge || large.tryAcquire(1, TimeUnit.SECONDS);
      send(
          exchange,
          isTurn
              ? response(exchange, path, matching)
              : Response.error(503, path, "too many large answers at once; try again")
                  .with("Retry-After", "1"));
    } catch (IOException e) {
      logger.debug("client {} disconnected: {}", exchange.getRemoteAddress(), e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      logger.error(
          "{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI().getPath(), e);
    } finally {
      large.release(isLarge && isTurn ? 1 : 0);
    }
  }

  private Response response(HttpExchange exchange, String path, List<Route> matching)
      throws IOException, InterruptedException {
    if (isTooLarge(exchange)) {
      return Response.text(431, "request headers are larger than http.max_header_size");
    }
    boolean isOpen = !matching.isEmpty() && matching.get(0).isOpen();
    Headers headers = exchange.getRequestHeaders();
    Verdict verdict = isOpen ? Verdict.RIGHT : passwords.check(headers.getFirst("Authorization"));
    if (verdict == Verdict.WRONG) {
      return Response.error(401, path, "name and password required")
          .with("WWW-Authenticate", "Basic realm=\"flopmeter\"");
    }
    if (verdict == Verdict.BUSY) {
      return Response.error(503, path, "too many password checks are pending; try again");
    }
    if (matching.isEmpty()) {
      return Response.error(404, path, "not found; see /");
    }
    String method =
        exchange.getRequestMethod().equals("HEAD") ? "GET" : exchange.getRequestMethod();
    Optional<Route> route =
        matching.stream().filter(one -> one.method().equals(method)).findFirst();
    if (route.isEmpty()) {
      String allowed = matching.stream().map(Route::method).collect(Collectors.joining(", "));
      return Response.error(405, path, "use " + allowed).with("Allow", allowed);
    }
    Optional<String> refusal =
        method.equals("POST")
            ? origins.refusal(headers.getFirst("Host"), headers.getFirst("Origin"))
            : Optional.empty();
    return refusal.isPresent()
        ? Response.error(403, path, refusal.get())
        : answer(route.get(), exchange, path);
  }

  private boolean isTooLarge(HttpExchange exchange) {
    long count = 0;
    long size = exchange.getRequestURI().toString().length();
    for (Map.Entry<String, List<String>> header : exchange.getRequestHeaders().entrySet()) {
      for (String value : header.getValue()) {
        count++;
        size += header.getKey().length() + value.length() + 4L; // colon, space, end of line
      }
    }
    return count > MOST_HEADERS || size > maxHeaderSize;
  }

  private static Response answer(Route route, HttpExchange exchange, String path)
      throws IOException {
    try {
      Headers headers = exchange.getRequestHeaders();
      return route
          .handler()
          .answer(
              new Request(
                  route.names(path).orElseThrow(),
                  query(exchange.getRequestURI()),
                  header(headers, "Accept"),
                  isGzipAccepted(header(headers, "Accept-Encoding")),
                  exchange.getRequestBody()));
    } catch (BadRequestException e) {
      return Response.error(e.status(), path, String.valueOf(e.getMessage()));
    }
  }

  static boolean isGzipAccepted(String encodings) {
    return Stream.of(encodings.toLowerCase(Locale.ROOT).replaceAll("\\s", "").split(","))
        .anyMatch(one -> one.matches("(x-)?gzip(;(?!q=0(\\.0*)?$).*)?"));
  }

  private static String header(Headers headers, String name) {
    List<String> values = headers.get(name);
    return values == null ? "" : String.join(",", values);
  }

  /** Responses are for the client alone: no sniffing, framing, caching or foreign script. */
  private void harden(Headers headers) {
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("X-Frame-Options", "DENY");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cache-Control", "no-store");
    headers.set("Vary", "Accept, Accept-Encoding");
    headers.set(
        "Content-Security-Policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    if (keys != null) {
      headers.set("Strict-Transport-Security", "max-age=31536000");
    }
  }

  private void send(HttpExchange exchange, Response response) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    harden(headers);
    response.headers().forEach(headers::set);
    added.forEach(headers::set);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(response.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(response.status(), response.length());
    // Not closed if writing fails: closing the exchange then ends the connection, while a closed
    // body would leave the client waiting for the rest.
    OutputStream out = new SmallWrites(exchange.getResponseBody());
    response.body().write(out);
    out.close();
  }

  private static Map<String, List<String>> query(URI uri) throws BadRequestException {
    Map<String, List<String>> parameters = new HashMap<>();
    @Nullable String raw = uri.getRawQuery();
    if (raw == null || raw.isEmpty()) {
      return parameters;
    }
    try {
      for (String pair : raw.split("&", -1)) {
        String[] parts = pair.split("=", 2);
        String name = URLDecoder.decode(parts[0], StandardCharsets.UTF_8);
        String value = parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
        parameters.computeIfAbsent(name, any -> new ArrayList<>()).add(value);
      }
    } catch (IllegalArgumentException e) {
      throw new BadRequestException("the query is not encoded correctly");
    }
    return parameters;
  }

  @Override
  public void close() {
    server.stop(1);
    threads.shutdownNow();
  }
}
