package dev.flopmeter.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.Browser;
import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Run;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * In the plots of generated results no label overlaps another, extends beyond its drawing, or is
 * crossed by a roof; the name of a cache is above its own roof.
 */
class LabelPlacesTest {
  private static final int CASES = 6 * Integer.getInteger("sweep.cases", 4);

  /** One line per fault of the visible drawings; boxes of text are higher than its glyphs. */
  private static final String FAULTS =
      """
      const faults = [];
      for (const svg of document.querySelectorAll('svg')) {
        if (!svg.getClientRects().length) continue;
        const frame = svg.getBoundingClientRect();
        const labels = [...svg.querySelectorAll('text')].filter(t => t.getClientRects().length)
          .map(t => { const b = t.getBoundingClientRect();
            return {text: t.textContent, isRoof: t.closest('.roofs') !== null, left: b.left, right: b.right,
              top: b.top + b.height * 0.22, bottom: b.bottom - b.height * 0.22}; });
        const name = svg.getAttribute('class');
        for (const l of labels) {
          if (l.left < frame.left - 1 || l.right > frame.right + 1 || l.top < frame.top - 1
              || l.bottom > frame.bottom + 1) faults.push(name + ': outside: ' + l.text);
        }
        labels.forEach((a, i) => labels.slice(i + 1).forEach(b => {
          if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
            faults.push(name + ': ' + a.text + ' / ' + b.text); }));
        for (const path of svg.querySelectorAll('path.roof')) {
          const to = path.getScreenCTM();
          for (let at = 0; at < path.getTotalLength(); at += 2) {
            const p = path.getPointAtLength(at).matrixTransform(to);
            const hit = labels.find(l => l.isRoof && p.x > l.left && p.x < l.right && p.y > l.top && p.y < l.bottom);
            if (hit) { faults.push(name + ': a roof crosses ' + hit.text); break; }
          }
        }
      }
      return faults;
      """;

  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    browser = Browser.start();
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1280, 390})
  void labelsDoNotOverlap(int width) throws IOException {
    List<String> faults = new ArrayList<>();
    browser.viewport(width, 900);
    try {
      for (int seed = 0; seed < CASES; seed++) {
        Random random = new Random(seed);
        ProfileResult base = drawn(random);
        ProfileResult next = drawn(random);
        String page =
            seed % 3 == 0
                ? CompareHtml.render(ComparisonSet.of(List.of(base), List.of(next), 0.05))
                : HtmlReport.page(seed % 3 == 1 ? List.of(base) : sweep(random), null);
        browser.openFile("labels-" + seed + ".html", page);
        for (Object fault : (List<?>) browser.js(FAULTS)) {
          faults.add("labels-" + seed + ".html, " + fault);
        }
      }
      assertThat(faults).isEmpty();
    } finally {
      browser.viewport(1280, 900);
    }
  }

  @Test
  void cachesHaveTheirNameOrShareAPlaceWithTheNext() {
    assertThat(names(9e11, 3e11, 1e11)).containsExactly("L3", "L2", "L1");
    assertThat(names(9e11, 3e11, 2.8e11)).containsExactly("L3, L2", "L1");
  }

  private static List<String> names(double l1, double l2, double l3) {
    List<Cache> caches =
        List.of(new Cache("L1", 1, l1), new Cache("L2", 1, l2), new Cache("L3", 1, l3));
    Roofs roofs = new Roofs(null, new Roof(2e12, 3e10, "measured", caches), null);
    ProfileResult base = SampleProfiles.resnet50();
    ProfileResult result = with(base, roofs, base.latency());
    return RooflineChart.of(result, new OperatorColours(List.of(result))).names().stream()
        .map(RooflineChart.Name::text)
        .toList();
  }

  private static List<ProfileResult> sweep(Random random) {
    List<ProfileResult> results = new ArrayList<>();
    for (long batch = 1; results.size() < 2 + random.nextInt(8); ) {
      results.add(SampleProfiles.network("squeezenet1_1", batch, "fp16", batch));
      batch = random.nextBoolean() ? batch + 1 : batch * 2;
    }
    return results;
  }

  private static double between(Random random, double low, double high) {
    return low * Math.pow(high / low, random.nextDouble());
  }

  /** Some layers on a device with one to three roofs and up to three caches. */
  private static ProfileResult drawn(Random random) {
    ProfileResult base = SampleProfiles.network("squeezenet1_1", 1 + random.nextInt(64), "fp16", 1);
    double flops = between(random, 1e10, 1e15);
    double bytes = between(random, 1e10, 8e12);
    List<Cache> caches = new ArrayList<>();
    double rate = bytes;
    for (int level = random.nextInt(4); level > 0; level--) {
      rate *= between(random, 1.1, 6);
      caches.add(new Cache("L" + level, 1L << 20, rate));
    }
    Roof measured = new Roof(flops, bytes, "measured", caches);
    Roof datasheet =
        new Roof(flops * between(random, 1, 2), bytes * between(random, 1, 2), "sheet");
    boolean isAdjusted = random.nextBoolean();
    Roof adjusted = new Roof(flops * 1.1, bytes, "clock");
    Roofs roofs =
        new Roofs(random.nextBoolean() ? datasheet : null, measured, isAdjusted ? adjusted : null);
    return with(base, roofs, latency(base.latency().median(), random));
  }

  private static Latency latency(double median, Random random) {
    double tail = between(random, 1e-4, 1);
    Latency of = SampleProfiles.resnet50().latency();
    return new Latency(
        median,
        median * 0.999,
        median * (1 + tail / 4),
        median * 0.99,
        median * (1 + tail / 2),
        random.nextBoolean() ? median * (1 + tail * 0.6) : null,
        random.nextBoolean() ? median * (1 + tail) : null,
        null,
        of.ci95(),
        of.relativeIqr());
  }

  private static ProfileResult with(ProfileResult base, Roofs roofs, Latency latency) {
    Run run = base.run();
    return new ProfileResult(
        base.model(),
        base.device(),
        run,
        base.environment(),
        base.cost(),
        latency,
        base.throughput(),
        base.efficiency(),
        base.layers(),
        base.layerSumRatio(),
        base.memory(),
        base.firstRunSeconds(),
        base.launch(),
        base.numericCheck(),
        base.assignment(),
        roofs,
        base.sensors(),
        base.valid(),
        base.warnings());
  }
}
