package dev.flopmeter.model.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    Files.createFile(folder.resolve("model.onnx"));
    Files.write(folder.resolve("w.bin"), new byte[] {0, 1, 2, 3, 4, 5});
    Files.write(temporary.resolve("secret"), new byte[] {9, 9, 9, 9});
  }

  private byte[] read(String... entries) {
    return bytes(folder.resolve("model.onnx"), entries);
  }

  private Tensor tensor(String... entries) {
    return new ExternalData(folder.resolve("model.onnx")).read(map(entries), FOUR);
  }

  private static byte[] bytes(Path model, String... entries) {
    ByteBuffer data = new ExternalData(model).read(map(entries), FOUR).data();
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
    assertThatThrownBy(() -> read("location", location)).hasMessageContaining("is outside");
    String absolute = folder.resolve("w.bin").toAbsolutePath().toString();
    assertThatThrownBy(() -> read("location", absolute)).hasMessageContaining("is outside");
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

  /** {@code snapshots/abc/onnx} contains only links; their targets are in {@code blobs}. */
  @Test
  void readsACacheThatLinksAModelAndItsDataIntoOneFolder() throws IOException {
    Path blobs = Files.createDirectories(temporary.resolve("hub/blobs"));
    Path snapshot = Files.createDirectories(temporary.resolve("hub/snapshots/abc/onnx"));
    Files.write(blobs.resolve("d1"), new byte[] {5, 6, 7, 8});
    Files.createFile(blobs.resolve("m1"));
    Path up = Path.of("..", "..", "..", "blobs");
    Path model = Files.createSymbolicLink(snapshot.resolve("model.onnx"), up.resolve("m1"));
    Files.createSymbolicLink(snapshot.resolve("model.onnx_data"), up.resolve("d1"));
    assertThat(bytes(model, "location", "model.onnx_data")).containsExactly(5, 6, 7, 8);

    Path beyond = temporary.resolve("secret");
    Files.createSymbolicLink(snapshot.resolve("out"), beyond);
    Files.createSymbolicLink(blobs.resolve("out2"), beyond);
    Files.createSymbolicLink(snapshot.resolve("twice"), up.resolve("out2"));
    for (String link : List.of("out", "twice")) {
      assertThatThrownBy(() -> bytes(model, "location", link))
          .hasMessageContaining("is a link out");
    }
    assertThatThrownBy(() -> bytes(model, "location", "../../../blobs/d1"))
        .hasMessageContaining("is outside");
  }

  @Test
  void findsDataBesideTheModelThatALinkElsewhereNames() throws IOException {
    Path elsewhere = Files.createDirectory(temporary.resolve("elsewhere"));
    Path link =
        Files.createSymbolicLink(elsewhere.resolve("net.onnx"), folder.resolve("model.onnx"));
    assertThat(bytes(link, "location", "w.bin")).containsExactly(0, 1, 2, 3);
  }

  /** In an archive the model is a file, so links must stay in its folder. */
  @Test
  void anArchiveCannotLinkItsDataToAnotherFolder() throws IOException {
    Path other = Files.createDirectory(temporary.resolve("blobs"));
    Files.write(other.resolve("d1"), new byte[] {9, 9, 9, 9});
    Files.createSymbolicLink(folder.resolve("model.onnx_data"), other.resolve("d1"));
    assertThatThrownBy(() -> read("location", "model.onnx_data"))
        .hasMessageContaining("is a link out");
  }

  @Test
  void aMissingFileLeavesATensorWithoutValues() throws IOException {
    Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nothing"));
    for (String location : List.of("none", "dangling", "no/such/folder")) {
      Tensor tensor = tensor("location", location);
      assertThat(tensor.type()).isEqualTo(FOUR);
      assertThat(tensor.isAvailable()).isFalse();
      assertThatThrownBy(tensor::data)
          .isInstanceOf(ModelException.class)
          .hasMessage("the external data '" + location + "' does not exist");
    }
    assertThatThrownBy(() -> read("location", "../none")).hasMessageContaining("is outside");
  }

  /** A sparse file of 3 GB takes no space; if sparse files are not supported, this test fails. */
  @Test
  void aTensorOfMoreThanTwoGigabytesHasATypeButNoValues() throws IOException {
    long bytes = 2_684_354_560L;
    try (var file = new java.io.RandomAccessFile(folder.resolve("big").toFile(), "rw")) {
      file.setLength(bytes);
    }
    TensorType type = TensorType.of(DataType.UINT8, bytes);
    Tensor tensor =
        new ExternalData(folder.resolve("model.onnx")).read(map("location", "big"), type);
    assertThat(tensor.elements()).isEqualTo(bytes);
    assertThat(tensor.isAvailable()).isFalse();
    assertThatThrownBy(() -> tensor.longAt(0)).hasMessageContaining("at most 2^31-1 can be run");
  }

  @Test
  void refusesInvalidAndShortFiles() {
    assertThatThrownBy(() -> read("location", ".")).hasMessageContaining("not a regular file");
    assertThatThrownBy(() -> read()).hasMessageContaining("has no location");
    assertThatThrownBy(() -> read("location", "a\0b")).hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> read("location", "w.bin", "offset", "3"))
        .hasMessageContaining("has 6 bytes; 4 from byte 3 on are needed");
    assertThatThrownBy(() -> read("location", "w.bin", "offset", "" + Long.MAX_VALUE))
        .hasMessageContaining("are needed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "x", "", "99999999999999999999", "1.5"})
  void refusesInvalidSizes(String text) {
    assertThatThrownBy(() -> read("location", "w.bin", "offset", text))
        .hasMessageContaining("the offset '" + text + "', which is not a size");
  }

  @Test
  void refusesLengthsOfAnotherType() {
    assertThatThrownBy(() -> read("location", "w.bin", "length", "5"))
        .hasMessage("it is a uint8[4] of 4 bytes, but its external data has 5");
    assertThatThrownBy(() -> new ExternalData(null).read(map("location", "w.bin"), FOUR))
        .hasMessageContaining("requires the model to be a file");
  }
}
