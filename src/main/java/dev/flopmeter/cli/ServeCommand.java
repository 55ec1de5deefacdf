package dev.flopmeter.cli;

import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import dev.flopmeter.serve.ConfigSource;
import dev.flopmeter.serve.Daemon;
import dev.flopmeter.serve.HangupSignal;
import dev.flopmeter.serve.RunListener;
import dev.flopmeter.serve.StartCheck;
import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ListenAddress;
import dev.flopmeter.serve.config.Problem;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code flopmeter serve}: measures again and again and serves what it found. */
@Command(
    name = "serve",
    description = "Measures workloads again and again and serves metrics of them.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  private static final String JSON_ENCODER = "ch.qos.logback.classic.encoder.JsonEncoder";

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "configuration; default: config/flopmeter.yaml of the installation")
  private @Nullable Path file;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      converter = ToListenAddress.class,
      description = "address and port, for example 127.0.0.1:9401; overrides http.listen")
  private @Nullable ListenAddress listen;

  @Option(names = "--check", description = "validate the configuration on this host and exit")
  private boolean isChecked;

  /** A command line that stands in for the worker, in tests. */
  @Option(names = "--worker", paramLabel = "COMMAND", hidden = true, split = " ")
  private String @Nullable [] worker;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    try {
      ConfigSource source = source();
      if (isChecked) {
        return check(source.read());
      }
      serve(source);
      return 0;
    } catch (ConfigException e) {
      for (Problem problem : e.problems()) {
        err.println("flopmeter: " + problem);
      }
    } catch (IOException e) {
      err.println("flopmeter: " + e.getMessage());
    }
    err.flush();
    return Main.BAD_INPUT;
  }

  private int check(ServeConfig config) throws InterruptedException {
    StartCheck check = StartCheck.of(config, worker());
    PrintWriter err = spec.commandLine().getErr();
    check.warnings().forEach(warning -> err.println("flopmeter: warning: " + warning));
    check.errors().forEach(error -> err.println("flopmeter: " + error));
    err.flush();
    if (!check.errors().isEmpty()) {
      return Main.BAD_INPUT;
    }
    spec.commandLine()
        .getOut()
        .println("the configuration is valid, workloads: " + config.workloads().size());
    return 0;
  }

  private ConfigSource source() {
    // A worker that stands in may know other models.
    Set<String> models =
        worker == null
            ? Zoo.all().stream().map(ZooModel::name).collect(Collectors.toSet())
            : Set.of();
    ConfigReader reader = new ConfigReader(System.getenv(), models, Optional.ofNullable(listen));
    Path given = file;
    if (given != null) {
      return () -> reader.read(given);
    }
    String home = System.getProperty("flopmeter.home");
    Path installed = home == null ? null : Path.of(home, "config", "flopmeter.yaml");
    return installed != null && Files.exists(installed)
        ? () -> reader.read(installed)
        : reader::standard;
  }

  private void serve(ConfigSource source)
      throws ConfigException, IOException, InterruptedException {
    ServeConfig config = source.read();
    if (config.log().format().equals("json")) {
      // Read when the first logger is made; none was.
      System.setProperty("flopmeter.log.encoder", JSON_ENCODER);
    }
    Logger logger = LoggerFactory.getLogger(ServeCommand.class);
    PrintWriter out = spec.commandLine().getOut();
    RunListener listener = new FirstResult(out);
    Daemon daemon =
        Daemon.start(
            new Daemon.Options(
                source,
                worker(),
                Clocks.system(),
                RandomGenerator.getDefault(),
                version(),
                listener));
    HangupSignal.hear(daemon::reload);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  // The exit code of a JVM that ends by a signal is 128 + the signal, as of a
                  // crash.
                  int code = close(daemon, logger) ? 0 : Main.DEVICE_FAILED;
                  Runtime.getRuntime().halt(code);
                },
                "shutdown"));
    logger.info(
        "serving {}://{}/metrics, {} workloads",
        config.http().tls().isPresent() ? "https" : "http",
        new ListenAddress(config.http().listen().host(), daemon.address().getPort()),
        config.workloads().size());
    new CountDownLatch(1).await(); // until a signal
  }

  /** Whether everything was closed and the history written. */
  private static boolean close(Daemon daemon, Logger logger) {
    try {
      daemon.close();
      logger.info("stopped");
      return true;
    } catch (IOException e) {
      logger.error("the history could not be closed: {}", e.toString());
      return false;
    }
  }

  private WorkerCommand worker() {
    String[] stand = worker;
    return stand == null
        ? WorkerCommand.ofThisApplication(System.getProperty("flopmeter.home"))
        : new WorkerCommand(List.copyOf(Arrays.asList(stand)), Map.of());
  }

  private static String version() throws IOException {
    return new Main.BuildVersion().getVersion()[0].replace("flopmeter ", "");
  }

  /** Reads {@code --listen}. */
  static final class ToListenAddress implements ITypeConverter<ListenAddress> {
    @Override
    public ListenAddress convert(String text) {
      try {
        return ListenAddress.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("\"" + text + "\": " + e.getMessage());
      }
    }
  }
}
