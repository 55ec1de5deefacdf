package dev.flopmeter.cli;

import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import dev.flopmeter.serve.ConfigSource;
import dev.flopmeter.serve.Daemon;
import dev.flopmeter.serve.HangupSignal;
import dev.flopmeter.serve.RunListener;
import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ConfigReader;
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
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flopmeter serve}: measures again and again and serves what it found. */
@Command(
    name = "serve",
    description = "Measures workloads again and again and serves metrics of them.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  private static final Logger logger = LoggerFactory.getLogger(ServeCommand.class);

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "configuration; default: config/flopmeter.yaml of the installation")
  private @Nullable Path file;

  @Option(names = "--check", description = "check the configuration and end")
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
        int workloads = source.read().workloads().size();
        spec.commandLine().getOut().println("configuration is good, workloads: " + workloads);
        return 0;
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

  private ConfigSource source() {
    // A worker that stands in may know other models.
    Set<String> models =
        worker == null
            ? Zoo.all().stream().map(ZooModel::name).collect(Collectors.toSet())
            : Set.of();
    ConfigReader reader = new ConfigReader(System.getenv(), models);
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
                  int code = close(daemon) ? 0 : Main.DEVICE_FAILED;
                  Runtime.getRuntime().halt(code);
                },
                "shutdown"));
    String scheme = config.http().tls().isPresent() ? "https" : "http";
    String host = config.http().host();
    logger.info(
        "serving {}://{}:{}/metrics, {} workloads",
        scheme,
        host.contains(":") ? "[" + host + "]" : host,
        daemon.address().getPort(),
        config.workloads().size());
    new CountDownLatch(1).await(); // until a signal
  }

  /** Whether everything was closed and the history written. */
  private static boolean close(Daemon daemon) {
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
}
