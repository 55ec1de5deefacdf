package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log as a person reads it. */
class LogLinesTest {
  @Test
  void aMessageIsOneLineWithoutControlCharacters() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    var appender = (ConsoleAppender<ILoggingEvent>) root.getAppender("stderr");
    var encoder = (PatternLayoutEncoder) appender.getEncoder();
    String foreign = "a\nb\r\nc\t\u001b[31md\u0000\u0085e\u2028f\u202eg\u2066h ä € \\x1f";
    LoggingEvent event = new LoggingEvent("", root, Level.WARN, foreign, null, null);
    assertThat(new String(encoder.encode(event), StandardCharsets.UTF_8))
        .endsWith(": a b c [31md e f g h ä € \\x1f\n")
        .hasLineCount(1);
  }
}
