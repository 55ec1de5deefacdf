package dev.flopmeter.cli;

import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import dev.flopmeter.serve.Daemon;
import dev.flopmeter.serve.Daemon.ConfigSource;
import dev.flopmeter.serve.Daemon.RunListener;
import dev.flopmeter.serve.HangupSignal;
import dev.flopmeter.serve.StartCheck;
import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ListenAddress;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code flopmeter serve}: measures workloads at intervals and serves the results. */
final class ServeCommand extends Command {
  private static final String JSON_ENCODER = "dev.flopmeter.serve.JsonLog";

  private final Argument<String> file = option("--config", new Reading.Text());
  private final Argument<Boolean> check = flag("--check");

  private final Argument<ListenAddress> listen = option("--listen", ServeCommand::address);

  private final Argument<Path> webConfig = option("--web.config.file", ModelArguments::path);

  /** A command line that replaces the worker, in tests. */
  private final Argument<String> worker = hidden("--worker");

  @Override
  int run(Console console) throws InterruptedException {
    try {
      ConfigSource source = source();
      if (check.get()) {
        return check(source.read(), console);
      }
      serve(source, console);
      return 0;
    } catch (ConfigException e) {
      e.problems().forEach(console::warn);
    } catch (IOException e) {
      console.warn(String.valueOf(e.getMessage()));
    }
    return Main.BAD_INPUT;
  }

  private int check(ServeConfig config, Console console) throws InterruptedException {
    StartCheck found = StartCheck.of(config, worker());
    found.warnings().forEach(warning -> console.warn("warning: " + warning));
    found.errors().forEach(error -> console.warn(error.toString()));
    if (!found.errors().isEmpty()) {
      return Main.BAD_INPUT;
    }
    console.out().println("the configuration is valid, workloads: " + config.workloads().size());
    return 0;
  }

  private ConfigSource source() {
    // A replaced worker may know other models.
    Set<String> models =
        worker.find().isEmpty()
            ? Zoo.all().stream().map(ZooModel::name).collect(Collectors.toSet())
            : Set.of();
    Optional<String> web = webConfig.find().map(path -> path.toAbsolutePath().toString());
    ConfigReader reader = new ConfigReader(System.getenv(), models, listen.find(), web);
    if (file.find().isPresent()) {
      Path given = Path.of(file.get());
      return () -> reader.read(given);
    }
    String home = System.getProperty("flopmeter.home");
    Path installed = home == null ? null : Path.of(home, "config", "flopmeter.yaml");
    return installed != null && Files.exists(installed)
        ? () -> reader.read(installed)
        : reader::standard;
  }

  private void serve(ConfigSource source, Console console)
      throws ConfigException, IOException, InterruptedException {
    ServeConfig config = source.read();
    if (config.logFormat().equals("json")) {
      // Read when the first logger is created, which is later.
      System.setProperty("flopmeter.log.encoder", JSON_ENCODER);
    }
    Logger logger = LoggerFactory.getLogger(ServeCommand.class);
    RunListener listener = new FirstResult(console.out());
    Daemon daemon =
        Daemon.start(
            new Daemon.Options(
                source,
                worker(),
                Clocks.system(),
                RandomGenerator.getDefault(),
                BuildVersion.get(),
                listener));
    HangupSignal.handle(daemon::reload);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  // The exit code of a JVM that a signal ended is 128 + the signal, as for a crash.
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
    return worker
        .find()
        .map(command -> new WorkerCommand(List.of(command.split(" ")), Map.of()))
        .orElseGet(() -> WorkerCommand.ofThisApplication(System.getProperty("flopmeter.home")));
  }

  private static ListenAddress address(String text) {
    try {
      return ListenAddress.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ModelException("\"" + text + "\": " + e.getMessage(), e);
    }
  }
}
