package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.ServeConfig.Clients;
import dev.flopmeter.serve.config.ServeConfig.Gate;
import dev.flopmeter.serve.config.ServeConfig.History;
import dev.flopmeter.serve.config.ServeConfig.Http;
import dev.flopmeter.serve.config.ServeConfig.Metrics;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.config.ServeConfig.ServerGpu;
import dev.flopmeter.serve.config.ServeConfig.Suites;
import dev.flopmeter.serve.config.ServeConfig.Tls;
import dev.flopmeter.serve.config.ServeConfig.Worker;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.text.NearestName;
import dev.flopmeter.units.Durations;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Reads the configuration file into {@link ServeConfig}. Reports every problem it finds, each with
 * its line and key, before anything is started.
 *
 * @param environment the process' environment, which {@code history.folder: auto} looks at
 * @param builtIn the models that can be named without a path; empty to take any name
 * @param listen replaces {@code http.listen}
 * @param webConfig an absolute path that replaces {@code http.web_config_file}
 */
public record ConfigReader(
    Map<String, String> environment,
    Set<String> builtIn,
    Optional<ListenAddress> listen,
    Optional<String> webConfig) {
  private static final int LARGEST_FILE = 1 << 20;
  private static final int MOST_WORKLOADS = 1000;
  private static final String UNREADABLE = "does not exist or cannot be read";

  /**
   * Reads a file. Paths in it are relative to its folder.
   *
   * @throws ConfigException if it is not there or wrong anywhere
   */
  public ServeConfig read(Path file) throws ConfigException {
    Problems problems = new Problems(file.toString());
    return parse(text(file, problems), folder(file), problems);
  }

  private static Path folder(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
  }

  private static String text(Path file, Problems problems) throws ConfigException {
    String text = "";
    try (InputStream in = Files.newInputStream(file)) {
      if (Files.isDirectory(file)) {
        problems.add(0, "", "is a directory; name a file");
      } else {
        byte[] start = in.readNBytes(LARGEST_FILE + 1); // a pipe or a device has no size
        if (start.length > LARGEST_FILE) {
          problems.add(0, "", "is larger than 1MiB, too large for a configuration");
        } else {
          text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(start)).toString();
        }
      }
    } catch (NoSuchFileException e) {
      problems.add(0, "", "does not exist; name a configuration file");
    } catch (CharacterCodingException e) {
      problems.add(0, "", "is not UTF-8 text");
    } catch (IOException e) {
      problems.add(0, "", "cannot be read: " + e.getMessage());
    }
    problems.throwIfAny();
    return text;
  }

  /** The configuration for an empty file: the built-in ResNet-50 on the best device. */
  public ServeConfig standard() throws ConfigException {
    return parse(
        "workloads: {resnet50: {model: resnet50}}",
        Path.of("").toAbsolutePath(),
        new Problems("defaults"));
  }

  private ServeConfig parse(String text, Path folder, Problems problems) throws ConfigException {
    YamlNode.Mapping file = YamlReader.read(text, problems);
    Section top = Section.top(Key.OWN, file, problems);
    ServeConfig config =
        new ServeConfig(
            http(top.section("http"), folder, problems),
            workloads(top, folder),
            worker(top.section("worker")),
            history(top.section("history"), folder),
            top.section("log").get("format", String.class),
            metrics(top.section("metrics")),
            new OtelVariables(top.section("otlp"), environment).read(),
            node(top.section("node")),
            servers(top.section("servers")));
    problems.throwIfAny();
    return config;
  }

  private Http http(Section http, Path folder, Problems problems) throws ConfigException {
    ListenAddress address = http.get("listen", ListenAddress.class);
    WebConfig web = web(http, folder, problems);
    return new Http(
        listen.orElse(address),
        http.list("names", String.class),
        http.get("reload", Boolean.class),
        http.get("max_connections", Long.class).intValue(),
        http.get("threads", Long.class).intValue(),
        http.get("request_time", Duration.class),
        http.get("response_time", Duration.class),
        http.get("max_header_size", Long.class),
        web.tls(),
        web.users(),
        web.headers());
  }

  /** The web configuration's own file, or its equivalent here. */
  private WebConfig web(Section http, Path folder, Problems problems) throws ConfigException {
    Optional<Tls> tls = tls(http.section("tls"), folder);
    Map<String, String> users = users(http.section("users"));
    Optional<String> name = webConfig.or(() -> http.find("web_config_file", String.class));
    if (name.isEmpty()) {
      return new WebConfig(tls, users, Map.of());
    }
    if (tls.isPresent() || !users.isEmpty()) {
      http.problem("web_config_file", "replaces http.tls and http.users; remove them");
    }
    Path file = folder.resolve(name.get());
    Problems own = problems.of(file.toString());
    Section top = Section.top(Key.WEB, YamlReader.read(text(file, own), own), own);
    return WebConfig.of(top, folder(file));
  }

  private static Optional<Tls> tls(Section tls, Path folder) {
    Optional<String> certificate = tls.find("certificate", String.class);
    Optional<String> key = tls.find("key", String.class);
    Optional<String> password = tls.find("password_file", String.class);
    if (certificate.isPresent() != key.isPresent()) {
      String missing = certificate.isPresent() ? "key" : "certificate";
      tls.problem(missing, "is missing; TLS needs a certificate and its key");
    }
    if (certificate.isEmpty() || key.isEmpty()) {
      password.ifPresent(name -> tls.problem("password_file", "requires certificate and key"));
      return Optional.empty();
    }
    return Optional.of(
        new Tls(
            readable(tls, "certificate", certificate.get(), folder),
            readable(tls, "key", key.get(), folder),
            password.map(name -> readable(tls, "password_file", name, folder)),
            Suites.STANDARD,
            Clients.ANYBODY));
  }

  static Path readable(Section section, String key, String name, Path folder) {
    Path file = folder.resolve(name);
    if (!isReadable(file) || file.toFile().length() > LARGEST_FILE) {
      section.problem(key, "\"" + name + "\": " + UNREADABLE + ", or is larger than 1MiB");
    }
    return file;
  }

  private static boolean isReadable(Path file) {
    return Files.isReadable(file) && Files.isRegularFile(file);
  }

  static Map<String, String> users(Section users) {
    Map<String, String> hashes = users.texts();
    hashes.forEach(
        (name, hash) -> {
          if (!hash.matches("\\$2[abxy]\\$\\d\\d\\$[./A-Za-z0-9]{53}")) {
            users.problem(name, "is not a bcrypt hash; make one with htpasswd -nBC 10 NAME");
          } else if (Integer.parseInt(hash.substring(4, 6)) > 14) {
            users.problem(name, "has a cost above 14, which takes seconds per request; use 10");
          }
          if (name.isEmpty() || name.contains(":")) {
            users.problem(name, "is not a user name: it must not be empty or contain a colon");
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
                    name,
                    "is not a workload name; use letters, digits, dots, dashes and underscores, 64"
                        + " at most");
              }
              workloads.add(workload(name, workload, folder));
            });
    if (workloads.isEmpty()) {
      section.problem("NAME", "is missing; name at least one workload");
    }
    if (workloads.size() > MOST_WORKLOADS) {
      section.problem("", "contains more than " + MOST_WORKLOADS + " workloads");
    }
    return List.copyOf(workloads);
  }

  private Workload workload(String name, Section section, Path folder) {
    Optional<String> model = section.find("model", String.class);
    if (model.isEmpty() && !section.has("model")) {
      section.problem("model", "is missing; name a built-in model or an .onnx file");
    }
    Section gate = section.section("only_when");
    Workload workload =
        new Workload(
            name,
            model.map(text -> located(text, folder)).orElse(""),
            section.list("device", String.class),
            section.get("backend", String.class),
            section.list("precision", String.class),
            section.list("batch", Long.class),
            section.list("input", String.class),
            section.get("layout", String.class),
            section.get("fuse", Boolean.class),
            section.get("search", String.class),
            section.get("imported", Boolean.class),
            section.get("interval", Duration.class),
            section.get("jitter", Double.class),
            section.get("max_time", Duration.class),
            section.get("timeout", Duration.class),
            new Gate(
                gate.find("utilization_below", Double.class),
                gate.find("memory_free_above", Long.class)));
    if (workload.timeout().compareTo(workload.maxTime()) <= 0) {
      section.problem(
          "timeout",
          "must be longer than max_time, "
              + Durations.text(workload.maxTime())
              + ", for one batch size alone");
    }
    for (String input : workload.inputs()) {
      String shapes = input.substring(input.lastIndexOf('=') + 1);
      if (shapes.contains("x") && shapes.contains(",")) {
        section.problem(
            "input",
            "\""
                + input
                + "\": several shapes would share one set of metrics; give each a workload");
      }
    }
    model
        .filter(text -> !workload.imported())
        .flatMap(text -> modelProblem(text, folder))
        .ifPresent(wrong -> section.problem("model", wrong));
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
        worker.get("grace", Duration.class),
        worker.get("max_memory", Long.class),
        worker.get("max_backoff", Duration.class),
        worker.get("quarantine_after", Long.class).intValue(),
        worker.get("quarantine_retry", Duration.class));
  }

  private History history(Section history, Path folder) {
    String name = history.get("folder", String.class);
    Optional<Path> kept =
        switch (name) {
          case "none" -> Optional.empty();
          case "auto" -> Optional.of(stateFolder());
          default -> Optional.of(folder.resolve(name).normalize());
        };
    if (kept.filter(Files::exists).filter(path -> !Files.isDirectory(path)).isPresent()) {
      history.problem("folder", kept.get() + " is a file; name a folder");
    }
    return new History(
        kept,
        history.get("max_size", Long.class),
        history.get("max_age", Duration.class),
        history.get("baseline_runs", Long.class).intValue(),
        history.get("regression_threshold", Double.class));
  }

  /** The place for a program's state by systemd, the XDG specification or convention. */
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
    return new Metrics(
        metrics.get("layers", Long.class).intValue(),
        metrics.get("max_series", Long.class).intValue(),
        metrics.get("histograms", String.class));
  }

  private static Node node(Section node) {
    return new Node(
        node.find("interval", Duration.class),
        node.get("processes", Long.class).intValue(),
        node.find("price_per_gpu_hour", Double.class),
        node.get("gpm", Boolean.class),
        node.list("pod_labels", String.class),
        node.get("pod_resources", String.class));
  }

  private static List<ServerGpu> servers(Section section) {
    List<ServerGpu> gpus = new ArrayList<>();
    section
        .named()
        .forEach(
            (name, server) -> {
              List<String> of =
                  Stream.of("instance", "job", "model")
                      .map(key -> server.find(key, String.class).orElse(""))
                      .toList();
              if (of.stream().filter(value -> !value.isEmpty()).count() != 1) {
                section.problem(name, "must have exactly one of instance, job and model");
              }
              if (!server.has("gpu")) {
                server.problem("gpu", "is missing; list the uuids that nvidia-smi -L shows");
              }
              String precision = server.get("precision", String.class);
              for (String uuid : server.list("gpu", String.class)) {
                gpus.add(new ServerGpu(of.get(0), of.get(1), of.get(2), uuid, precision));
              }
            });
    return List.copyOf(gpus);
  }

  static boolean isHttp(String url) {
    try {
      URI uri = URI.create(url);
      return uri.getHost() != null && List.of("http", "https").contains(uri.getScheme());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
