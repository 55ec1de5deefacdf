package dev.flopmeter.device;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Measured roofs on disk, one file per device and backend, so that they are measured once. A file
 * that was made with other versions of driver or libraries, or cannot be read, counts as absent.
 */
public record RoofCache(Path directory) {
  /** Properties that distinguish devices with the same name, such as slices of a card. */
  private static final List<String> IDENTITY = List.of("sm_count", "cores", "memory_bytes", "uuid");

  private static final List<String> VERSIONS = List.of("driver", "cuda", "cudnn");

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .changeDefaultPropertyInclusion(
              inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
          .build();

  /**
   * Returns the user's own cache, below {@link CacheFolder}.
   *
   * @throws IOException if the user has no folder for it
   */
  public static RoofCache ofUser() throws IOException {
    return new RoofCache(CacheFolder.ofUser().resolve("roofs"));
  }

  /** The stored roofs of this device, if they were measured with these versions. */
  public Optional<MeasuredRoofs> read(String backend, Device device, Map<String, String> versions) {
    return read(backend, device).filter(roofs -> roofs.versions().equals(versions));
  }

  /** The stored roofs of this device, if its driver and libraries are those of the measurement. */
  public Optional<MeasuredRoofs> current(String backend, Device device) {
    Map<String, String> now = device.properties();
    return read(backend, device)
        .filter(
            roofs ->
                VERSIONS.stream()
                    .allMatch(one -> Objects.equals(roofs.versions().get(one), now.get(one))));
  }

  /** The stored roofs of this device, measured with any versions. */
  public Optional<MeasuredRoofs> read(String backend, Device device) {
    Path file = file(backend, device);
    try {
      return Optional.ofNullable(MAPPER.readValue(Files.readString(file), MeasuredRoofs.class));
    } catch (IOException | JacksonException e) {
      return Optional.empty();
    }
  }

  /**
   * Stores these roofs.
   *
   * @throws IOException if the directory cannot be written
   */
  public void write(String backend, Device device, MeasuredRoofs roofs) throws IOException {
    String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(roofs);
    CacheFolder.write(file(backend, device), text);
  }

  /** Where the roofs of this device are stored. */
  Path file(String backend, Device device) {
    Map<String, String> identity = new TreeMap<>(Map.of("name", device.name()));
    IDENTITY.forEach(one -> identity.put(one, device.properties().getOrDefault(one, "")));
    CRC32 sum = new CRC32();
    sum.update(identity.toString().getBytes(StandardCharsets.UTF_8));
    String readable =
        device.name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("-$", "");
    return directory.resolve("%s-%s-%08x.json".formatted(backend, readable, sum.getValue()));
  }
}
