package dev.flopmeter.report;

import dev.flopmeter.report.html.CompareHtml;
import dev.flopmeter.report.html.HtmlReport;
import dev.flopmeter.serve.page.SampleStatus;
import dev.flopmeter.serve.page.Snapshot;
import dev.flopmeter.serve.page.StatusPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes sample pages to look at: {@code ReportSamples DIRECTORY}. */
public final class ReportSamples {
  private ReportSamples() {}

  public static void main(String[] args) throws IOException {
    Path directory = Files.createDirectories(Path.of(args[0]));
    Files.writeString(
        directory.resolve("report.html"),
        HtmlReport.page(List.of(SampleProfiles.resnet50()), null));
    Files.writeString(
        directory.resolve("sweep.html"), HtmlReport.page(SampleProfiles.sweep(), null));
    Snapshot status = SampleStatus.view();
    Files.writeString(
        directory.resolve("status.html"),
        StatusPage.render(status, SampleStatus.recommendation(status), "sample"));
    Files.writeString(
        directory.resolve("compare.html"), CompareHtml.render(SampleProfiles.comparison()));
    for (int layers : new int[] {50, 500, 5000}) {
      Files.writeString(
          directory.resolve("layers-" + layers + ".html"),
          HtmlReport.page(List.of(SampleProfiles.ofLayers(layers)), null));
    }
  }
}
