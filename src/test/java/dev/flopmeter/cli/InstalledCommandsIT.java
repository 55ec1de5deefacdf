package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.flopmeter.bench.GeneratedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The installed application as users call it: commands, exit codes, unusual environments. */
class InstalledCommandsIT {
  private static final String QUICK = " --device cpu --no-roof --no-check --max-time 200ms ";

  @TempDir Path folder;

  private InstalledRun run(String line) {
    return InstalledRun.of(folder, line);
  }

  @Test
  void countsABuiltInNetwork() {
    InstalledRun count = run("\"$F\" count resnet50 --format csv");
    count.endedQuietlyWith(0);
    assertThat(count.out()).contains("conv1,Conv").endsWith("\n");
  }

  @Test
  void profilesOnTheCpu() throws IOException {
    Files.write(folder.resolve("small.onnx"), GeneratedModel.ofNodes(30));
    InstalledRun profile = run("\"$F\" profile small.onnx --format json" + QUICK);
    assertThat(profile.code()).as(profile.err()).isZero();
    assertThat(profile.out()).startsWith("{").contains("flopmeter.profile/1").endsWith("}\n");
    // A result is compared with itself: nothing is slower.
    Files.writeString(folder.resolve("base.json"), profile.out());
    assertThat(run("\"$F\" compare --force base.json base.json").code()).isZero();
  }

  @Test
  void exitCodesIdentifyTheKindOfError() {
    run("\"$F\" count resnet5O").saidOnce(2, "did you mean 'resnet50'");
    run("\"$F\" count nothing.onnx").saidOnce(2, "the file does not exist");
    run("\"$F\" count resnet18 --nonsense").saidOnce(2, "see flopmeter count --help");
    run("\"$F\"").saidOnce(2, "no command given");
    run("FLOPMETER_LIBCUDA=/dev/null \"$F\" profile resnet18 --backend cudnn").saidOnce(3, "CUDA");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "count",
        "profile",
        "serve",
        "run",
        "compare",
        "import",
        "export",
        "roof",
        "devices",
        "top",
        "doctor",
        "conformance",
        "models",
        "units",
        "completion"
      })
  void everyCommandHasHelp(String command) {
    InstalledRun asked = run("\"$F\" help " + command);
    asked.endedQuietlyWith(0);
    assertThat(asked.out()).startsWith("Usage: flopmeter " + command + " ");
  }

  @Test
  void theListOfDevicesBeginsWithItsSchema() {
    InstalledRun asked = run("\"$F\" devices --format json");
    assertThat(asked.out()).startsWith("{\n  \"schema\" : \"flopmeter.devices/1\",");
  }

  @Test
  void theHelpNamesEveryCommand() {
    InstalledRun all = run("\"$F\" help");
    all.endedQuietlyWith(0);
    assertThat(all.out()).contains("  count  ", "  completion  ");
    assertThat(run("\"$F\" --help").out()).isEqualTo(all.out());
    run("\"$F\" help nonsense").saidOnce(2, "nonsense");
  }

  /** systemd units, containers and cron set no locale; this must not limit the program to ASCII. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "env -i PATH=\"$PATH\" JAVA_HOME=\"$JAVA_HOME\"",
        "env LC_ALL=C",
        "env LC_ALL=POSIX LANG=en_US.UTF-8",
        "env -u LC_ALL LANG=xx_XX.UTF-8"
      })
  void namesBeyondAsciiWorkInEveryLocale(String environment) throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(GeneratedModel.ofNodes(3)).toBuilder();
    model.getGraphBuilder().getNodeBuilder(0).setName("свёртка-卷积");
    Files.createDirectories(folder.resolve("modèles"));
    Files.write(folder.resolve("modèles/größe-模型.onnx"), model.build().toByteArray());

    run(environment + " \"$F\" count modèles/größe-模型.onnx --format csv -o résultat-結果.csv")
        .endedQuietlyWith(0);
    assertThat(Files.readString(folder.resolve("résultat-結果.csv"))).contains("свёртка-卷积");

    InstalledRun table = run(environment + " \"$F\" count modèles/größe-模型.onnx");
    table.endedQuietlyWith(0);
    assertThat(table.out()).contains("свёртка-卷积");
    run(environment + " \"$F\" count fehlt-größe.onnx").saidOnce(2, "fehlt-größe.onnx");
  }

  /** A container may run as a user without an entry in the system's files: it has no home. */
  @Test
  void aUserWithoutAHomeIsToldWhatToSet() throws IOException {
    assumeTrue(isRoot(), "needs root, to become a user that is not known");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path java = Path.of(System.getProperty("java.home"));
    assumeTrue(isOpenToAll(InstalledRun.HOME) && isOpenToAll(java), "needs readable folders");
    String stranger =
        "setpriv --reuid 54321 --regid 54321 --clear-groups"
            + " env -i PATH=\"$PATH\" JAVA_HOME=\"$JAVA_HOME\" ";

    run(stranger + "\"$F\" count resnet18 --format csv -o count.csv").endedQuietlyWith(0);
    InstalledRun profile = run(stranger + "\"$F\" profile resnet18 --backend djl" + QUICK);
    assertThat(profile.code()).isEqualTo(3);
    assertThat(profile.err()).contains("no home folder", "set XDG_CACHE_HOME");
    InstalledRun doctor = run(stranger + "\"$F\" doctor");
    assertThat(doctor.code()).isEqualTo(3);
    assertThat(doctor.out())
        .contains("PROBLEM  no cache folder: this user has no home folder; set XDG_CACHE_HOME")
        .contains("PROBLEM  cpu cannot be used: ")
        .doesNotContain("networks run on the CPU");
    assertThat(folder.resolve("?")).doesNotExist();
  }

  @Test
  void doctorFindsTheCacheFolderThatProfileWouldMiss() throws IOException {
    Files.writeString(folder.resolve("file"), "");
    String unusable = "XDG_CACHE_HOME=\"$PWD/file\" ";
    InstalledRun doctor = run(unusable + "\"$F\" doctor");
    InstalledRun profile = run(unusable + "\"$F\" profile resnet18 --backend djl" + QUICK);
    assertThat(doctor.code()).isEqualTo(3);
    assertThat(profile.code()).isEqualTo(3);
    String reason = "the folder " + folder.resolve("file/flopmeter/djl") + " cannot be made";
    assertThat(doctor.out()).contains("PROBLEM  no cache folder: ").contains(reason);
    assertThat(profile.err()).contains(reason);
  }

  private static boolean isRoot() throws IOException {
    return Files.getOwner(Path.of("/proc/self")).getName().equals("root");
  }

  private static boolean isOpenToAll(Path file) throws IOException {
    for (Path each = file.toRealPath(); each != null; each = each.getParent()) {
      if (!PosixFilePermissions.toString(Files.getPosixFilePermissions(each)).endsWith("x")) {
        return false;
      }
    }
    return true;
  }
}
