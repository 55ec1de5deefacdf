package dev.flopmeter.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.result.ProfileResult.Attainable;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.NumericCheck;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.result.ProfileResult.Shares;
import dev.flopmeter.result.ProfileResult.Throughput;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.result.ProfileResult.Totals;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class ProfileJsonTest {

  /** One layer, one roof, sensors; its JSON is written out below. */
  private static ProfileResult tiny(double median) {
    return new ProfileResult(
        new ModelInfo(
            "tiny",
            "tiny.onnx",
            13,
            List.of(new ModelInfo.Input("x", TensorType.of(DataType.FLOAT, 1, 3, 8, 8)))),
        new Device(
            DeviceKind.CUDA, "cuda:0", "Card", Map.of("driver", "555.1", "cuda", "12.6"), false),
        new Run(
            "cudnn",
            Precision.FP16,
            "nhwc",
            1,
            true,
            30,
            Map.of("clock", 2),
            12,
            "noise below bound",
            Instant.parse("2026-11-24T04:00:00Z"),
            null),
        new Environment("1.0.0", "17", "Linux", Map.of("cudnn", "9.5.1")),
        new Totals(500, 1000, 20, 300, 100, 768, null),
        new Latency(
            median,
            0.0009,
            0.0012,
            0.0008,
            null,
            null,
            null,
            null,
            new Interval(0.00095, 0.00105),
            0.3),
        new Throughput(1000, 1e6),
        new Efficiency(
            new Shares(null, 0.5, null),
            Shares.NONE,
            2.5,
            new Attainable(1.6e6, Basis.MEASURED, new Shares(null, 0.8, null))),
        List.of(
            new Layer(
                "conv",
                "Conv+Relu",
                List.of("conv", "relu"),
                new Cost(500, 1000, 20, 300, 100),
                new Time(0.001, 0.0009, 0.0012, 0.0008),
                1e6,
                null,
                Bound.LAUNCH,
                "L2",
                null,
                new KernelInfo("IMPLICIT_GEMM", "nhwc", null, 0L),
                new Channels(3, 64, 2L, 100L),
                null)),
        1.0,
        null,
        0.25,
        null,
        new NumericCheck("djl, unfused", 1e-4, 2e-2, true),
        null,
        new Roofs(
            null,
            new Roof(2e6, null, "flopmeter roof", List.of(new Cache("L2", 1 << 20, 5e9))),
            null),
        new Sensors(
            1.98e9,
            null,
            310.5,
            null,
            0.031,
            41.0,
            null,
            null,
            0,
            null,
            null,
            List.of(),
            Map.of("utilization", "not read")),
        true,
        List.of("a word of warning"));
  }

  @Test
  void eventsAreNoResults() {
    assertThat(ProfileJson.readLine(ProfileJson.writeProgress("measure", 0.5, "batch 1")))
        .isEqualTo(new ProfileLine.Progress("measure", 0.5, "batch 1"));
    assertThat(ProfileJson.readLine(ProfileJson.writeProgress("measure", 7, "")))
        .isEqualTo(new ProfileLine.Progress("measure", 1, ""));
    assertThat(ProfileJson.readLine("{\"event\":\"of a later version\",\"x\":[1]}"))
        .isEqualTo(ProfileLine.OTHER);
    for (String bad :
        List.of(
            "{\"event\":\"progress\",\"done\":\"soon\"}",
            "{\"event\":" + "[".repeat(100),
            "[1,2]",
            "hello",
            "")) {
      assertThatThrownBy(() -> ProfileJson.readLine(bad))
          .as(bad)
          .isInstanceOf(ResultFormatException.class);
    }
  }

  @Test
  void aBoundOfAnEarlierVersionFarFromItsRoofIsReadAsInefficient() {
    String json = ProfileJson.write(tiny(0.001)).replaceAll("\\s*\"level\" : \"L2\",", "");
    String compute = "\"bound\" : \"compute\", \"roofline_efficiency\" : ";
    String near = json.replace("\"bound\" : \"launch\"", compute + 0.8);
    String far = json.replace("\"bound\" : \"launch\"", compute + 0.1);
    assertThat(ProfileJson.read(near).layers().get(0).bound()).isEqualTo(Bound.COMPUTE);
    assertThat(ProfileJson.read(far).layers().get(0).bound()).isEqualTo(Bound.INEFFICIENT);
    assertThat(ProfileJson.read(far).layers().get(0).level()).isNull();
  }

  @Test
  void isWrittenAsDocumented() {
    assertThat(ProfileJson.writeLine(tiny(0.001)))
        .isEqualTo(
            """
            {"schema":"flopmeter.profile/1",\
            "model":{"name":"tiny","source":"tiny.onnx","opset":13,\
            "inputs":[{"name":"x","type":"float32","shape":[1,3,8,8]}]},\
            "device":{"kind":"cuda","name":"Card","id":"cuda:0",\
            "cuda":"12.6","driver":"555.1","emulated":false},\
            "run":{"backend":"cudnn","precision":"fp16","layout":"nhwc","batch":1,"fused":true,\
            "samples":30,"dropped_samples":{"clock":2},"warmup_runs":12,\
            "stop_reason":"noise below bound","started_at":"2026-11-24T04:00:00Z"},\
            "environment":{"flopmeter":"1.0.0","java":"17","os":"Linux",\
            "libraries":{"cudnn":"9.5.1"}},\
            "cost":{"macs":500,"flops":1000,"params":20,"bytes_read":300,"bytes_written":100,\
            "peak_activation_bytes":768},\
            "latency":{"unit":"s","median":0.001,"q1":9.0E-4,"q3":0.0012,"min":8.0E-4,\
            "ci95":[9.5E-4,0.00105],"relative_iqr":0.3},\
            "throughput":{"inferences_per_second":1000.0,"achieved_flops_per_second":1000000.0},\
            "efficiency":{"mfu":{"measured":0.5},"mbu":{},"intensity":2.5,\
            "attainable":{"flops_per_second":1600000.0,"roofs":"measured","mfu":{"measured":0.8}}},\
            "layers":[{"name":"conv","op":"Conv+Relu","nodes":["conv","relu"],\
            "cost":{"macs":500,"flops":1000,"params":20,"bytes_read":300,"bytes_written":100},\
            "time":{"median":0.001,"q1":9.0E-4,"q3":0.0012,"min":8.0E-4},\
            "achieved_flops_per_second":1000000.0,"bound":"launch","level":"L2",\
            "kernel":{"algorithm":"IMPLICIT_GEMM","layout":"nhwc","workspace_bytes":0},\
            "channels":{"in":3,"out":64,"groups":2,"positions":100}}],\
            "layer_sum_ratio":1.0,"first_run_seconds":0.25,\
            "numeric_check":{"reference":"djl, unfused","relative_l2":1.0E-4,"tolerance":0.02,\
            "passed":true},\
            "roofs":{"measured":{"flops_per_second":2000000.0,"source":"flopmeter roof",\
            "caches":[{"name":"L2","bytes":1048576,"bytes_per_second":5.0E9}]}},\
            "sensors":{"sm_clock_hz":1.98E9,"power_w":310.5,"energy_j_per_inference":0.031,\
            "temperature_c":41.0,"other_processes":0,"throttle_reasons":[],\
            "absent":{"utilization":"not read"}},\
            "valid":true,"warnings":["a word of warning"]}\
            """);
  }

  @Test
  void survivesARoundTrip() {
    for (ProfileResult result : List.of(tiny(0.001), SampleProfiles.resnet50())) {
      assertThat(ProfileJson.read(ProfileJson.write(result))).isEqualTo(result);
      assertThat(ProfileJson.read(ProfileJson.writeLine(result))).isEqualTo(result);
    }
  }

  @Test
  void keepsToItsSchema() {
    for (ProfileResult result : List.of(tiny(0.001), SampleProfiles.resnet50())) {
      assertThat(ProfileSchema.complaints(ProfileJson.write(result))).isEmpty();
    }
  }

  @Test
  void theSchemaRefusesWhatIsNotInIt() {
    String json = ProfileJson.writeLine(tiny(0.001));
    assertThat(ProfileSchema.complaints(json.replace("\"valid\"", "\"vaild\""))).isNotEmpty();
    assertThat(ProfileSchema.complaints(json.replace("\"median\":0.001", "\"median\":0")))
        .isNotEmpty();
    assertThat(ProfileSchema.complaints(json.replace("\"samples\":30", "\"samples\":null")))
        .isNotEmpty();
  }

  @Test
  void noLocaleChangesIt() {
    Locale before = Locale.getDefault();
    try {
      String expected = ProfileJson.write(tiny(0.001));
      for (String tag : List.of("de-DE", "ar-EG-u-nu-arab", "tr-TR", "fa-IR")) {
        Locale.setDefault(Locale.forLanguageTag(tag));
        assertThat(ProfileJson.write(tiny(0.001))).as(tag).isEqualTo(expected);
      }
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void noSentinelIsPublished() {
    assertThatThrownBy(() -> ProfileJson.write(tiny(Double.NaN)))
        .hasMessage("latency.median must be of type number above 0, not NaN");
    assertThatThrownBy(() -> ProfileJson.write(tiny(Double.POSITIVE_INFINITY)))
        .hasMessage("latency.median must be of type number above 0, not Infinity");
  }

  @Test
  void progressIsOneLine() {
    assertThat(ProfileJson.writeProgress("measure", 0.41666, "batch 8, 35 samples"))
        .isEqualTo(
            "{\"event\":\"progress\",\"phase\":\"measure\",\"done\":0.417,"
                + "\"detail\":\"batch 8, 35 samples\"}");
  }

  @Test
  void saysWhatIsWrongWithAFile() {
    assertThatThrownBy(() -> ProfileJson.read("{}")).hasMessage("schema is missing");
    assertThatThrownBy(() -> ProfileJson.read("{\"schema\":\"flopmeter.count/1\"}"))
        .hasMessage("schema must be \"flopmeter.profile/1\", not flopmeter.count/1");
    assertThatThrownBy(() -> ProfileJson.read("[1]"))
        .hasMessage("a result must be of type object, not [");
    assertThatThrownBy(() -> ProfileJson.read("not json"))
        .isInstanceOf(ResultFormatException.class)
        .hasMessageContaining("line 1");
    String json = ProfileJson.writeLine(tiny(0.001));
    assertThatThrownBy(() -> ProfileJson.read(json.replace("\"median\":0.001,\"q1\"", "\"q1\"")))
        .isInstanceOf(ResultFormatException.class)
        .hasMessageContaining("median is missing");
    for (String field : List.of("ci95", "relative_iqr", "device", "run", "precision")) {
      assertThatThrownBy(() -> ProfileJson.read(json.replace("\"" + field + "\":", "\"other\":")))
          .isInstanceOf(ResultFormatException.class)
          .hasMessageContaining(field + " is missing");
    }
    assertThatThrownBy(() -> ProfileJson.read(json.replace("\"batch\":1", "\"batch\":\"many\"")))
        .isInstanceOf(ResultFormatException.class)
        .hasMessageContaining("batch");
  }

  @Test
  void fieldsOfLaterVersionsAreIgnored() {
    String json = ProfileJson.writeLine(tiny(0.001));
    assertThat(ProfileJson.read(json.replace("\"valid\"", "\"new\":{},\"valid\"")))
        .isEqualTo(tiny(0.001));
  }

  /** What the schema refuses is refused when it is read: a negative time would be compared. */
  @Test
  void figuresThatAreMissingOrOutOfRangeAreRefusedWithTheirPlace() {
    JsonNode root = JsonMapper.shared().readTree(ProfileJson.writeLine(tiny(0.001)));
    List<String> wrong = List.of("-1", "1e999", "\"NaN\"", "\"1\"", "true", "[]", "{}", "null");
    int refused = 0;
    for (String place : figures(root, "")) {
      int last = place.lastIndexOf('/');
      JsonNode parent = root.at(place.substring(0, last));
      String name = place.substring(last + 1);
      JsonNode right = root.at(place);
      for (String value : wrong) {
        set(parent, name, JsonMapper.shared().readTree(value));
        String json = root.toString().replace("\"Infinity\"", "1e999");
        if (value.equals("null") || ProfileSchema.complaints(json).isEmpty()) {
          continue;
        }
        refused++;
        String path = place.substring(1).replaceAll("/(\\d+)", "[$1]").replace('/', '.');
        for (String text : List.of(json, "{\"event\":\"progress\"}\n" + json)) {
          assertThatThrownBy(() -> ProfileJson.readAll(text))
              .as(place + " " + value)
              .isInstanceOf(ResultFormatException.class)
              .hasMessageStartingWith(path + " must be of type ");
        }
        assertThatThrownBy(() -> ProfileJson.read(json)).hasMessageStartingWith(path + " must be");
      }
      set(parent, name, right);
    }
    assertThat(refused).isGreaterThan(300);
    assertThat(ProfileJson.read(root.toString())).isEqualTo(tiny(0.001));
  }

  private static List<String> figures(JsonNode node, String place) {
    List<String> places = new ArrayList<>();
    node.forEachEntry((name, value) -> places.addAll(figures(value, place + "/" + name)));
    for (int i = 0; i < (node.isArray() ? node.size() : 0); i++) {
      places.addAll(figures(node.get(i), place + "/" + i));
    }
    return node.isNumber() ? List.of(place) : places;
  }

  private static void set(JsonNode parent, String name, JsonNode value) {
    if (parent instanceof ObjectNode object) {
      object.set(name, value);
    } else {
      ((ArrayNode) parent).set(Integer.parseInt(name), value);
    }
  }

  @Test
  void absentFiguresAreNamed() {
    String json = ProfileJson.writeLine(tiny(0.001));
    String layer = json.replace("\"time\":{\"median\":0.001,", "\"time\":{\"median\":null,");
    assertThatThrownBy(() -> ProfileJson.read(layer))
        .hasMessage("layers[0].time.median is missing");
    assertThatThrownBy(() -> ProfileJson.readAll(json.replaceFirst("\"cost\":", "\"later\":")))
        .hasMessage("cost is missing");
    assertThatThrownBy(
            () -> ProfileJson.read(json.replace("\"macs\":500", "\"macs\":5000000000000000000")))
        .hasMessage("cost.macs must be of type integer from 0, not 5000000000000000000");
  }
}
