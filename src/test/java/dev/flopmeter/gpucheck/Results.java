package dev.flopmeter.gpucheck;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The results so far. Programs write into a work folder; after each item {@code summary.md} and
 * {@code results.zip} in the result folder are replaced by complete new ones, so that a killed run
 * leaves the results so far.
 */
final class Results {
  private final Path folder;
  private final Path work;
  private final List<Outcome> outcomes = new ArrayList<>();

  Results(Path folder, Path work) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.work = work;
  }

  /** A file to add to the archive. */
  Path file(String name) {
    return work.resolve(name);
  }

  List<Outcome> outcomes() {
    return List.copyOf(outcomes);
  }

  /** Adds an item's outcome and publishes everything so far. */
  void add(Outcome outcome, Summary summary) throws IOException {
    outcomes.add(outcome);
    String text = summary.of(outcomes);
    Files.writeString(file("summary.md"), text);
    Path fresh = folder.resolve("summary.md.new");
    Files.writeString(fresh, text);
    replace(fresh, "summary.md");
    Path archive = folder.resolve("results.zip.new");
    try (OutputStream out = Files.newOutputStream(archive);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Path file : files()) {
        zip.putNextEntry(new ZipEntry("gpu-check/" + file.getFileName()));
        Files.copy(file, zip);
      }
    }
    replace(archive, "results.zip");
  }

  /**
   * All files of the work folder, without the caches in its subfolders, which are useless
   * elsewhere.
   */
  List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(work)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    }
  }

  private void replace(Path fresh, String name) throws IOException {
    Files.move(
        fresh,
        folder.resolve(name),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }
}
