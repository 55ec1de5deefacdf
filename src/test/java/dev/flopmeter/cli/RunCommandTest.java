package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import at.favre.lib.crypto.bcrypt.BCrypt;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.serve.Daemon;
import dev.flopmeter.serve.DaemonInProcess;
import dev.flopmeter.serve.FakeWorker;
import dev.flopmeter.serve.TlsTest;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import nl.altindag.ssl.SSLFactory;
import nl.altindag.ssl.util.CertificateUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** A daemon's workload run from the command line, over TLS. */
class RunCommandTest {
  @TempDir private Path folder;
  private Daemon daemon;

  @BeforeEach
  void start() throws Exception {
    TlsTest.certificate(folder);
    Files.writeString(folder.resolve("password"), "p\n");
    Files.writeString(folder.resolve("wrong"), "q\n");
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http:
              listen: "127.0.0.1:0"
              tls: {certificate: cert.pem, key: key.pem}
              users: {me: "%s"}
            workloads:
              good: {model: good, device: cpu, interval: 1h}
              two: {model: good, device: cpu, batch: [1, 8], interval: 1h}
              bad: {model: refuse, device: cpu, interval: 1h}
              lost: {model: lost, device: cpu, interval: 1h}
              busy: {model: good, device: cpu, interval: 1h, only_when: {utilization_below: 1%%}}
            history: {folder: none}
            """
                .formatted(BCrypt.withDefaults().hashToString(4, "p".toCharArray())));
    Map<String, String> slow =
        Map.of("FAKE_DELAY", "0.5", "FAKE_HELD", folder.resolve("held").toString());
    daemon = DaemonInProcess.start(config, FakeWorker.command(slow));
  }

  @AfterEach
  void stop() throws IOException {
    daemon.close();
  }

  private String url() {
    return "https://localhost:" + daemon.address().getPort();
  }

  private List<String> command(String workload, String... more) {
    List<String> command = new ArrayList<>(List.of("run", workload, "--daemon", url()));
    command.addAll(List.of("--ca-file", folder.resolve("cert.pem").toString()));
    command.addAll(List.of(more));
    return command;
  }

  private Flop flop(String workload, String... more) {
    List<String> command = command(workload, more);
    if (!command.contains("--password-file")) {
      command.addAll(List.of("--password-file", folder.resolve("password").toString()));
    }
    command.addAll(List.of("--user", "me"));
    return Flop.run(command.toArray(String[]::new));
  }

  @Test
  void itsResultIsThatOfProfile() throws Exception {
    Flop table = flop("good");
    assertThat(table.code()).as(table.err()).isZero();
    assertThat(table.out()).contains("layer0.conv");

    Path file = folder.resolve("result.jsonl");
    Flop two = flop("two", "--format", "jsonl", "-o", file.toString());
    assertThat(two.code()).as(two.err()).isZero();
    assertThat(two.out()).isEmpty();
    assertThat(ProfileJson.readAll(Files.readString(file)))
        .extracting(result -> result.run().batch())
        .containsExactly(1L, 8L);

    Flop json = flop("two", "--format", "json");
    assertThat(json.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(json.err()).contains("holds a single result");
  }

  @Test
  void aCertificateReplacesAPassword() throws Exception {
    Path client = Files.createDirectories(folder.resolve("client"));
    TlsTest.certificate(client);
    Files.writeString(
        folder.resolve("web.yml"),
        """
        tls_server_config:
          cert_file: cert.pem
          key_file: key.pem
          client_auth_type: RequireAndVerifyClientCert
          client_ca_file: client/cert.pem
        """);
    Path config =
        Files.writeString(
            folder.resolve("mutual.yaml"),
            """
            http: {listen: "127.0.0.1:0", web_config_file: web.yml}
            workloads: {good: {model: good, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    String certificate = client.resolve("cert.pem").toString();
    String key = client.resolve("key.pem").toString();
    daemon.close();
    daemon = DaemonInProcess.start(config, FakeWorker.command());

    Flop shown = run("--cert-file", certificate, "--key-file", key);
    assertThat(shown.code()).as(shown.err()).isZero();
    assertThat(shown.out()).contains("layer0.conv");
    String own = folder.resolve("key.pem").toString();
    refused(
        run("--cert-file", folder.resolve("cert.pem").toString(), "--key-file", own),
        Main.DEVICE_FAILED,
        "does not answer");
    refused(run("--cert-file", certificate), Main.BAD_INPUT, "must be given together");
    refused(run(), Main.BAD_INPUT, "--daemon requires --user and --password-file");
    refused(
        run("--cert-file", certificate, "--key-file", certificate),
        Main.BAD_INPUT,
        "'" + certificate + "' holds no PEM private key");
  }

  private Flop run(String... more) {
    return Flop.run(command("good", more).toArray(String[]::new));
  }

  @Test
  void nodeExporterReadsItsMetrics() throws Exception {
    Path file = folder.resolve("two.prom");
    Flop two = flop("two", "--format", "prometheus", "-o", file.toString());
    assertThat(two.code()).as(two.err()).isZero();
    String labels =
        "{backend=\"djl\",batch=\"8\",device=\"cpu\",model=\"good\",precision=\"fp32\",workload=\"good\"}"
            + " ";
    assertThat(Files.readAllLines(file))
        .contains(
            "# TYPE flopmeter_model_macs gauge",
            "flopmeter_model_macs" + labels + 4089184256.0 * 8,
            "flopmeter_device_power_watts{device=\"cpu\"} 400.0")
        .anyMatch(line -> line.startsWith("flopmeter_inference_latency_seconds{"))
        .anyMatch(line -> line.startsWith("flopmeter_layer_info{"));
    assertThat(promtoolSays(file)).isEmpty();

    String other = folder.resolve("two.txt").toString();
    refused(flop("two", "--format", "prometheus", "-o", other), 2, "must end in .prom");
    assertThat(Path.of(other)).doesNotExist();
  }

  private static String promtoolSays(Path file) throws Exception {
    try {
      Process promtool =
          new ProcessBuilder("promtool", "check", "metrics")
              .redirectErrorStream(true)
              .redirectInput(file.toFile())
              .start();
      String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return promtool.waitFor() == 0 ? said : "exit code " + promtool.exitValue() + said;
    } catch (IOException e) {
      Assumptions.abort("skipped: promtool is not installed");
      throw e;
    }
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          nothing,     2, 'refuses: 404 {"error":"no workload of this name'
          good/runs?x, 2, 'refuses: 404 {"error":"not found; see /"}'
          bad,         2, 'cpu, fp32: failed: exit code 2: flopmeter: model: no operator'
          lost,        3, 'cpu, fp32: device_failed: exit code 3: flopmeter: cuda:0'
          busy,        3, 'cpu, fp32: skipped_busy: is 2% busy'
          """)
  void aFailureIsOneLine(String workload, int code, String reason) {
    Flop failed = flop(workload);
    assertThat(failed.code()).isEqualTo(code);
    assertThat(failed.err()).startsWith("flopmeter: ").contains(reason).hasLineCount(1);
    assertThat(failed.out()).isEmpty();
  }

  @Test
  void anInvalidRequestIsOneLine() {
    refused(flop("good", "--password-file", folder.resolve("wrong").toString()), 2, "refuses: 401");
    refused(
        flop("good", "--password-file", folder.resolve("none").toString()),
        2,
        "none' is not a file that can be read");
    refused(flop("good", "-o", folder.resolve("none/file").toString()), 2, "no such folder");
    refused(Flop.run("run", "good"), 2, "--daemon is missing");
    refused(
        Flop.run("run", "good", "--daemon", url()), 2, "--user and --password-file, or FLOPMETER_");
    refused(
        Flop.run("run", "good", "--daemon", "https://me:p@localhost"),
        2,
        "must not hold a password");
    String[] user = {"--user", "me", "--password-file", folder.resolve("password").toString()};
    refused(
        Flop.run("run", "w", "--daemon", "http://localhost:1", user[0], user[1], user[2], user[3]),
        3,
        "http://localhost:1 does not answer");
    refused(
        Flop.run("run", "w", "--daemon", url(), user[0], user[1], user[2], user[3]),
        3,
        " does not answer: ");
  }

  private static void refused(Flop flop, int code, String reason) {
    assertThat(flop.code()).as(flop.err()).isEqualTo(code);
    assertThat(flop.err()).contains(reason).hasLineCount(1);
  }

  /** Runs the command in a separate process, with the password in its environment. */
  private Process process(Path out, Path err) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.flopmeter.cli.Main"));
    command.addAll(command("good", "--format", "json"));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(Map.of("FLOPMETER_USER", "me", "FLOPMETER_PASSWORD", "p"));
    return builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
  }

  @Test
  void thePasswordMayBeInTheEnvironmentAndProgressIsOnStandardError() throws Exception {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    assertThat(process(out, err).waitFor()).as(() -> text(err)).isZero();
    assertThat(ProfileJson.read(text(out)).valid()).isTrue();
    assertThat(text(err)).containsAnyOf("queued", "prepare");
  }

  @Test
  void anInterruptedCommandDoesNotStopTheRun() throws Exception {
    // Otherwise the run, and with it the command, could end before the signal arrives.
    Path held = Files.createFile(folder.resolve("held"));
    Path err = folder.resolve("err");
    Process interrupted = process(folder.resolve("out"), err);
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> text(err).contains("prepare") || text(err).contains("queued"));
    new ProcessBuilder("kill", "-TERM", Long.toString(interrupted.pid())).start().waitFor();
    assertThat(interrupted.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(interrupted.exitValue()).isEqualTo(143);
    assertThat(states()).hasSize(1).isSubsetOf("queued", "running");
    Files.delete(held);
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(() -> assertThat(states()).containsExactly("done"));
  }

  /** The requested runs of the workload. */
  private List<String> states() throws Exception {
    SSLFactory tls =
        SSLFactory.builder()
            .withTrustMaterial(CertificateUtils.loadCertificate(folder.resolve("cert.pem")))
            .build();
    String credentials =
        Base64.getEncoder().encodeToString("me:p".getBytes(StandardCharsets.UTF_8));
    HttpClient http = HttpClient.newBuilder().sslContext(tls.getSslContext()).build();
    HttpResponse<String> response =
        new DaemonArguments.Client(url(), "Basic " + credentials, http)
            .send("GET", "/api/v1/workloads/good/runs", BodyPublishers.noBody());
    return JsonMapper.shared()
        .readTree(response.body())
        .get("runs")
        .valueStream()
        .map(run -> run.get("state").asString())
        .toList();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
