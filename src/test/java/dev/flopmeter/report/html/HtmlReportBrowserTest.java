package dev.flopmeter.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.Browser;
import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.result.ProfileResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The report in a real browser. */
class HtmlReportBrowserTest {

  private static Browser browser;

  @BeforeAll
  static void startBrowser() throws IOException {
    browser = Browser.start();
  }

  @AfterAll
  static void stopBrowser() {
    if (browser != null) {
      browser.close();
    }
  }

  @Test
  void rendersWithoutAComplaintAndFetchesNothing() throws IOException {
    open("report.html", SampleProfiles.resnet50());

    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.js("return performance.getEntriesByType('resource').length")).isEqualTo(0L);
    browser.screenshot("report-light", 1280, 1500);
    browser.theme("dark");
    browser.screenshot("report-dark", 1280, 1500);
  }

  @Test
  void everyLayerHasADotAndARow() throws IOException {
    ProfileResult result = SampleProfiles.resnet50();
    open("dots.html", result);

    assertThat(browser.count(".dot")).isEqualTo(result.layers().size());
    assertThat(browser.count("table.layers tbody tr")).isEqualTo(result.layers().size());
  }

  @Test
  void keysReachTheDetailsOfEveryDot() throws IOException {
    ProfileResult result = SampleProfiles.resnet50();
    open("keys.html", result);
    browser.js("document.querySelector('.dot[tabindex=\"0\"]').focus()");
    browser.focused().sendKeys(Keys.HOME);

    List<String> seen = new java.util.ArrayList<>();
    for (int i = 0; i < result.layers().size(); i++) {
      WebElement dot = browser.focused();
      assertThat(dot.getDomAttribute("aria-label")).contains("of the time");
      assertThat(browser.one(".tip").isDisplayed()).isTrue();
      seen.add(browser.one(".tip strong").getText());
      dot.sendKeys(Keys.ARROW_RIGHT);
    }

    assertThat(seen)
        .containsExactlyInAnyOrderElementsOf(
            result.layers().stream().map(ProfileResult.Layer::name).toList());
  }

  @Test
  void hoveringShowsDetailsAndMarksTheRow() throws IOException {
    open("hover.html", SampleProfiles.resnet50());
    browser.js(
        "document.querySelector('.dot[data-i=\"4\"]')"
            + ".dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))");

    assertThat(browser.one(".tip").getText()).contains("layer1.0.conv3", "Of roof");
    assertThat(browser.one("table.layers tr.on").getDomAttribute("data-i")).isEqualTo("4");
  }

  @Test
  void theTableSortsByFiguresAndText() throws IOException {
    ProfileResult result = SampleProfiles.resnet50();
    open("sort.html", result);
    List<String> longestFirst =
        Breakdown.longestFirst(result).stream().map(ProfileResult.Layer::name).toList();

    heading("Time").click();
    assertThat(names()).isEqualTo(longestFirst);
    assertThat(browser.one("th[aria-sort=descending]").getText()).startsWith("Time");

    heading("Time").click();
    assertThat(names().get(0)).isEqualTo(longestFirst.get(longestFirst.size() - 1));

    heading("Layer").click();
    assertThat(names()).startsWith("avgpool", "conv1", "fc", "flatten");
  }

  @Test
  void theTableFilters() throws IOException {
    open("filter.html", SampleProfiles.resnet50());

    browser.one(".filter").sendKeys("layer2 maxpool");
    assertThat(names()).isEmpty();

    browser.one(".filter").clear();
    browser.one(".filter").sendKeys("LAYER2 downsample");
    assertThat(names()).containsExactly("layer2.0.downsample.0");
    assertThat(browser.one(".count").getText()).isEqualTo("1 of 1 matching layers");
  }

  @Test
  void passesTheAccessibilityCheckInLightAndDark() throws IOException {
    browser.openFile("axe.html", HtmlReport.page(SampleProfiles.sweep(), null));
    browser.theme("light");
    assertThat(browser.accessibilityProblems()).isEmpty();

    browser.theme("dark");
    assertThat(browser.accessibilityProblems()).isEmpty();
  }

  @Test
  void ofASweepOneResultIsShownAtATime() throws IOException {
    browser.openFile("sweep.html", HtmlReport.page(SampleProfiles.sweep(), null));
    assertThat(browser.texts("article.result .verdict")).hasSize(1);

    browser.all(".choice a").get(0).click();
    assertThat(browser.texts("article.result .verdict"))
        .hasSize(1)
        .first()
        .asString()
        .contains("batch 1 ");
    assertThat(browser.complaints()).isEmpty();
    browser.screenshot("sweep", 1280, 1200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<script>document.title='owned'</script>",
        "\"><img src=x onerror=\"document.title='owned'\">",
        "' onmouseover='document.title=1",
        "</script><script>document.title='owned'</script><!--",
        "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
        "${7*7} {{7*7}} &lt;b&gt;"
      })
  void hostileNamesAreText(String name) throws IOException {
    browser.openFile(
        "hostile.html", HtmlReport.page(List.of(SampleProfiles.named(name, name)), null));

    assertThat(browser.one("h1").getDomProperty("textContent")).isEqualTo(name);
    assertThat(browser.one("table.layers tbody th").getDomProperty("textContent")).isEqualTo(name);
    assertThat(browser.js("return document.title")).isNotEqualTo("owned");
    assertThat(browser.count("img, bdi *")).isZero();
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void aNameOfTenThousandCharactersDoesNotBreakThePage() throws IOException {
    String name = "long/".repeat(2000);
    browser.openFile("long.html", HtmlReport.page(List.of(SampleProfiles.named(name, name)), null));

    assertThat(browser.one("table.layers tbody th").getDomProperty("textContent")).isEqualTo(name);
    assertThat((Long) browser.js("return document.documentElement.scrollWidth")).isLessThan(1300L);
    assertThat(browser.one("h1").getSize().getHeight()).isLessThan(400);
    browser.js("document.querySelector('.dot').focus()");
    assertThat(browser.one(".tip").getSize().getHeight()).isLessThan(600);
  }

  @ParameterizedTest
  @ValueSource(ints = {50, 500, 5000})
  void staysUsableAsLayersGrow(int layers) throws IOException {
    String html = HtmlReport.page(List.of(SampleProfiles.ofLayers(layers)), null);
    Path file = browser.openFile("layers-" + layers + ".html", html);
    Map<String, Long> timing = browser.timing();
    System.out.printf(
        "report of %d layers: %d kB, first paint %d ms, loaded %d ms%n",
        layers, Files.size(file) / 1000, timing.get("paint"), timing.get("load"));

    assertThat(browser.count(".dot")).isEqualTo(layers);
    assertThat(names()).hasSize(Math.min(200, layers));
    assertThat(timing.get("paint")).isBetween(0L, 5000L);
    if (layers > 200) {
      browser.one(".more").click();
      assertThat(names()).hasSize(layers);
    }
  }

  @Test
  void aComparisonShowsBothRooflinesAndWhatMoved() throws IOException {
    ComparisonSet set = SampleProfiles.comparison();
    browser.openFile("compare.html", CompareHtml.render(set));

    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.count("svg.roofline")).isEqualTo(2);
    assertThat(browser.count(".dot"))
        .isEqualTo(2L * set.comparisons().get(0).base().layers().size());
    assertThat(names()).hasSize(set.comparisons().get(0).layers().size());
    assertThat(browser.accessibilityProblems()).isEmpty();
    browser.screenshot("compare", 1280, 1500);
  }

  @Test
  void aReportOfResNet50IsSmall() {
    String html = HtmlReport.page(List.of(SampleProfiles.resnet50()), null);

    assertThat(html.length()).isLessThan(500_000);
  }

  private static void open(String file, ProfileResult result) throws IOException {
    browser.openFile(file, HtmlReport.page(List.of(result), null));
  }

  private static WebElement heading(String title) {
    return browser.all("table.layers th button").stream()
        .filter(button -> button.getText().equals(title))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> names() {
    return browser.texts("table.layers tbody th");
  }

  @Test
  void noTableLeavesItsCard() throws IOException {
    browser.openFile("cards.html", HtmlReport.page(SampleProfiles.sweep(), null));
    try {
      for (int width : new int[] {1280, 1001, 768, 390}) {
        browser.viewport(width, 900);
        assertThat(browser.tablesThatLeaveTheirCard()).as(width + " px").isEmpty();
        assertThat((Long) browser.js("return document.documentElement.scrollWidth"))
            .isLessThanOrEqualTo((long) width);
      }
      browser.screenshot("report-phone", 390, 2600);
    } finally {
      browser.viewport(1280, 900);
    }
  }

  @Test
  void anEmulatedDeviceIsAnnouncedBeforeEverythingElse() throws IOException {
    String page = HtmlReport.page(List.of(SampleProfiles.emulated()), null);
    assertThat(page.indexOf("is emulated: work, parameters and bytes are exact"))
        .isPositive()
        .isLessThan(page.indexOf("<h1>"));
    assertThat(HtmlReport.page(List.of(SampleProfiles.resnet50()), null))
        .doesNotContain("is emulated");
  }

  @Test
  void aServedReportLinksBackToTheStatusPageByARelativePath() {
    List<ProfileResult> results = List.of(SampleProfiles.resnet50());
    assertThat(HtmlReport.page(results, "nonce")).contains("href=\"../\"");
    assertThat(HtmlReport.page(results, null)).doesNotContain("href=\"../");
  }
}
