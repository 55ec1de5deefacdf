package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.ServeConfig.Gate;
import dev.flopmeter.serve.config.ServeConfig.History;
import dev.flopmeter.serve.config.ServeConfig.Http;
import dev.flopmeter.serve.config.ServeConfig.Log;
import dev.flopmeter.serve.config.ServeConfig.Metrics;
import dev.flopmeter.serve.config.ServeConfig.Otlp;
import dev.flopmeter.serve.config.ServeConfig.Tls;
import dev.flopmeter.serve.config.ServeConfig.Worker;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.text.NearestName;
import dev.flopmeter.units.Durations;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the configuration file into {@link ServeConfig}. Reports every problem it finds, each with
 * its line and key, before anything is started.
 */
public final class ConfigReader {
  private static final long LARGEST_FILE = 1 << 20;
  private static final int MOST_WORKLOADS = 1000;
  private static final String UNREADABLE = "does not exist or cannot be read";

  private final Map<String, String> environment;
  private final Set<String> builtIn;
  private final Optional<ListenAddress> listen;

  /**
   * A reader.
   *
   * @param environment the process' environment, which {@code history.folder: auto} looks at
   * @param builtIn the models that can be named without a path; empty to take any name
   */
  public ConfigReader(Map<String, String> environment, Set<String> builtIn) {
    this(environment, builtIn, Optional.empty());
  }

  /**
   * A reader that takes one value from elsewhere.
   *
   * @param listen replaces {@code http.listen}
   */
  public ConfigReader(
      Map<String, String> environment, Set<String> builtIn, Optional<ListenAddress> listen) {
    this.environment = Map.copyOf(environment);
    this.builtIn = Set.copyOf(builtIn);
    this.listen = listen;
  }

  /**
   * Reads a file. Paths in it are relative to its folder.
   *
   * @throws ConfigException if it is not there or wrong anywhere
   */
  public ServeConfig read(Path file) throws ConfigException {
    Problems problems = new Problems(file.toString());
    String text = "";
    try {
      if (Files.isDirectory(file)) {
        problems.add(0, "", "is a directory; name a file");
      } else if (Files.size(file) > LARGEST_FILE) {
        problems.add(0, "", "is larger than 1MiB, too large for a configuration");
      } else {
        text = Files.readString(file);
      }
    } catch (NoSuchFileException e) {
      problems.add(0, "", "does not exist; name a configuration file");
    } catch (CharacterCodingException e) {
      problems.add(0, "", "is not UTF-8 text");
    } catch (IOException e) {
      problems.add(0, "", "cannot be read: " + e.getMessage());
    }
    problems.throwIfAny();
    Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    return parse(text, folder, problems);
  }

  /** The configuration of an empty file: the built-in ResNet-50 on the best device. */
  public ServeConfig standard() throws ConfigException {
    return parse(
        "workloads: {resnet50: {model: resnet50}}",
        Path.of("").toAbsolutePath(),
        new Problems("defaults"));
  }

  private ServeConfig parse(String text, Path folder, Problems problems) throws ConfigException {
    YamlNode.Mapping file = YamlReader.read(text, problems);
    Section top = Section.top(file, problems);
    ServeConfig config =
        new ServeConfig(
            http(top.section("http"), folder),
            workloads(top, folder),
            worker(top.section("worker")),
            history(top.section("history"), folder),
            new Log(top.section("log").get(Keys.LOG_FORMAT)),
            metrics(top.section("metrics")),
            otlp(top.section("otlp")));
    problems.throwIfAny();
    return config;
  }

  private Http http(Section http, Path folder) {
    ListenAddress address = http.get(Keys.LISTEN);
    return new Http(
        listen.orElse(address),
        http.list(Keys.NAMES),
        http.get(Keys.RELOAD),
        http.get(Keys.CONNECTIONS).intValue(),
        http.get(Keys.THREADS).intValue(),
        http.get(Keys.REQUEST_TIME),
        http.get(Keys.RESPONSE_TIME),
        http.get(Keys.HEADER_SIZE),
        tls(http.section("tls"), folder),
        users(http.section("users")));
  }

  private static Optional<Tls> tls(Section tls, Path folder) {
    Optional<String> certificate = tls.optional(Keys.TLS_CERTIFICATE);
    Optional<String> key = tls.optional(Keys.TLS_KEY);
    if (certificate.isPresent() != key.isPresent()) {
      Key<String> missing = certificate.isPresent() ? Keys.TLS_KEY : Keys.TLS_CERTIFICATE;
      tls.problem(tls.line(), missing.name(), "is missing; TLS needs a certificate and its key");
    }
    if (certificate.isEmpty() || key.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Tls(
            readable(tls, Keys.TLS_CERTIFICATE, certificate.get(), folder),
            readable(tls, Keys.TLS_KEY, key.get(), folder),
            tls.optional(Keys.TLS_PASSWORD)
                .map(name -> readable(tls, Keys.TLS_PASSWORD, name, folder))));
  }

  private static Path readable(Section section, Key<String> key, String name, Path folder) {
    Path file = folder.resolve(name);
    if (!isReadable(file)) {
      section.problem(section.line(key), key.name(), "\"" + name + "\": " + UNREADABLE);
    }
    return file;
  }

  private static boolean isReadable(Path file) {
    return Files.isReadable(file) && !Files.isDirectory(file);
  }

  private static Map<String, String> users(Section users) {
    Map<String, String> hashes = users.values(Keys.USERS);
    hashes.forEach(
        (name, hash) -> {
          if (!hash.matches("\\$2[abxy]\\$\\d\\d\\$[./A-Za-z0-9]{53}")) {
            users.problem(
                users.line(), name, "is not a bcrypt hash; make one with htpasswd -nBC 10 NAME");
          } else if (Integer.parseInt(hash.substring(4, 6)) > 14) {
            users.problem(
                users.line(), name, "has a cost above 14, which takes seconds per request; use 10");
          }
          if (name.isEmpty() || name.contains(":")) {
            users.problem(
                users.line(), name, "is not a user name: it must not be empty or contain a colon");
          }
        });
    return hashes;
  }

  private List<Workload> workloads(Section top, Path folder) {
    Section section = top.section("workloads");
    List<Workload> workloads = new ArrayList<>();
    section
        .named()
        .forEach(
            (name, workload) -> {
              if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")) {
                section.problem(
                    workload.line(),
                    name,
                    "is not a workload name; use letters, digits, dots, dashes and underscores, 64"
                        + " at most");
              }
              workloads.add(workload(name, workload, folder));
            });
    if (workloads.isEmpty()) {
      section.problem(section.line(), "NAME", "is missing; name at least one workload");
    }
    if (workloads.size() > MOST_WORKLOADS) {
      section.problem(section.line(), "", "contains more than " + MOST_WORKLOADS + " workloads");
    }
    return workloads;
  }

  private Workload workload(String name, Section section, Path folder) {
    Optional<String> model = section.optional(Keys.MODEL);
    if (model.isEmpty() && !section.has(Keys.MODEL.name())) {
      section.problem(
          section.line(), Keys.MODEL.name(), "is missing; name a built-in model or an .onnx file");
    }
    Section gate = section.section("only_when");
    Workload workload =
        new Workload(
            name,
            model.map(text -> located(text, folder)).orElse(""),
            section.list(Keys.DEVICE),
            section.get(Keys.BACKEND),
            section.list(Keys.PRECISION),
            section.list(Keys.BATCH),
            section.list(Keys.INPUT),
            section.get(Keys.LAYOUT),
            section.get(Keys.FUSE),
            section.get(Keys.SEARCH),
            section.get(Keys.INTERVAL),
            section.get(Keys.JITTER),
            section.get(Keys.MAX_TIME),
            section.get(Keys.TIMEOUT),
            new Gate(gate.optional(Keys.UTILIZATION_BELOW), gate.optional(Keys.MEMORY_FREE_ABOVE)));
    if (workload.timeout().compareTo(workload.maxTime()) <= 0) {
      section.problem(
          section.line(Keys.TIMEOUT),
          Keys.TIMEOUT.name(),
          "must be longer than max_time, "
              + Durations.text(workload.maxTime())
              + ", for one batch size alone");
    }
    for (String input : workload.inputs()) {
      String shapes = input.substring(input.lastIndexOf('=') + 1);
      if (shapes.contains("x") && shapes.contains(",")) {
        section.problem(
            section.line(Keys.INPUT),
            Keys.INPUT.name(),
            "\""
                + input
                + "\": several shapes would share one set of metrics; give each a workload");
      }
    }
    model
        .flatMap(text -> modelProblem(text, folder))
        .ifPresent(wrong -> section.problem(section.line(Keys.MODEL), Keys.MODEL.name(), wrong));
    return workload;
  }

  private Optional<String> modelProblem(String model, Path folder) {
    if (model.startsWith("-")) {
      return Optional.of("must not begin with a dash");
    }
    if (isPath(model, folder)) {
      return isReadable(folder.resolve(model))
          ? Optional.empty()
          : Optional.of("\"" + model + "\": " + UNREADABLE);
    }
    if (builtIn.isEmpty() || builtIn.contains(model)) {
      return Optional.empty();
    }
    String hint =
        NearestName.of(model, builtIn)
            .map(near -> "did you mean " + near + "?")
            .orElse("see flopmeter models, or name an .onnx file");
    return Optional.of("\"" + model + "\": not a built-in model; " + hint);
  }

  private boolean isPath(String model, Path folder) {
    return model.contains("/")
        || model.endsWith(".onnx")
        || (!builtIn.contains(model) && Files.exists(folder.resolve(model)));
  }

  /** Built-in names stay; paths are made absolute, since a worker may run elsewhere. */
  private String located(String model, Path folder) {
    return isPath(model, folder) ? folder.resolve(model).normalize().toString() : model;
  }

  private static Worker worker(Section worker) {
    return new Worker(
        worker.get(Keys.GRACE),
        worker.get(Keys.MEMORY),
        worker.get(Keys.MAX_BACKOFF),
        worker.get(Keys.QUARANTINE_AFTER).intValue(),
        worker.get(Keys.QUARANTINE_RETRY));
  }

  private History history(Section history, Path folder) {
    String name = history.get(Keys.FOLDER);
    Optional<Path> kept =
        switch (name) {
          case "none" -> Optional.empty();
          case "auto" -> Optional.of(stateFolder());
          default -> Optional.of(folder.resolve(name).normalize());
        };
    if (kept.filter(Files::exists).filter(path -> !Files.isDirectory(path)).isPresent()) {
      history.problem(
          history.line(Keys.FOLDER), Keys.FOLDER.name(), kept.get() + " is a file; name a folder");
    }
    return new History(
        kept,
        history.get(Keys.HISTORY_SIZE),
        history.get(Keys.HISTORY_AGE),
        history.get(Keys.BASELINE_RUNS).intValue(),
        history.get(Keys.REGRESSION_THRESHOLD));
  }

  /** Where systemd, the XDG specification or habit puts a program's state. */
  private Path stateFolder() {
    String systemd = environment.get("STATE_DIRECTORY");
    if (systemd != null && !systemd.isEmpty()) {
      return Path.of(systemd.split(":", 2)[0]);
    }
    String xdg = environment.get("XDG_STATE_HOME");
    if (xdg != null && xdg.startsWith("/")) {
      return Path.of(xdg, "flopmeter");
    }
    return Path.of(environment.getOrDefault("HOME", "/tmp"), ".local", "state", "flopmeter");
  }

  private static Metrics metrics(Section metrics) {
    return new Metrics(metrics.get(Keys.LAYERS).intValue(), metrics.get(Keys.SERIES).intValue());
  }

  private static Otlp otlp(Section otlp) {
    String url = otlp.get(Keys.OTLP_URL);
    if (!isHttp(url)) {
      otlp.problem(
          otlp.line(Keys.OTLP_URL),
          Keys.OTLP_URL.name(),
          "\"" + url + "\": expected an http or https address");
    }
    return new Otlp(
        otlp.get(Keys.OTLP),
        url,
        otlp.get(Keys.OTLP_INTERVAL),
        otlp.section("headers").values(Keys.OTLP_HEADERS));
  }

  private static boolean isHttp(String url) {
    try {
      URI uri = URI.create(url);
      return uri.getHost() != null && List.of("http", "https").contains(uri.getScheme());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
