package dev.flopmeter.serve;

import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ServeConfig;

/** Where the configuration comes from, at the start and at each reload. */
@FunctionalInterface
public interface ConfigSource {
  ServeConfig read() throws ConfigException;
}
