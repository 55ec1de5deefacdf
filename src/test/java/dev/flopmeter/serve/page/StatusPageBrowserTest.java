package dev.flopmeter.serve.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.flopmeter.report.Browser;
import dev.flopmeter.report.page.Page;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The status page in a real browser, with the content security policy that it is served with. */
class StatusPageBrowserTest {

  private static final AtomicReference<Snapshot> VIEW = new AtomicReference<>();
  private static HttpServer server;
  private static Browser browser;
  private static String address;

  private static String render(Snapshot snapshot, String nonce) {
    return StatusPage.render(snapshot, SampleStatus.recommendation(snapshot), nonce);
  }

  @BeforeAll
  static void start() throws IOException {
    browser = Browser.start();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String nonce = UUID.randomUUID().toString();
          byte[] page = render(VIEW.get(), nonce).getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
          exchange.getResponseHeaders().set("Content-Security-Policy", Page.policy(nonce));
          exchange.sendResponseHeaders(200, page.length);
          exchange.getResponseBody().write(page);
          exchange.close();
        });
    server.start();
    address = "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  @AfterEach
  void wide() {
    browser.viewport(1280, 900);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (server != null) {
      server.stop(0);
    }
  }

  @BeforeEach
  void open() {
    VIEW.set(SampleStatus.view());
    browser.open(address);
  }

  @Test
  void rendersUnderItsPolicyWithoutAComplaint() throws IOException {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.texts("h1"))
        .containsExactly("cuda:0 reaches up to 30 % of its datasheet peak");
    assertThat(browser.count(".spark")).isEqualTo(4);
    browser.screenshot("status-light", 1280, 1250);
    browser.theme("dark");
    browser.screenshot("status-dark", 1280, 1250);
  }

  @Test
  void renewsWithoutAReload() {
    browser.js("window.sameDocument = true");
    VIEW.set(SampleStatus.view("renamed"));

    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> browser.texts(".workload h2").contains("renamed"));
    assertThat(browser.js("return window.sameDocument")).isEqualTo(true);
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void passesTheAccessibilityCheckInLightAndDark() throws IOException {
    browser.theme("light");
    assertThat(browser.accessibilityProblems()).isEmpty();
    browser.theme("dark");
    assertThat(browser.accessibilityProblems()).isEmpty();
  }

  @Test
  void hostileNamesAreText() {
    for (String name :
        List.of(
            "<script>document.title='owned'</script>",
            "\"'><img src=x onerror=alert(1)>",
            "\u202e\u05e9\u05dc\u05d5\u05dd",
            "../../etc?a=b#c")) {
      VIEW.set(SampleStatus.view(name));
      browser.open(address);

      assertThat(browser.one(".workload h2").getDomProperty("textContent")).isEqualTo(name);
      assertThat(browser.js("return document.title")).isEqualTo("flopmeter");
      assertThat(browser.count("img, bdi *")).isZero();
      String link = browser.one(".workload a.button").getDomAttribute("href");
      assertThat(link).startsWith("report/").doesNotContain("<", "\"", "?", "#", " ");
      assertThat(link.substring("report/".length())).doesNotContain("/");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void theEssentialsNeedNoScript() {
    String page = render(SampleStatus.view(), "nonce");

    assertThat(page)
        .contains("resnet50-nightly", "22.9 ms", "device failed", "<svg")
        .contains("href=\"report/resnet50-nightly\"");
  }

  @Test
  void behindAProxyAllLinksStayBelowItsPath() {
    browser.open(address + "tools/flopmeter/");

    assertThat(browser.properties("a[href]", "href"))
        .allSatisfy(link -> assertThat(link).startsWith(address + "tools/flopmeter/"));
    VIEW.set(SampleStatus.view("renamed"));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> browser.texts(".workload h2").contains("renamed"));
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void noTableLeavesItsCardAndAPhoneShowsSharesAndValidity() throws IOException {
    for (int width : new int[] {1280, 1001, 768, 390}) {
      browser.viewport(width, 900);
      assertThat(browser.tablesThatLeaveTheirCard()).as(width + " px").isEmpty();
    }
    assertThat(browser.outsideOfTheWindow(".mfu, .stack .tag, .reasons, .best, .track")).isEmpty();
    assertThat(browser.texts(".mfu")).hasSize(5);
    assertThat(browser.texts(".stack td .tag")).contains("not valid", "valid", "old", "1 warning");
    browser.screenshot("status-phone", 390, 2600);
  }
}
