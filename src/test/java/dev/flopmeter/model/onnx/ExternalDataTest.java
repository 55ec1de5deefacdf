package dev.flopmeter.model.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExternalDataTest {
  private static final TensorType FOUR = TensorType.of(DataType.UINT8, 4);

  @TempDir Path temporary;
  private Path folder;

  @BeforeEach
  void write() throws IOException {
    folder = Files.createDirectory(temporary.resolve("model"));
    Files.write(folder.resolve("w.bin"), new byte[] {0, 1, 2, 3, 4, 5});
    Files.write(temporary.resolve("secret"), new byte[] {9, 9, 9, 9});
  }

  private byte[] read(String... entries) {
    var data = new ExternalData(folder).read(map(entries), FOUR);
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    return bytes;
  }

  private static Map<String, String> map(String... entries) {
    Map<String, String> map = new java.util.HashMap<>();
    for (int i = 0; i < entries.length; i += 2) {
      map.put(entries[i], entries[i + 1]);
    }
    return map;
  }

  @Test
  void readsFromTheOffset() {
    assertThat(read("location", "w.bin")).containsExactly(0, 1, 2, 3);
    assertThat(read("location", "w.bin", "offset", "2", "length", "4")).containsExactly(2, 3, 4, 5);
    assertThat(read("location", "./sub/../w.bin")).containsExactly(0, 1, 2, 3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../secret", "sub/../../secret", "../model/../secret"})
  void staysInTheFolder(String location) {
    assertThatThrownBy(() -> read("location", location)).hasMessageContaining("lies outside");
    String absolute = folder.resolve("w.bin").toAbsolutePath().toString();
    assertThatThrownBy(() -> read("location", absolute)).hasMessageContaining("lies outside");
  }

  @Test
  void followsLinksOnlyWithin() throws IOException {
    Files.createSymbolicLink(folder.resolve("in"), folder.resolve("w.bin"));
    Files.createSymbolicLink(folder.resolve("out"), temporary.resolve("secret"));
    Files.createSymbolicLink(folder.resolve("up"), temporary);
    assertThat(read("location", "in")).containsExactly(0, 1, 2, 3);
    assertThatThrownBy(() -> read("location", "out")).hasMessageContaining("is a link out");
    assertThatThrownBy(() -> read("location", "up/secret")).hasMessageContaining("is a link out");
  }

  @Test
  void refusesFilesThatAreMissingOrTooShort() {
    assertThatThrownBy(() -> read("location", "none")).hasMessageContaining("is not there");
    assertThatThrownBy(() -> read("location", ".")).hasMessageContaining("is not there");
    assertThatThrownBy(() -> read()).hasMessageContaining("has no location");
    assertThatThrownBy(() -> read("location", "a\0b")).hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> read("location", "w.bin", "offset", "3"))
        .hasMessageContaining("has 6 bytes; 4 from byte 3 on are needed");
    assertThatThrownBy(() -> read("location", "w.bin", "offset", "" + Long.MAX_VALUE))
        .hasMessageContaining("are needed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "x", "", "99999999999999999999", "1.5"})
  void refusesSizesThatAreNone(String text) {
    assertThatThrownBy(() -> read("location", "w.bin", "offset", text))
        .hasMessageContaining("the offset '" + text + "', which is no size");
  }

  @Test
  void refusesLengthsOfAnotherType() {
    assertThatThrownBy(() -> read("location", "w.bin", "length", "5"))
        .hasMessage("it is a uint8[4] of 4 bytes, but its external data has 5");
    assertThatThrownBy(() -> new ExternalData(null).read(map("location", "w.bin"), FOUR))
        .hasMessageContaining("needs the model to be a file");
  }
}
