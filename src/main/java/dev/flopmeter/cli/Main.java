package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.serve.worker.ParentWatch;
import dev.flopmeter.serve.worker.WorkerCommand;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code flopmeter}: the root under which every other command hangs. */
@Command(
    name = "flopmeter",
    description = "Tells how much of a GPU a neural network really uses.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.BuildVersion.class)
public final class Main implements Runnable {
  /** Exit code: wrong usage or bad input. */
  static final int BAD_INPUT = 2;

  /** Exit code: the device or its libraries failed, or the result could not be written. */
  static final int DEVICE_FAILED = 3;

  private static final int LONGEST_MESSAGE = 600;
  private static final String HELP = "help";

  @Spec private CommandSpec spec;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "print the stack trace of an error")
  private boolean isVerbose;

  public static void main(String[] args) {
    if (System.getenv(WorkerCommand.UNDER_DAEMON) != null) {
      ParentWatch.start();
    }
    if (!System.getProperty("user.home").startsWith("/")) {
      // A user that the system does not know: JNA would make a folder called "?" here.
      System.setProperty("jna.tmpdir", System.getProperty("java.io.tmpdir"));
    }
    System.exit(
        run(
            new FileOutputStream(FileDescriptor.out),
            new PrintWriter(System.err, true, Charset.defaultCharset()),
            args));
  }

  /**
   * Runs one command.
   *
   * @param out receives the command's data, as UTF-8
   * @return the exit code
   */
  static int run(OutputStream out, PrintWriter err, String... args) {
    OutputSink sink = new OutputSink(out);
    PrintWriter writer = new PrintWriter(sink, false, StandardCharsets.UTF_8);
    try {
      int code = commandLine(args).setOut(writer).setErr(err).execute(args);
      writer.flush();
      sink.check("standard output");
      return code;
    } catch (OutputException e) {
      err.println("flopmeter: " + oneLine(String.valueOf(e.getMessage())));
      return DEVICE_FAILED;
    } catch (OutOfMemoryError e) {
      err.println(
          "flopmeter: this needs more memory than Java's heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MB; set FLOPMETER_JAVA_OPTS=-Xmx... to give it more");
      return BAD_INPUT;
    } catch (StackOverflowError e) {
      err.println("flopmeter: the input is nested too deeply");
      return BAD_INPUT;
    }
  }

  /** The commands, by name, in the order the help lists them. */
  private static Map<String, Supplier<Object>> commands() {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("count", CountCommand::new);
    commands.put("profile", ProfileCommand::new);
    commands.put("serve", ServeCommand::new);
    commands.put("compare", CompareCommand::new);
    commands.put("roof", RoofCommand::new);
    commands.put("devices", DevicesCommand::new);
    commands.put("doctor", DoctorCommand::new);
    commands.put("conformance", ConformanceCommand::new);
    commands.put("models", ModelsCommand::new);
    commands.put("units", UnitsCommand::new);
    commands.put("completion", CompletionCommand::new);
    return commands;
  }

  /**
   * The command line for {@code args}. Only the command that is called is set up: reading the
   * options of all the others would cost a short command most of its time.
   */
  static CommandLine commandLine(String... args) {
    Main main = new Main();
    CommandLine root = new CommandLine(main);
    List<String> words = Stream.of(args).filter(word -> !word.startsWith("-")).limit(2).toList();
    boolean isHelp = !words.isEmpty() && words.get(0).equals(HELP);
    String name = words.size() > 1 && isHelp ? words.get(1) : words.isEmpty() ? "" : words.get(0);
    Supplier<Object> called = commands().get(name);
    if (called != null) {
      root.addSubcommand(name, called.get());
    } else {
      commands().forEach((each, command) -> root.addSubcommand(each, command.get()));
    }
    root.getSubcommands()
        .values()
        .forEach(each -> each.getCommandSpec().versionProvider(new BuildVersion()));
    if (called == null || isHelp) {
      root.addSubcommand(new CommandLine.HelpCommand());
    }
    root.setExecutionExceptionHandler((error, command, parsed) -> main.report(error, command));
    root.setParameterExceptionHandler((error, parsed) -> main.refuse(error));
    return root;
  }

  private int report(Exception error, CommandLine command) {
    PrintWriter err = command.getErr();
    if (isVerbose) {
      error.printStackTrace(err);
    }
    boolean isKnown =
        error instanceof ModelException
            || error instanceof BackendException
            || error instanceof OutputException;
    String message = error.getMessage();
    err.println(
        "flopmeter: "
            + oneLine(isKnown && message != null ? message : "internal error: " + error)
            + (isKnown || isVerbose ? "" : " (use --verbose for the stack trace)"));
    err.flush();
    return error instanceof ModelException ? BAD_INPUT : DEVICE_FAILED;
  }

  private int refuse(ParameterException error) {
    CommandLine command = error.getCommandLine();
    PrintWriter err = command.getErr();
    if (isVerbose) {
      error.printStackTrace(err);
    }
    String message = String.valueOf(error.getMessage());
    boolean pointsToHelp = message.contains("--help");
    err.println(
        "flopmeter: "
            + oneLine(message)
            + (pointsToHelp
                ? ""
                : "; see " + command.getCommandSpec().qualifiedName() + " --help"));
    err.flush();
    return BAD_INPUT;
  }

  /**
   * What a terminal can take: names in a hostile file may be long and hold control characters. A
   * long message keeps its start, which says where, and its end, which says what.
   */
  static String oneLine(String message) {
    return Cut.middle(Printable.oneLine(message), LONGEST_MESSAGE);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given; see flopmeter --help");
  }

  /** The version that the build wrote into the jar. */
  static final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      Properties build = new Properties();
      try (InputStream in = Main.class.getResourceAsStream("/dev/flopmeter/build.properties")) {
        build.load(in);
      }
      return new String[] {"flopmeter " + build.getProperty("version")};
    }
  }
}
