package dev.flopmeter.cli;

import dev.flopmeter.cli.output.OutputException;
import dev.flopmeter.cli.output.OutputSink;
import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.serve.worker.ParentWatch;
import dev.flopmeter.serve.worker.WorkerCommand;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.NearestName;
import dev.flopmeter.text.Printable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** The program {@code flopmeter}: finds the command, reads its arguments and runs it. */
public final class Main {
  /** Exit code: wrong usage or bad input. */
  static final int BAD_INPUT = 2;

  /** Exit code: the device or its libraries failed, or the result could not be written. */
  static final int DEVICE_FAILED = 3;

  /**
   * All commands, in order; the first text is for the list of commands, the others for its help.
   */
  private static final Map<String, List<String>> COMMANDS = Csv.byWord(Main.class, "commands.csv");

  private static final String HELP = "help";
  private static final int LONGEST_MESSAGE = 600;

  private Main() {}

  public static void main(String[] args) {
    if (System.getenv(WorkerCommand.UNDER_DAEMON) != null) {
      ParentWatch.start();
    }
    if (!System.getProperty("user.home").startsWith("/")) {
      // A user that the system does not know: JNA would make a folder called "?" here.
      System.setProperty("jna.tmpdir", System.getProperty("java.io.tmpdir"));
    }
    // picocli would search every library for Groovy, and for types that no option here uses.
    System.setProperty("picocli.disable.closures", "true");
    System.setProperty("picocli.converters.excludes", "java.(time|sql|nio|net|util).*");
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
    PrintWriter writer =
        new PrintWriter(sink, false, StandardCharsets.UTF_8) {
          @Override
          public boolean checkError() {
            flush();
            return sink.isBroken(); // which does not report failures to its writers
          }
        };
    Console console = new Console(writer, err);
    try {
      int code = execute(console, new ArrayList<>(List.of(args)));
      console.out().flush();
      sink.check("standard output");
      return code;
    } catch (OutputException e) {
      console.warn(String.valueOf(e.getMessage()));
      return DEVICE_FAILED;
    } catch (OutOfMemoryError e) {
      console.warn(
          "this requires more memory than Java's heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MB; increase it with FLOPMETER_JAVA_OPTS=-Xmx...");
      return BAD_INPUT;
    } catch (StackOverflowError e) {
      console.warn("the input is nested too deeply");
      return BAD_INPUT;
    }
  }

  /**
   * The first word is the command, in any position among the options. Only that command is set up:
   * declaring all of them would cost a short command most of its time.
   */
  private static int execute(Console console, List<String> args) {
    boolean isHelp = HELP.equals(firstWord(args));
    if (isHelp) {
      args.remove(HELP);
      args.add("--help");
    }
    String name = firstWord(args);
    if (!name.isEmpty() && !COMMANDS.containsKey(name)) {
      console.warn(
          "there is no command '%s'%ssee flopmeter --help"
              .formatted(name, NearestName.question(name, List.copyOf(COMMANDS.keySet()))));
      return BAD_INPUT;
    }
    if (!name.isEmpty()) {
      args.remove(name);
    }
    boolean isVerbose = args.contains("--verbose");
    try {
      Command command = name.isEmpty() ? null : command(name);
      if (command != null && command.readPlain(args)) {
        return command.run(console);
      } else if (command == null && args.equals(List.of("--version"))) {
        return version(console);
      }
      return parsed(name, command, args, console);
    } catch (IOException | InterruptedException | RuntimeException e) {
      return report(e, console, isVerbose);
    }
  }

  /** Parses a command line that is not plain, and runs it or reports the error. */
  private static int parsed(
      String name, @Nullable Command command, List<String> args, Console console)
      throws IOException, InterruptedException {
    CommandLine line =
        command == null
            ? program(false)
            : new CommandLine(described(name).name("flopmeter " + name));
    List<Argument<?>> declared = command == null ? List.of() : command.declared();
    PicocliArguments arguments = PicocliArguments.of(declared, line.getCommandSpec());
    ParseResult parsed = line.parseArgs(args.toArray(String[]::new));
    arguments.set();
    if (parsed.isUsageHelpRequested()) {
      line.usage(console.out());
      return 0;
    } else if (parsed.isVersionHelpRequested()) {
      return version(console);
    } else if (command == null) {
      console.warn("no command given; see flopmeter --help");
      return BAD_INPUT;
    }
    return command.run(console);
  }

  private static int version(Console console) {
    console.out().println("flopmeter " + BuildVersion.get());
    return 0;
  }

  private static String firstWord(List<String> args) {
    for (String each : args) {
      if (!each.startsWith("-")) {
        return each;
      }
    }
    return "";
  }

  private static Command command(String name) {
    return switch (name) {
      case "count" -> new CountCommand();
      case "profile" -> new ProfileCommand();
      case "serve" -> new ServeCommand();
      case "run" -> new RunCommand();
      case "compare" -> new CompareCommand();
      case "import" -> new ImportCommand();
      case "export" -> new ExportCommand();
      case "roof" -> new RoofCommand();
      case "devices" -> new DevicesCommand();
      case "top" -> new TopCommand();
      case "doctor" -> new DoctorCommand();
      case "conformance" -> new ConformanceCommand();
      case "models" -> new ModelsCommand();
      case "units" -> new UnitsCommand();
      case "completion" -> new CompletionCommand();
      default -> throw new IllegalArgumentException(name);
    };
  }

  /**
   * The program with all its commands.
   *
   * @param hasArguments false for the help, which lists the commands alone: declaring all their
   *     arguments would take most of its time
   */
  static CommandLine program(boolean hasArguments) {
    CommandSpec all = common("flopmeter");
    all.usageMessage().description("Measure how much of a GPU a neural network really uses.");
    COMMANDS.forEach(
        (name, sentences) -> {
          CommandSpec one = hasArguments ? described(name) : CommandSpec.create();
          PicocliArguments.of(hasArguments ? command(name).declared() : List.of(), one);
          one.name(name).usageMessage().description(sentences.get(0));
          all.addSubcommand(name, one);
        });
    CommandSpec help = CommandSpec.create().name(HELP);
    help.usageMessage().description("Explain a command and all its options.");
    all.addSubcommand(HELP, help);
    return new CommandLine(all);
  }

  private static CommandSpec described(String name) {
    CommandSpec spec = common(name);
    List<String> sentences = COMMANDS.getOrDefault(name, List.of());
    spec.usageMessage().description(sentences.toArray(String[]::new));
    return spec;
  }

  private static CommandSpec common(String name) {
    return CommandSpec.create()
        .name(name)
        .interpolateVariables(false)
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("show this help and exit")
                .build())
        .addOption(
            OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("print the version and exit")
                .build())
        .addOption(
            OptionSpec.builder("--verbose")
                .type(boolean.class)
                .description("print the stack trace of an error")
                .build());
  }

  private static int report(Exception error, Console console, boolean isVerbose) {
    if (isVerbose) {
      error.printStackTrace(console.err());
    }
    if (error instanceof ParameterException wrong) {
      console.warn(refusal(wrong));
      return BAD_INPUT;
    }
    if (error instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    boolean isKnown =
        error instanceof ModelException
            || error instanceof BackendException
            || error instanceof OutputException;
    String message = error.getMessage();
    console.warn(
        (isKnown && message != null ? message : "internal error: " + error)
            + (isKnown || isVerbose ? "" : " (use --verbose for the stack trace)"));
    return error instanceof ModelException ? BAD_INPUT : DEVICE_FAILED;
  }

  static String refusal(ParameterException error) {
    ArgSpec argument = error.getArgSpec();
    if (!(error.getCause() instanceof TypeConversionException wrong) || argument == null) {
      return error.getMessage() + "; see " + error.getCommandLine().getCommandName() + " --help";
    }
    String name =
        argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
    String reason = String.valueOf(wrong.getMessage());
    return name + (reason.startsWith("must ") ? " " : ": ") + reason;
  }

  /**
   * Makes a message safe for a terminal: names in a hostile file may be long and contain control
   * characters. A long message keeps its start, which says where, and its end, which says what.
   */
  static String oneLine(String message) {
    return Cut.middle(Printable.oneLine(message), LONGEST_MESSAGE);
  }
}
