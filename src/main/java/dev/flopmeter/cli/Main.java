package dev.flopmeter.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code flopmeter}: the root under which every other command hangs. */
@Command(
    name = "flopmeter",
    description = "Tells how much of a GPU a neural network really uses.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.BuildVersion.class)
public final class Main implements Runnable {

  @Spec private CommandSpec spec;

  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
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
