package dev.flopmeter.serve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListenAddressTest {
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:9401, 127.0.0.1, 9401",
    "[::1]:0, ::1, 0",
    "gpu-1.example:65535, gpu-1.example, 65535"
  })
  void addresses(String text, String host, int port) {
    ListenAddress address = ListenAddress.parse(text);
    assertThat(address).isEqualTo(new ListenAddress(host, port));
    assertThat(address).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "19400",
        ":19400",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:19400",
        "[::1]",
        "[]:19400",
        "a b:1",
        "http://x:1",
        "127.0.0.1:19400/",
        "x:123456"
      })
  void whatIsNotAnAddress(String text) {
    assertThatThrownBy(() -> ListenAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected ADDRESS:PORT, for example 127.0.0.1:19400 or [::1]:19400");
  }
}
