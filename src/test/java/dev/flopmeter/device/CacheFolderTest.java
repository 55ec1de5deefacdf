package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFolderTest {
  @Test
  void theEnvironmentComesFirst() throws IOException {
    Map<String, String> both = Map.of("XDG_CACHE_HOME", "/x", "HOME", "/home/b");
    assertThat(CacheFolder.of(both, "/home/a")).isEqualTo(Path.of("/x/flopmeter"));
    assertThat(CacheFolder.of(Map.of("HOME", "/home/b"), "?"))
        .isEqualTo(Path.of("/home/b/.cache/flopmeter"));
    assertThat(CacheFolder.of(Map.of("XDG_CACHE_HOME", " ", "HOME", ""), "/home/a"))
        .isEqualTo(Path.of("/home/a/.cache/flopmeter"));
  }

  @Test
  void aRelativePathIsIgnored() throws IOException {
    assertThat(CacheFolder.of(Map.of("XDG_CACHE_HOME", "cache"), "/home/a"))
        .isEqualTo(Path.of("/home/a/.cache/flopmeter"));
  }

  /** Java then returns {@code ?} as the home folder, which must not become a folder's name. */
  @Test
  void aUserWithoutAHomeIsRefused() {
    assertThatThrownBy(() -> CacheFolder.of(Map.of(), "?"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no home folder");
  }
}
