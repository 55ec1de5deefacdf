package dev.flopmeter.serve.result;

import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ResultFormatException;
import java.time.Instant;
import java.util.List;

/** A result of a workload, with the JSON that it was read from. */
public record ResultLine(Result result, String json) {
  private static final int LONGEST_LABEL = 256;
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  /**
   * Reads a result. The writer is not trusted.
   *
   * @throws ResultFormatException if it cannot be read, or cannot be true
   */
  public static ResultLine read(String workload, String json) {
    return of(workload, ProfileJson.read(json), json);
  }

  /** The same, not valid for this reason. */
  public ResultLine invalid(String why) {
    ProfileResult profile = result.profile().invalid(why);
    return new ResultLine(new Result(result.key(), profile), ProfileJson.writeLine(profile));
  }

  /** Checks a result that was read. */
  public static ResultLine of(String workload, ProfileResult profile, String json) {
    Result result = Result.of(workload, profile);
    SeriesKey key = result.key();
    for (String label : List.of(key.model(), key.device(), key.backend())) {
      if (label.isEmpty() || label.length() > LONGEST_LABEL) {
        throw new ResultFormatException("no usable model, device or backend");
      }
    }
    if (result.startedAt().isBefore(Instant.EPOCH) || result.startedAt().isAfter(LATEST)) {
      throw new ResultFormatException("no time of this age");
    }
    return new ResultLine(result, json);
  }
}
