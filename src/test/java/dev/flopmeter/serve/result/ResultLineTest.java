package dev.flopmeter.serve.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.result.SampleResult;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Valid and invalid output of a worker. */
class ResultLineTest {
  private static final ProfileResult RESULT =
      SampleResult.of(
          Instant.parse("2026-06-01T00:00:00Z"), 0.002, true, List.of(SampleResult.layer("a", 1)));
  private static final String JSON = ProfileJson.writeLine(RESULT);

  private static String problem(String json) {
    return catchThrowableOfType(ResultFormatException.class, () -> ResultLine.read("w", json))
        .getMessage();
  }

  @Test
  void aResultComesBackWithItsLabels() {
    assertThat(ResultLine.read("w", JSON))
        .isEqualTo(
            new ResultLine(
                new Result(new SeriesKey("w", "m", "cpu", "djl", "fp32", 1), RESULT), JSON));
  }

  @Test
  void otherTextIsRefused() {
    assertThat(problem("")).contains("a result must be of type object");
    assertThat(problem("hello")).contains("Unrecognized token");
    assertThat(problem("[1,2]")).contains("a result must be of type object");
    assertThat(problem("{}")).contains("schema is missing");
    assertThat(problem("{\"schema\":\"flopmeter.count/1\"}")).contains("flopmeter.count/1");
    assertThat(problem(JSON.substring(0, JSON.length() / 2))).isNotEmpty();
    assertThat(problem(JSON + "x")).isNotEmpty();
    assertThat(problem("{\"event\":" + "[".repeat(100))).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"median\":0.002,\"q1\"|\"median\":0,\"q1\"|latency.median must be of type number above 0",
        "\"median\":0.002,\"q1\"|\"median\":1e999,\"q1\"|latency.median must be of type number above 0",
        "\"median\":0.002,\"q1\"|\"q1\"|median",
        "\"batch\":1|\"batch\":0|run.batch must be of type integer from 1",
        "\"batch\":1|\"batch\":1.5|batch",
        "\"precision\":\"fp32\"|\"precision\":\"fp23\"|must be one of fp32, tf32, fp16, bf16, int8,"
            + " fp8",
        "\"bound\":\"compute\"|\"bound\":\"hope\"|must be one of compute, memory,"
            + " cache, launch, inefficient",
        "\"kind\":\"cpu\"|\"kind\":\"tpu\"|must be one of cpu, cuda",
        "\"started_at\":\"2026-06-01T00:00:00Z\"|\"started_at\":\"today\"|started_at",
        "2026-06-01T00:00:00Z|+999999999-06-01T00:00:00Z|no time of this age",
        "2026-06-01T00:00:00Z|1969-06-01T00:00:00Z|no time of this age",
        "\"name\":\"m\"|\"name\":\"\"|no usable model",
      })
  void aResultThatCannotBeTrueIsRefused(String right, String wrong, String reason) {
    assertThat(JSON).contains(right);
    assertThat(problem(JSON.replace(right, wrong))).contains(reason);
  }

  @Test
  void fiveThousandLayersAreReadAndFewAreKept() {
    ProfileResult large =
        RESULT.withLayers(
            IntStream.range(0, 5000).mapToObj(i -> SampleResult.layer("l" + i, 1 + i)).toList());
    ResultLine line = ResultLine.read("w", ProfileJson.writeLine(large));
    Result kept = line.result().withTopLayers(20);
    assertThat(kept.profile().layers()).hasSize(21).first().matches(l -> l.name().equals("l4999"));
    assertThat(kept.profile().run().rawSeconds()).isNull();
    assertThat(kept.profile().withLayers(List.of()))
        .isEqualTo(RESULT.withoutRaw().withLayers(List.of()));
  }
}
