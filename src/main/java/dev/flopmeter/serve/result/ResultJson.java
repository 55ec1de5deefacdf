package dev.flopmeter.serve.result;

import java.io.StringWriter;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Copies a result's JSON without one of its fields. */
public final class ResultJson {
  private ResultJson() {}

  private static final JsonFactory JSON = new JsonFactory();

  /** Omits fields with this name at any level. */
  public static String without(String json, String name) {
    StringWriter copy = new StringWriter(json.length());
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), json);
        JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), copy)) {
      JsonToken token = in.nextToken();
      while (token != null) {
        if (token == JsonToken.PROPERTY_NAME && name.equals(in.currentName())) {
          in.nextToken();
          in.skipChildren();
        } else {
          out.copyCurrentEventExact(in);
        }
        token = in.nextToken();
      }
    }
    return copy.toString();
  }
}
