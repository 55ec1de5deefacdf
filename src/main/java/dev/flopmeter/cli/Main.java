package dev.flopmeter.cli;

import dev.flopmeter.cli.output.OutputException;
import dev.flopmeter.cli.output.OutputSink;
import dev.flopmeter.device.BuildVersion;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.serve.worker.ParentWatch;
import dev.flopmeter.serve.worker.WorkerCommand;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
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

  /** All commands and what they do, in the order that the help lists them. */
  private static final Map<String, String> COMMANDS =
      inOrder(
          "count", "Count the work, parameters and bytes of a network, exactly.",
          "profile", "Run a network and report how much of the device it uses.",
          "serve", "Measure workloads again and again, and serve the results as metrics.",
          "compare", "Compare two profiles written with --format json or jsonl.",
          "import", "Make a profile out of another runtime's trace.",
          "export", "Write a network as an ONNX file, its shapes bound and its constants computed.",
          "roof", "Measure the highest rates that a device reaches.",
          "devices", "List the devices that networks can run on.",
          "doctor",
              "Check what running on the CPU and on a GPU needs, and say how to get what is"
                  + " missing.",
          "conformance",
              "Run ONNX's backend test cases: folders with model.onnx and test_data_set_*.",
          "models", "List the built-in networks.",
          "units", "Convert an amount (16.5G, 16.5 GFLOPs, 1e12) or a rate (4.1 TFLOP/s), exactly.",
          "completion", "Print the completion of commands and options for a shell.");

  private static final String HELP = "help";
  private static final int LONGEST_MESSAGE = 600;

  private Main() {}

  private static Map<String, String> inOrder(String... namesAndTexts) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (int i = 0; i < namesAndTexts.length; i += 2) {
      texts.put(namesAndTexts[i], namesAndTexts[i + 1]);
    }
    return texts;
  }

  public static void main(String[] args) {
    if (System.getenv(WorkerCommand.UNDER_DAEMON) != null) {
      ParentWatch.start();
    }
    if (!System.getProperty("user.home").startsWith("/")) {
      // A user that the system does not know: JNA would make a folder called "?" here.
      System.setProperty("jna.tmpdir", System.getProperty("java.io.tmpdir"));
    }
    // picocli would look for Groovy in every library, and for types that no option here has.
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
    Console console = new Console(new PrintWriter(sink, false, StandardCharsets.UTF_8), err);
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
          "this needs more memory than Java's heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MB; raise it with FLOPMETER_JAVA_OPTS=-Xmx...");
      return BAD_INPUT;
    } catch (StackOverflowError e) {
      console.warn("the input is nested too deeply");
      return BAD_INPUT;
    }
  }

  /**
   * The first word is the command, wherever options stand. Only that command is set up: declaring
   * all of them would cost a short command most of its time.
   */
  private static int execute(Console console, List<String> args) {
    boolean isHelp = HELP.equals(firstWord(args));
    if (isHelp) {
      args.remove(HELP);
      args.add("--help");
    }
    String name = firstWord(args);
    if (name.isEmpty()) {
      return withoutCommand(console, args);
    }
    if (!COMMANDS.containsKey(name)) {
      console.warn(
          "there is no command '"
              + name
              + "'"
              + NearestName.question(name, List.copyOf(COMMANDS.keySet()))
              + "see flopmeter --help");
      return BAD_INPUT;
    }
    args.remove(name);
    Command command = command(name);
    CommandLine line = new CommandLine(spec(name, command).name("flopmeter " + name));
    boolean isVerbose = args.contains("--verbose");
    try {
      ParseResult parsed = line.parseArgs(args.toArray(String[]::new));
      return isAnswered(parsed, line, console) ? 0 : command.run(console);
    } catch (ParameterException e) {
      return refuse(e, console, isVerbose);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return report(e, console, isVerbose);
    } catch (IOException | RuntimeException e) {
      return report(e, console, isVerbose);
    }
  }

  private static String firstWord(List<String> args) {
    for (String each : args) {
      if (!each.startsWith("-")) {
        return each;
      }
    }
    return "";
  }

  private static int withoutCommand(Console console, List<String> args) {
    CommandLine line = program(false);
    try {
      if (isAnswered(line.parseArgs(args.toArray(String[]::new)), line, console)) {
        return 0;
      }
      console.warn("no command given; see flopmeter --help");
      return BAD_INPUT;
    } catch (ParameterException e) {
      return refuse(e, console, args.contains("--verbose"));
    }
  }

  /** Whether the user asked for help or the version, which is then printed. */
  private static boolean isAnswered(ParseResult parsed, CommandLine line, Console console) {
    if (parsed.isUsageHelpRequested()) {
      line.usage(console.out());
    } else if (parsed.isVersionHelpRequested()) {
      console.out().println("flopmeter " + BuildVersion.get());
    } else {
      return false;
    }
    return true;
  }

  private static Command command(String name) {
    return switch (name) {
      case "count" -> new CountCommand();
      case "profile" -> new ProfileCommand();
      case "serve" -> new ServeCommand();
      case "compare" -> new CompareCommand();
      case "import" -> new ImportCommand();
      case "export" -> new ExportCommand();
      case "roof" -> new RoofCommand();
      case "devices" -> new DevicesCommand();
      case "doctor" -> new DoctorCommand();
      case "conformance" -> new ConformanceCommand();
      case "models" -> new ModelsCommand();
      case "units" -> new UnitsCommand();
      case "completion" -> new CompletionCommand();
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** The program with all its commands and their arguments. */
  static CommandLine everything() {
    return program(true);
  }

  /**
   * @param hasArguments false for the help, which lists the commands alone: declaring all their
   *     arguments would take most of its time
   */
  private static CommandLine program(boolean hasArguments) {
    CommandSpec all = common("flopmeter");
    all.usageMessage().description("Tells how much of a GPU a neural network really uses.");
    COMMANDS.forEach(
        (name, text) -> {
          CommandSpec one = hasArguments ? spec(name, command(name)) : CommandSpec.create();
          one.name(name).usageMessage().description(text);
          all.addSubcommand(name, one);
        });
    CommandSpec help = CommandSpec.create().name(HELP);
    help.usageMessage().description("Explain a command and all its options.");
    all.addSubcommand(HELP, help);
    return new CommandLine(all);
  }

  private static CommandSpec spec(String name, Command command) {
    CommandSpec spec = common(name);
    command.declare(spec);
    List<String> text = new ArrayList<>(List.of(spec.usageMessage().description()));
    text.add(0, COMMANDS.get(name));
    spec.usageMessage().description(text.toArray(String[]::new));
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

  private static int refuse(ParameterException error, Console console, boolean isVerbose) {
    if (isVerbose) {
      error.printStackTrace(console.err());
    }
    String message = String.valueOf(error.getMessage());
    if (error.getCause() instanceof TypeConversionException wrong && error.getArgSpec() != null) {
      String name =
          error.getArgSpec() instanceof OptionSpec option
              ? option.longestName()
              : error.getArgSpec().paramLabel();
      String reason = String.valueOf(wrong.getMessage());
      console.warn(name + (reason.startsWith("must ") ? " " : ": ") + reason);
    } else {
      console.warn(message + "; see " + error.getCommandLine().getCommandName() + " --help");
    }
    return BAD_INPUT;
  }

  /**
   * What a terminal can take: names in a hostile file may be long and hold control characters. A
   * long message keeps its start, which says where, and its end, which says what.
   */
  static String oneLine(String message) {
    return Cut.middle(Printable.oneLine(message), LONGEST_MESSAGE);
  }
}
