package dev.flopmeter.result;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;

/** The published schema of profiles, for tests that write or read them. */
public final class ProfileSchema {
  private ProfileSchema() {}

  /** The violations of the schema in this JSON; empty if none. */
  public static List<String> complaints(String json) {
    return complaints("profile-1.json", json);
  }

  /** The same for another of our schemas. */
  public static List<String> complaints(String name, String json) {
    try (InputStream in =
        Objects.requireNonNull(
            ProfileSchema.class.getResourceAsStream("/dev/flopmeter/schema/" + name), name)) {
      Schema schema =
          SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
              .getSchema(in, InputFormat.JSON);
      return schema.validate(json, InputFormat.JSON).stream().map(Error::toString).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
