package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The registries to which a service's meters are bound. */
class ModelEfficiencyRegistriesTest {
  private final AtomicLong now = new AtomicLong();
  private final MeterRegistry registry = new SimpleMeterRegistry();

  private EfficiencyBuilder builder() {
    return ModelEfficiency.of(ModelEfficiencyTest.COUNTS).device("cuda:0").clock(now::get);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void prometheusSeesOneHistogramOfAllWorkloads() {
    PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    prometheus.config().commonTags("shop", "north");
    CompositeMeterRegistry both = new CompositeMeterRegistry();
    both.add(prometheus).add(registry);
    ModelEfficiency one = builder().workload("one").bindTo(both);
    ModelEfficiency two = builder().workload("two").bindTo(prometheus);
    one.record(4, 1_000_000);
    one.record(4, 1_000_001);
    one.record(4, 9_000_000_000L);
    two.record(1, 50_000);
    assertThat(series(prometheus, "one"))
        .contains(
            "_bucket le=\"5.0E-4\" 0",
            "_bucket le=\"0.001\" 1",
            "_bucket le=\"0.0025\" 2",
            "_bucket le=\"5.0\" 2",
            "_bucket le=\"+Inf\" 3",
            "_count 3",
            "_sum 9.002000001");
    assertThat(series(prometheus, "two")).contains("_bucket le=\"5.0E-5\" 1", "_sum 5.0E-5");
    assertThat(prometheus.scrape())
        .contains("# TYPE flopmeter_inference_duration_seconds histogram")
        .contains("flopmeter_live_workloads_value{shop=\"north\",statistic=\"VALUE\"} 2.0");
    assertThat(registry.get("flopmeter.inference.duration").functionTimer().count()).isEqualTo(3);
  }

  @Test
  void filtersOfARegistryDoNotBreakTheService() {
    PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    prometheus
        .config()
        .meterFilter(MeterFilter.ignoreTags("workload"))
        .meterFilter(MeterFilter.denyNameStartsWith("flopmeter.inferences"));
    CompositeMeterRegistry composite = new CompositeMeterRegistry();
    composite.config().commonTags("shop", "south");
    composite.add(prometheus);
    builder().bindTo(composite).record(1, 1_000_000);
    assertThat(
            prometheus
                .scrape()
                .lines()
                .filter(line -> line.startsWith("flopmeter_inference_duration_seconds_count")))
        .singleElement()
        .asString()
        .contains("shop=\"south\"")
        .doesNotContain("workload=")
        .endsWith(" 1");
    assertThat(prometheus.scrape()).doesNotContain("flopmeter_inferences_total");
  }

  /** Lines of the histogram of a workload, without the labels that all of them have. */
  private static List<String> series(PrometheusMeterRegistry prometheus, String workload) {
    return prometheus
        .scrape()
        .lines()
        .filter(line -> line.startsWith("flopmeter_inference_duration_seconds"))
        .filter(line -> line.contains("workload=\"" + workload + "\""))
        .filter(line -> line.contains("shop=\"north\""))
        .map(
            line ->
                line.replaceFirst("flopmeter_inference_duration_seconds", "")
                    .replaceFirst("\\{.*workload=\"[a-z]*\",?", " ")
                    .replaceFirst("}", "")
                    .replaceAll(" +", " "))
        .toList();
  }

  @Test
  void registriesCanBeAddedLater() {
    ModelEfficiency efficiency = builder().build();
    efficiency.record(1, 1_000_000);
    efficiency.bindTo(registry);
    assertThat(registry.get("flopmeter.inferences").functionCounter().count()).isEqualTo(1);
    assertThat(registry.find("flopmeter.model.flop.per.second").gauge()).isNotNull();
  }

  /**
   * The meters that Micrometer finds registered twice; it logs a warning for the first, then debug
   * messages.
   */
  private static List<String> doubled(Runnable action) {
    Logger micrometer = (Logger) LoggerFactory.getLogger("io.micrometer");
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    micrometer.addAppender(log);
    micrometer.setLevel(Level.DEBUG);
    try {
      action.run();
    } finally {
      micrometer.setLevel(null);
      micrometer.detachAppender(log);
    }
    return log.list.stream()
        .map(ILoggingEvent::getFormattedMessage)
        .filter(message -> message.contains("already registered"))
        .toList();
  }

  private static PrometheusMeterRegistry prometheus() {
    return new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  }

  /** The lines of a workload, except the device's peaks. */
  private static List<String> published(PrometheusMeterRegistry prometheus) {
    return prometheus.scrape().lines().filter(line -> line.contains("workload=\"")).toList();
  }

  @Test
  void bindingRegistersNothingTwice() {
    PrometheusMeterRegistry prometheus = prometheus();
    CompositeMeterRegistry both = new CompositeMeterRegistry();
    both.add(prometheus()).add(new SimpleMeterRegistry());
    DevicePeak peak = new DevicePeak("measured", 1e12, 1e11);
    assertThat(
            doubled(
                () -> {
                  builder().peak(peak).workload("one").bindTo(prometheus).record(1, 1_000_000);
                  builder().peak(peak).workload("two").bindTo(prometheus).record(1, 1_000_000);
                  builder().peak(peak).bindTo(both).record(1, 1_000_000);
                }))
        .isEmpty();
  }

  @Test
  void bindingARegistryAgainChangesNothing() {
    PrometheusMeterRegistry prometheus = prometheus();
    ModelEfficiency efficiency = builder().bindTo(prometheus);
    efficiency.record(1, 1_000_000);
    pass(Duration.ofSeconds(2));
    List<String> once = published(prometheus);
    assertThat(doubled(() -> efficiency.bindTo(prometheus))).isEmpty();
    assertThat(published(prometheus)).isEqualTo(once);
  }

  @Test
  void twoRegistriesShowTheSameSums() {
    PrometheusMeterRegistry first = prometheus();
    PrometheusMeterRegistry second = prometheus();
    ModelEfficiency efficiency = builder().bindTo(first);
    efficiency.record(3, 1_000_000);
    efficiency.bindTo(second);
    efficiency.record(4, 1_000_000);
    pass(Duration.ofSeconds(2));
    assertThat(published(first))
        .isEqualTo(published(second))
        .anyMatch(line -> line.startsWith("flopmeter_inferences_total{") && line.endsWith(" 7.0"));
  }

  @Test
  void ofTwoWorkloadsWithTheSameLabelsTheSecondIsRefused() {
    PrometheusMeterRegistry prometheus = prometheus();
    ModelEfficiency first = builder().bindTo(prometheus);
    first.record(1, 1_000_000);
    List<String> before = published(prometheus);
    ModelEfficiency second = builder().build();
    assertThatThrownBy(() -> second.bindTo(prometheus))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("already publishes a workload '" + first.workload().name() + "'")
        .hasMessageContaining("device=" + first.workload().device())
        .hasMessageContaining("workload(...)");
    second.record(100, 1_000_000);
    assertThat(published(prometheus)).isEqualTo(before);
    first.close();
    second.bindTo(prometheus);
    assertThat(published(prometheus))
        .anyMatch(
            line -> line.startsWith("flopmeter_inferences_total{") && line.endsWith(" 100.0"));
  }

  @Test
  void workloadsThatAFilterMakesTheSameAreRefusedToo() {
    PrometheusMeterRegistry prometheus = prometheus();
    prometheus.config().meterFilter(MeterFilter.ignoreTags("workload"));
    ModelEfficiency unused = builder().workload("one").bindTo(prometheus);
    assertThatThrownBy(() -> builder().workload("two").bindTo(prometheus))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("workload=two");
  }

  @Test
  void closingTakesTheMetersOutOfEveryRegistryAndLeavesTheOthers() {
    PrometheusMeterRegistry prometheus = prometheus();
    CompositeMeterRegistry composite = new CompositeMeterRegistry();
    PrometheusMeterRegistry inner = prometheus();
    composite.add(inner).add(registry);
    ModelEfficiency other = builder().workload("other").bindTo(prometheus);
    ModelEfficiency efficiency = builder().bindTo(prometheus);
    efficiency.bindTo(composite);
    efficiency.record(2, 1_000_000);
    efficiency.discard("shape");
    other.record(2, 1_000_000);

    efficiency.close();
    efficiency.close();
    efficiency.record(2, 1_000_000);
    efficiency.discard("shape");

    assertThat(published(inner)).isEmpty();
    assertThat(registry.getMeters())
        .allMatch(meter -> meter.getId().getName().startsWith("flopmeter.device.peak"));
    assertThat(published(prometheus))
        .isNotEmpty()
        .allMatch(line -> line.contains("workload=\"other\""))
        .anyMatch(line -> line.startsWith("flopmeter_inference_duration_seconds_count{"));

    efficiency.bindTo(prometheus);
    assertThat(published(prometheus))
        .anyMatch(
            line ->
                line.startsWith("flopmeter_inferences_total{")
                    && !line.contains("workload=\"other\"")
                    && line.endsWith(" 4.0"));
  }
}
