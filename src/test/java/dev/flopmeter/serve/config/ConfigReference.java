package dev.flopmeter.serve.config;

/**
 * The reference of the configuration file, {@code docs/configuration.md}, from the keys themselves.
 */
final class ConfigReference {
  private ConfigReference() {}

  private static final String HEAD =
      """
      # Configuration of the daemon

      `flopmeter serve --config FILE` reads one YAML file; without `--config` it reads `config/flopmeter.yaml` of the installation.
      `--listen ADDRESS:PORT` overrides `http.listen`, `--web.config.file FILE` overrides `http.web_config_file`. If the file has
      errors, nothing is started. All of them (at most 100) are reported at once, with file, line, key and the nearest valid key.

      `flopmeter serve --check --config FILE` validates without starting anything. It refuses (exit code 2) what a start would refuse:
      errors in the file, a missing model file, TLS files that do not match, an address or a history folder in use. If both are in use,
      a daemon with this configuration is already running, and the check only warns. It also warns of devices that this host does not
      have, models and batch sizes that a run would refuse, and time limits that are too short.

      `kill -HUP` reloads the file; if it has errors, the old configuration stays in force. A reload applies everything except
      `http.listen`, turning TLS on or off, the limits of `http`, `history.folder`, `log`, `metrics.histograms` and `otlp`, which
      require a restart.

      Write values with their unit: durations `250ms` `15s` `10m` `1.5h` `30d`, sizes `512MiB` `4GiB` `10MB`, percentages `10%`.
      Paths are relative to the file's folder. This page is generated from the code; `ConfigReaderTest` compares the two.
      """;

  /** The page. */
  static String markdown() {
    StringBuilder page = new StringBuilder(HEAD);
    String section = "";
    for (Key key : Key.OWN.values()) {
      String part = key.path().substring(0, key.path().indexOf('.'));
      if (!part.equals(section)) {
        section = part;
        page.append("\n## ")
            .append(section)
            .append("\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
      }
      page.append("| `").append(key.path()).append("` | ");
      page.append(key.type().name()).append(key.isList() ? ", or a list" : "").append(" | ");
      page.append(key.standard() == null ? "" : "`" + key.standard() + "`").append(" | ");
      page.append(key.meaning()).append(" |\n");
    }
    return page.toString();
  }
}
