package dev.flopmeter.serve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A folder for configuration files, and the reader's messages about them. */
record ConfigFolder(Path path) {
  ConfigReader reader() {
    return new ConfigReader(
        Map.of("HOME", "/home/somebody"), Set.of(), Optional.empty(), Optional.empty());
  }

  ServeConfig read(String yaml) throws ConfigException, IOException {
    return reader().read(Files.writeString(path.resolve("f.yaml"), yaml));
  }

  /** The problems, one per line, without the folder's name. */
  String problems(String yaml) {
    ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(yaml));
    assertThat(e).isNotNull();
    return e.problems().stream()
        .map(problem -> problem.replace(path + "/", ""))
        .collect(Collectors.joining("\n"));
  }
}
