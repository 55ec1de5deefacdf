package dev.flopmeter.serve;

import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;

/** Logback's JSON, one object per line, with ISO 8601 times. */
public final class JsonLog extends JsonEncoder {
  public JsonLog() {
    setWithTimestamp(false); // milliseconds since 1970
  }

  @Override
  protected void appendCustomFields(StringBuilder out, ILoggingEvent event) {
    appendValueSeparator(out, true);
    appenderMember(out, TIMESTAMP_ATTR_NAME, event.getInstant().toString());
  }
}
