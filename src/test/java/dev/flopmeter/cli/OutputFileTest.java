package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.cli.output.Output;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The effect of {@code -o FILE} on an existing FILE. */
class OutputFileTest {
  private static final String SCHEMA = "flopmeter.count/1";

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("report");
  }

  private static Flop count(Path output) {
    return Flop.run("count", "resnet18", "--format", "json", "-o", output.toString());
  }

  private static void writes(Path output) throws IOException {
    Flop flop = count(output);
    assertThat(flop.err()).isEmpty();
    assertThat(flop.out()).isEmpty();
    assertThat(flop.code()).isZero();
  }

  private static void isResult(Path result) throws IOException {
    assertThat(Files.readString(result)).startsWith("{").contains(SCHEMA).endsWith("}\n");
  }

  @Test
  void linesOfEventsCanBeFollowedAndTheFirstReplacesTheOldContent() throws IOException {
    Files.writeString(file, "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    try (Output output = Output.to(link.toString(), true, new PrintWriter(Writer.nullWriter()))) {
      assertThat(file).hasContent("old");
      output.line("one");
      assertThat(file).hasContent("one\n");
      output.line("two");
      assertThat(file).hasContent("one\ntwo\n");
    }
    assertThat(file).hasContent("one\ntwo\n");
    assertThat(names()).containsExactly("link", "report");
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(each -> each.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aNewFileHasTheUsualPermissions() throws IOException {
    writes(file);
    isResult(file);
    assertThat(names()).containsExactly("report");
    Path usual = Files.createFile(folder.resolve("usual"));
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(Files.getPosixFilePermissions(usual));
  }

  @Test
  void anOldFileIsReplacedAsAWholeAndKeepsItsPermissions() throws IOException {
    Files.writeString(file, "old".repeat(100_000));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    Path inode = Files.createLink(folder.resolve("second-name"), file);
    Files.writeString(folder.resolve("report.part"), "the user's own");

    writes(file);

    isResult(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-rw-r--");
    assertThat(inode).as("a reader of the old file still reads it").content().startsWith("oldold");
    assertThat(folder.resolve("report.part")).hasContent("the user's own");
    assertThat(names()).containsExactly("report", "report.part", "second-name");
  }

  @Test
  void aCommandThatFailsLeavesTheOldFile() throws IOException {
    Files.writeString(file, "old");
    assertThat(Flop.run("count", "resnet1", "-o", file.toString()).code()).isEqualTo(2);
    assertThat(file).hasContent("old");
    assertThat(names()).containsExactly("report");
  }

  @Test
  void symbolicLinksHaveTheirTargetReplaced() throws IOException {
    Path deep = Files.createDirectory(folder.resolve("deep"));
    Files.writeString(deep.resolve("target"), "old");
    Path second = Files.createSymbolicLink(deep.resolve("second"), Path.of("target"));
    Files.createSymbolicLink(file, Path.of("deep/second"));

    writes(file);

    assertThat(file).isSymbolicLink();
    assertThat(second).isSymbolicLink();
    isResult(deep.resolve("target"));
  }

  @Test
  void aDanglingLinkCreatesItsTarget() throws IOException {
    Files.createSymbolicLink(file, Path.of("target"));
    writes(file);
    assertThat(file).isSymbolicLink();
    isResult(folder.resolve("target"));
  }

  @Test
  void linksInACircleAreRefused() throws IOException {
    Files.createSymbolicLink(file, Path.of("other"));
    Files.createSymbolicLink(folder.resolve("other"), Path.of("report"));
    Flop flop = count(file);
    assertThat(flop.code()).isEqualTo(2);
    assertThat(flop.err()).contains("too many symbolic links").hasLineCount(1);
  }

  @Test
  void aFifoIsWrittenThrough() throws Exception {
    run("mkfifo", file.toString());
    CompletableFuture<String> reader =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readString(file);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    writes(file);
    assertThat(reader.get(30, TimeUnit.SECONDS)).contains(SCHEMA);
    assertThat(Files.readAttributes(file, "isOther", LinkOption.NOFOLLOW_LINKS))
        .containsEntry("isOther", true);
  }

  /** A device node like {@code /dev/null}, which a bug may replace here without harm. */
  @Test
  void aDeviceIsWrittenThrough() throws Exception {
    assumeTrue(run("mknod", file.toString(), "c", "1", "3"), "needs root, to make a device node");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    writes(file);
    writes(link);
    assertThat(Files.readAttributes(file, "isOther", LinkOption.NOFOLLOW_LINKS))
        .containsEntry("isOther", true);
    assertThat(link).isSymbolicLink();
    assertThat(names()).containsExactly("link", "report");
  }

  @Test
  void aFullDeviceIsReported() {
    assumeTrue(Files.exists(Path.of("/dev/full")), "needs /dev/full");
    Flop flop = count(Path.of("/dev/full"));
    assertThat(flop.err())
        .isEqualTo(
            "flopmeter: -o /dev/full: cannot be written: No space left on device"
                + System.lineSeparator());
    assertThat(flop.code()).isEqualTo(3);
  }

  @Test
  void directoriesAndMissingFoldersAreRefused() {
    for (String name : List.of(folder.toString(), file + "/", file + "/x/y", "")) {
      Flop flop = Flop.run("count", "resnet18", "-o", name);
      assertThat(flop.err())
          .hasLineCount(1)
          .startsWith("flopmeter: -o " + name + ": cannot be written: ");
      assertThat(flop.code()).isEqualTo(2);
    }
    assertThat(folder).isEmptyDirectory();
  }

  /** Every {@code -o} is the same option. */
  @Test
  void eachCommandWritesToAFile() throws IOException {
    for (String command : List.of("devices", "models", "units 16.5P --to P", "completion bash")) {
      Files.deleteIfExists(file);
      Flop flop = Flop.run((command + " -o " + file).split(" "));
      assertThat(flop).as(command).isEqualTo(new Flop(0, "", flop.err()));
      assertThat(file).as(command).isNotEmptyFile();
    }
    Flop.run("units", "16.5P", "--to", "P", "-o", file.toString());
    assertThat(Files.readString(file)).isEqualTo("16.5 PFLOP\n");
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).start().waitFor() == 0;
  }
}
