package dev.flopmeter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A separate project that depends on flopmeter as {@code docs/java-services.md} describes: Maven
 * builds and runs it, and it gets no library that only the application needs.
 */
class ConsumerIT {
  private static final String PROGRAM =
      """
      import dev.flopmeter.Flopmeter;
      import dev.flopmeter.count.Counts;
      import dev.flopmeter.live.ModelEfficiency;
      import dev.flopmeter.model.Bindings;
      import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

      public class Consumer {
        public static void main(String[] args) {
          Counts counts = Flopmeter.count(Flopmeter.builtIn("resnet50"), Bindings.ofBatch(1));
          SimpleMeterRegistry registry = new SimpleMeterRegistry();
          ModelEfficiency.of(counts).device("cuda:0", "NVIDIA H200").bindTo(registry).record(4, 1000);
          System.out.println(counts.totals().macs() + " MACs, "
              + registry.get("flopmeter.inferences").functionCounter().count() + " inferences");
        }
      }
      """;

  @TempDir Path folder;

  @Test
  void aProjectBuildsAgainstTheArtifactAndRuns() throws Exception {
    assumeTrue(isMavenHere(), "needs mvn");
    Path repository = repository();
    Files.writeString(folder.resolve("pom.xml"), pom());
    Path source = folder.resolve("src/main/java/Consumer.java");
    Files.createDirectories(source.getParent());
    Files.writeString(source, PROGRAM);
    Path classPath = folder.resolve("class-path");

    run(
        "mvn",
        "-o",
        "-B",
        "-q",
        "-Dmaven.repo.local=" + repository,
        "compile",
        "dependency:build-classpath",
        "-Dmdep.outputFile=" + classPath);

    String libraries = Files.readString(classPath);
    assertThat(Arrays.stream(libraries.split(File.pathSeparator)).map(ConsumerIT::artifact))
        .containsExactlyInAnyOrder(
            "flopmeter",
            "jspecify",
            "slf4j-api",
            // live metrics
            "micrometer-core",
            "micrometer-commons",
            "micrometer-observation",
            "HdrHistogram",
            // DJL blocks
            "api",
            "gson",
            "error_prone_annotations",
            "jna",
            "commons-compress",
            "commons-codec",
            "commons-io");
    String out =
        run(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            folder.resolve("target/classes") + File.pathSeparator + libraries,
            "Consumer");
    // SLF4J warns because the project chose no logging backend.
    assertThat(out.strip()).endsWith("\n4089184256 MACs, 4.0 inferences");
  }

  /** JUnit would warn about each link that leads out of the folder it deletes. */
  @AfterEach
  void removeLinks() throws IOException {
    try (Stream<Path> files = Files.walk(folder, 3)) {
      for (Path link : files.filter(Files::isSymbolicLink).toList()) {
        Files.delete(link);
      }
    }
  }

  /** A library's file name without its version. */
  private static String artifact(String path) {
    return Path.of(path).getFileName().toString().replaceFirst("-\\d.*", "");
  }

  /** The project, with the dependency from the document and our versions of the plugins. */
  private static String pom() throws IOException {
    Matcher dependency =
        Pattern.compile("<dependency>.*?</dependency>", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/java-services.md")));
    assertThat(dependency.find()).as("a <dependency> to copy").isTrue();
    return """
    <project xmlns="http://maven.apache.org/POM/4.0.0">
      <modelVersion>4.0.0</modelVersion>
      <groupId>example</groupId>
      <artifactId>consumer</artifactId>
      <version>1</version>
      <properties>
        <maven.compiler.release>17</maven.compiler.release>
        <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
      </properties>
      <dependencies>
        %s
      </dependencies>
      <build><plugins>%s%s%s</plugins></build>
    </project>
    """
        .formatted(
            dependency.group(),
            plugin("maven-resources-plugin"),
            plugin("maven-compiler-plugin"),
            plugin("maven-dependency-plugin"));
  }

  private static String plugin(String name) throws IOException {
    Matcher version =
        Pattern.compile("<" + name + "\\.version>(.*?)<")
            .matcher(Files.readString(Path.of("pom.xml")));
    assertThat(version.find()).as(name).isTrue();
    return "<plugin><artifactId>%s</artifactId><version>%s</version></plugin>"
        .formatted(name, version.group(1));
  }

  /** The existing local repository, with flopmeter's artifact added, as after 'mvn install'. */
  private Path repository() throws IOException {
    Path local =
        Path.of(
            System.getProperty(
                "flopmeter.repository", System.getProperty("user.home") + "/.m2/repository"));
    Path repository = Files.createDirectory(folder.resolve("repository"));
    link(local, repository, "dev");
    Path dev = Files.createDirectory(repository.resolve("dev"));
    link(local.resolve("dev"), dev, "flopmeter");
    Path artifact = dev.resolve("flopmeter/flopmeter/1.0.0-SNAPSHOT");
    Files.createDirectories(artifact);
    Path jar =
        Path.of(System.getProperty("flopmeter.home", "target/flopmeter"), "lib", "flopmeter.jar");
    Files.copy(jar, artifact.resolve("flopmeter-1.0.0-SNAPSHOT.jar"));
    Files.copy(Path.of("pom.xml"), artifact.resolve("flopmeter-1.0.0-SNAPSHOT.pom"));
    return repository;
  }

  private static void link(Path from, Path to, String except) throws IOException {
    if (!Files.isDirectory(from)) {
      return;
    }
    try (Stream<Path> groups = Files.list(from)) {
      for (Path group : groups.toList()) {
        if (!group.getFileName().toString().equals(except)) {
          Files.createSymbolicLink(to.resolve(group.getFileName()), group.toAbsolutePath());
        }
      }
    }
  }

  private static boolean isMavenHere() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(each -> Files.isExecutable(Path.of(each, "mvn")));
  }

  /** The output of a command in the project's folder; it must exit with 0. */
  private String run(String... command) throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "out", ".txt");
    Process process =
        new ProcessBuilder(List.of(command))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    assertThat(process.waitFor(100, TimeUnit.SECONDS)).as(command[0] + " ends").isTrue();
    String text = Files.readString(out, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }
}
