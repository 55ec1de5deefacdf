package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class AttributesTest {
  private static final Attributes SOME =
      Attributes.of(
          "group", 3, "alpha", 0.5, "mode", "max", "pads", new long[] {1, 2}, "no", List.of());

  @Test
  void givesValuesByNameAndKind() {
    assertThat(SOME.integer("group")).isEqualTo(3);
    assertThat(SOME.number("alpha", 9)).isEqualTo(0.5f);
    assertThat(SOME.text("mode")).isEqualTo("max");
    assertThat(SOME.integers("pads", 9)).containsExactly(1, 2);
    assertThat(SOME.flag("group", false)).isTrue();
    assertThat(SOME.integers("no")).hasValueSatisfying(list -> assertThat(list).isEmpty());
    assertThat(SOME.numbers("no")).hasValueSatisfying(list -> assertThat(list).isEmpty());
  }

  @Test
  void givesTheDefaultOnlyWhereNothingIsSaid() {
    assertThat(SOME.integer("axis", -1)).isEqualTo(-1);
    assertThat(SOME.number("beta", 2)).isEqualTo(2);
    assertThat(SOME.text("other", "min")).isEqualTo("min");
    assertThat(SOME.integers("axes")).isEmpty();
    assertThat(SOME.texts("labels")).isEmpty();
    assertThat(SOME.flag("keepdims", true)).isTrue();
    assertThat(SOME.has("axis")).isFalse();
  }

  @Test
  void namesWhatIsMissingOrOfAnotherKind() {
    assertThatThrownBy(() -> SOME.integer("to")).hasMessage("the attribute 'to' is missing");
    assertThatThrownBy(() -> SOME.integer("mode", 0))
        .hasMessage("the attribute 'mode' is a String where a Long is needed");
    assertThatThrownBy(() -> SOME.text("pads"))
        .hasMessage("the attribute 'pads' is a list where a String is needed");
    assertThatThrownBy(() -> SOME.numbers("pads")).hasMessageContaining("Float is needed");
  }

  @Test
  void changesACopy() {
    assertThat(SOME.with("group", 4).integer("group")).isEqualTo(4);
    assertThat(SOME.integer("group")).isEqualTo(3);
    assertThatThrownBy(() -> SOME.asMap().put("x", 1L))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void isEqualByContent() {
    Attributes one = Attributes.of("a", 1, "b", new long[] {2});
    Attributes other = Attributes.of("b", new long[] {2}, "a", 1L);
    assertThat(one).isEqualTo(other).hasSameHashCodeAs(other).isNotEqualTo(one.with("a", 2));
    assertThat(Attributes.of()).isSameAs(Attributes.NONE);
  }
}
