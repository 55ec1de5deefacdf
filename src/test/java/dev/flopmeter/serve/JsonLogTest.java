package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The log as a log collector reads it. */
class JsonLogTest {
  private static String line(String message, Throwable cause) {
    LoggerContext context = new LoggerContext();
    JsonLog encoder = new JsonLog();
    encoder.setContext(context);
    encoder.setWithMDC(false); // this and the next as in logback.xml
    encoder.setWithFormattedMessage(true);
    encoder.start();
    LoggingEvent event =
        new LoggingEvent("", context.getLogger("a.b.Name"), Level.WARN, message, cause, null);
    event.setInstant(Instant.parse("2026-01-31T12:00:00.123Z"));
    return new String(encoder.encode(event), StandardCharsets.UTF_8);
  }

  @Test
  void anEventIsOneObjectOnOneLine() {
    String message =
        "quote \" backslash \\ newline \n tab \t bell \u0007 escape \u001b[31m ä \u2028";
    String line = line(message, null);
    assertThat(line).endsWith("}\n").hasLineCount(1);
    assertThat(line.strip().chars().noneMatch(Character::isISOControl)).isTrue();
    JsonNode event = JsonMapper.shared().readTree(line);
    assertThat(event.get("timestamp").asString()).isEqualTo("2026-01-31T12:00:00.123Z");
    assertThat(event.get("level").asString()).isEqualTo("WARN");
    assertThat(event.get("loggerName").asString()).isEqualTo("a.b.Name");
    assertThat(event.get("formattedMessage").asString()).isEqualTo(message);
  }

  @Test
  void anExceptionIsAField() {
    Exception cause = new IllegalStateException("outer\n\u0001", new RuntimeException("inner"));
    JsonNode thrown = JsonMapper.shared().readTree(line("failed", cause)).get("throwable");
    assertThat(thrown.get("className").asString()).isEqualTo("java.lang.IllegalStateException");
    assertThat(thrown.get("message").asString()).isEqualTo("outer\n\u0001");
    assertThat(thrown.at("/cause/message").asString()).isEqualTo("inner");
    assertThat(thrown.get("stepArray").size()).isPositive();
  }
}
