package dev.flopmeter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Systems that are not available for tests: the native libraries in their packages are where DJL,
 * ONNX Runtime and JNA look for them. Nothing is run.
 */
class OtherSystemsIT {
  private static final int PATIENCE_MINUTES = 8;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "linux-aarch64, linux-aarch64, so, linux-aarch64/libjnidispatch.so",
    "macos-arm64,   osx-aarch64, dylib, darwin-aarch64/libjnidispatch.jnilib"
  })
  void librariesAreWhereTheirLoadersLook(String profile, String system, String ending, String jna)
      throws IOException, InterruptedException {
    assertThat(Files.readString(Path.of("pom.xml")))
        .containsPattern(
            "<id>" + profile + "</id>(?s:.){1,400}<pytorch.system>" + system + "</pytorch.system>");
    assertThat(resource("/jnilib/" + system + "/cpu/libdjl_torch." + ending)).isTrue();
    assertThat(resource("/com/sun/jna/" + jna)).isTrue();
    for (String library : new String[] {"libonnxruntime.", "libonnxruntime4j_jni."}) {
      assertThat(resource("/ai/onnxruntime/native/" + system + "/" + library + ending)).isTrue();
    }
    try (JarFile jar = new JarFile(natives(system).toFile())) {
      Properties facts = new Properties();
      try (InputStream in = jar.getInputStream(jar.getEntry("native/lib/pytorch.properties"))) {
        facts.load(in);
      }
      assertThat(facts.getProperty("classifier")).isEqualTo(system);
      String[] libraries = facts.getProperty("libraries").split(",");
      assertThat(libraries).contains("libtorch_cpu." + ending);
      for (String library : libraries) {
        assertThat(jar.getEntry("pytorch/cpu/" + system + "/" + library)).as(library).isNotNull();
      }
    }
  }

  private static boolean resource(String name) {
    return OtherSystemsIT.class.getResource(name) != null;
  }

  /** PyTorch's natives for a system, as Maven resolves them. */
  private Path natives(String system) throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    Process maven =
        new ProcessBuilder(
                "mvn",
                "-B",
                "-q",
                "-ntp",
                "-P" + (system.startsWith("osx") ? "macos-arm64" : system),
                "dependency:copy-dependencies",
                "-DincludeArtifactIds=pytorch-native-cpu",
                "-DexcludeTransitive=true",
                "-DoutputDirectory=" + folder)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    boolean hasEnded = maven.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
    if (!hasEnded) {
      maven.destroyForcibly();
    }
    assumeTrue(
        hasEnded && maven.exitValue() == 0,
        () -> "Maven cannot resolve PyTorch's natives for " + system + "; see its own message");
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".jar")).findFirst().orElseThrow();
    }
  }
}
