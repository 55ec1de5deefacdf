package dev.flopmeter.report;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium, from Debian, with the functions that tests of pages need. */
public final class Browser implements AutoCloseable {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Path TARGET = Path.of("target");

  private final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /** Starts one, or skips the test with the reason. */
  public static Browser start() throws IOException {
    assumeTrue(
        Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER),
        "needs Debian's packages chromium and chromium-driver");
    Path profile = Files.createTempDirectory(Files.createDirectories(TARGET), "chromium");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM.toString());
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--force-device-scale-factor=1",
        "--user-data-dir=" + profile.toAbsolutePath());
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).build();
    ChromeDriver driver = new ChromeDriver(service, options);
    driver.manage().window().setSize(new Dimension(1280, 900));
    return new Browser(driver);
  }

  public void open(String address) {
    driver.get(address);
  }

  /** Opens {@code html} as a file. */
  public Path openFile(String name, String html) throws IOException {
    Path file = Files.createDirectories(TARGET.resolve("pages")).resolve(name);
    Files.writeString(file, html);
    open(file.toUri().toString());
    return file;
  }

  public List<WebElement> all(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  public WebElement one(String selector) {
    return driver.findElement(By.cssSelector(selector));
  }

  public long count(String selector) {
    return (Long) js("return document.querySelectorAll(arguments[0]).length", selector);
  }

  /** The visible texts of all matching elements, in document order. */
  @SuppressWarnings("unchecked")
  public List<String> texts(String selector) {
    return (List<String>)
        js(
            "return [...document.querySelectorAll(arguments[0])]"
                + ".filter(e => e.offsetParent !== null).map(e => e.textContent)",
            selector);
  }

  /** A property of all matching elements, in document order. */
  @SuppressWarnings("unchecked")
  public List<String> properties(String selector, String property) {
    return (List<String>)
        js(
            "return [...document.querySelectorAll(arguments[0])].map(e => e[arguments[1]])",
            selector,
            property);
  }

  /** The size of the page on a device, which can be narrower than a window. */
  public void viewport(int width, int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
  }

  /** Parts of tables that extend beyond their card, or need horizontal scrolling. */
  @SuppressWarnings("unchecked")
  public List<String> tablesThatLeaveTheirCard() {
    return (List<String>)
        js(
            "return [...document.querySelectorAll('.panel table, .panel table *:not(.sr)')]"
                + ".filter(t => t.offsetParent && !t.closest('.clip, svg'))"
                + ".filter(t => t.getBoundingClientRect().right"
                + " > t.closest('.panel').getBoundingClientRect().right + 1)"
                + ".map(t => t.textContent.slice(0, 99) + ' ' + t.getBoundingClientRect().right)");
  }

  /** Texts of matching elements that extend beyond the sides of the window. */
  @SuppressWarnings("unchecked")
  public List<String> outsideOfTheWindow(String selector) {
    return (List<String>)
        js(
            "return [...document.querySelectorAll(arguments[0])].filter(e => {"
                + " const box = e.getBoundingClientRect();"
                + " return box.left < 0 || box.right > innerWidth || box.width === 0; })"
                + ".map(e => e.textContent)",
            selector);
  }

  public Object js(String script, Object... arguments) {
    Object result = ((JavascriptExecutor) driver).executeScript(script, arguments);
    return result == null ? "" : result;
  }

  public WebElement focused() {
    return driver.switchTo().activeElement();
  }

  /** Errors and warnings that the page, not this test, wrote to the console. */
  public List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  /** The problems that axe-core finds, one line each; empty if none. */
  @SuppressWarnings("unchecked")
  public List<String> accessibilityProblems() throws IOException {
    try (InputStream axe = Browser.class.getResourceAsStream("/axe.min.js")) {
      js(new String(axe.readAllBytes(), StandardCharsets.UTF_8));
    }
    Object found =
        ((JavascriptExecutor) driver)
            .executeAsyncScript(
                "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
                    + ".then(r => done(r.violations.map(v => v.id + ': ' + v.help + ' '"
                    + " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))));");
    return (List<String>) found;
  }

  /** Milliseconds until the first paint, and until everything was loaded. */
  public Map<String, Long> timing() {
    String painted =
        "const p = performance.getEntriesByName('first-contentful-paint')[0];"
            + "return Math.round(p ? p.startTime : -1)";
    Object paint = await().until(() -> js(painted), time -> (Long) time >= 0);
    Object load =
        js("return Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd)");
    return Map.of("paint", (Long) paint, "load", (Long) load);
  }

  public void theme(String theme) {
    js("document.documentElement.dataset.theme = arguments[0]", theme);
  }

  /** A picture of the top of the page, stored with the build's output. */
  public void screenshot(String name, int width, int height) throws IOException {
    driver.manage().window().setSize(new Dimension(width, height));
    Path file = Files.createDirectories(TARGET.resolve("screenshots")).resolve(name + ".png");
    Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
