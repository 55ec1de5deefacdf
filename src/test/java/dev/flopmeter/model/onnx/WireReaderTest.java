package dev.flopmeter.model.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.ModelException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes written in hexadecimal: tag = field * 8 + wire type. */
class WireReaderTest {
  private static WireReader reader(String hex) {
    return new WireReader(
        ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))), 0, new ReadBudget(1000));
  }

  @Test
  void readsEveryWireType() {
    WireReader in = reader("08 96 01  12 02 68 69  1d 00 00 80 3f  21 00 00 00 00 00 00 f0 3f");
    assertThat(in.next()).isTrue();
    assertThat(in.field()).isEqualTo(1);
    assertThat(in.integer()).isEqualTo(0x16 + (1 << 7));
    assertThat(in.next()).isTrue();
    assertThat(in.text()).isEqualTo("hi");
    assertThat(in.next()).isTrue();
    assertThat(in.float32()).isEqualTo(1f);
    assertThat(in.next()).isTrue();
    assertThat(in.float64()).isEqualTo(1.0);
    assertThat(in.next()).isFalse();
  }

  /** Two bytes of a file, an empty name, take 64 bytes of heap. */
  @Test
  void countsTheMemoryOfNames() {
    WireReader in = reader("0a 00 ".repeat(16).trim());
    for (int i = 0; i < 1000 / 64; i++) {
      assertThat(in.next()).isTrue();
      assertThat(in.text()).isEmpty();
    }
    assertThat(in.next()).isTrue();
    assertThatThrownBy(in::text)
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("up to byte 32")
        .hasMessageContaining("requires more memory");
  }

  @Test
  void countsTheMemoryOfPackedNumbers() {
    WireReader in = reader("0a 7f" + " 01".repeat(127));
    in.next();
    LongList list = new LongList();
    assertThatThrownBy(() -> in.integers(list)).hasMessageContaining("requires more memory");
    assertThat(list.size()).isEqualTo((1000 - 64) / 20);
  }

  @Test
  void skipsEveryWireType() {
    WireReader in =
        reader("08 96 01  12 02 68 69  1d 00 00 80 3f  21 00 00 00 00 00 00 f0 3f 28 07");
    for (int field = 1; field <= 4; field++) {
      assertThat(in.next()).isTrue();
      in.skip();
    }
    assertThat(in.next()).isTrue();
    assertThat(in.integer()).isEqualTo(7);
  }

  @Test
  void readsNegativeNumbersInTenBytes() {
    WireReader in = reader("08 ff ff ff ff ff ff ff ff ff 01");
    in.next();
    assertThat(in.integer()).isEqualTo(-1);
  }

  @Test
  void readsPackedAndSingleNumbersAlike() {
    WireReader in = reader("0a 03 01 ac 02  08 05");
    LongList numbers = new LongList();
    while (in.next()) {
      in.integers(numbers);
    }
    assertThat(numbers).containsExactly(1L, 0x2cL + (2 << 7), 5L);
    assertThat(numbers.toLongs()).containsExactly(1, 300, 5);
    assertThatThrownBy(() -> numbers.get(3)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void refusesFloatsThatEndWithinOne() {
    WireReader in = reader("0a 05 00 00 80 3f 00");
    in.next();
    List<Float> floats = new ArrayList<>();
    assertThatThrownBy(() -> in.floats(floats)).hasMessageContaining("within one");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0a 05 68 69", // announces 5 bytes, has 2
        "0a ff ff ff ff 07", // announces 2^31-1
        "0a ff ff ff ff ff ff ff ff ff 01", // announces -1
        "0d 00 00", // 4 bytes of a float, has 2
        "09 00", // 8 bytes of a double, has 1
        "08", // the number is missing
        "08 80 80", // a number that does not end
        "08 80 80 80 80 80 80 80 80 80 80 01", // neither does this one
        "00 00", // field 0
        "0b 0c", // a group
        "0e",
        "0f" // wire types 6 and 7
      })
  void refusesWhatIsCutOffOrMalformed(String hex) {
    WireReader in = reader(hex);
    assertThatThrownBy(
            () -> {
              while (in.next()) {
                in.skip();
              }
            })
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("not an ONNX model");
  }

  @Test
  void refusesAnotherWireTypeThanTheFieldHas() {
    WireReader in = reader("08 01");
    in.next();
    assertThatThrownBy(in::text).hasMessageContaining("wire type 0 instead of 2");
  }

  @Test
  void countsBytesFromTheStartOfTheFile() {
    WireReader outer = reader("0a 06  12 04  0a 05 61 62");
    outer.next();
    WireReader middle = outer.message();
    middle.next();
    WireReader inner = middle.message();
    inner.next();
    // The text's two bytes start at 2 + 2 + 2 = 6.
    assertThatThrownBy(inner::text).hasMessageContaining("at byte 6, 5 more bytes");
  }
}
