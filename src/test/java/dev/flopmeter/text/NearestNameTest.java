package dev.flopmeter.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestNameTest {
  @ParameterizedTest
  @CsvSource({
    "kitten, sitting, 3", // k->s, e->i, +g
    "'', abc, 3",
    "'', '', 0",
    "ResNet50, resnet50, 0",
    "resnet50, resnet5, 1",
    "ab, ba, 2",
    "flaw, lawn, 2"
  })
  void countsLettersToChangeBothWays(String a, String b, int distance) {
    assertThat(NearestName.distance(a, b)).isEqualTo(distance);
    assertThat(NearestName.distance(b, a)).isEqualTo(distance);
  }
}
