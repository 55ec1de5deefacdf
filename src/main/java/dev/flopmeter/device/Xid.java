package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The meaning of the driver's error numbers, from {@code xids.csv} (NVIDIA's list of Xid errors).
 *
 * @param label the number, or {@code other} for one that is not in the table
 * @param isFatal whether it affects the whole GPU, so that results measured meanwhile are not valid
 */
public record Xid(String label, boolean isFatal, String meaning) {
  private static final Xid OTHER = new Xid("other", true, "not in the table of Xids");

  private static final Map<String, Xid> TABLE =
      Csv.rows(Xid.class, "xids.csv").stream()
          .map(row -> new Xid(row.get(0), row.get(1).equals("gpu"), row.get(2)))
          .collect(Collectors.toUnmodifiableMap(Xid::label, xid -> xid));

  public static Xid of(long number) {
    return Objects.requireNonNullElse(TABLE.get(Long.toString(number)), OTHER);
  }
}
