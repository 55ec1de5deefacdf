package dev.flopmeter.model.zoo;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The built-in networks, by name, from {@code networks.csv}. */
public final class Zoo {
  private static final Map<String, Definition> DEFINITIONS =
      Definition.read(Zoo.class, NetworkFunctions.DIALECT);

  private Zoo() {}

  /** All built-in networks, in the order of the table. */
  public static List<ZooModel> all() {
    List<ZooModel> all = new ArrayList<>();
    for (List<String> row : Csv.rows(Zoo.class, "networks.csv")) {
      all.add(model(row));
    }
    return all;
  }

  private static ZooModel model(List<String> row) {
    List<ValueInfo> inputs = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (String input : row.get(2).split(";", -1)) {
      inputs.add(input(input.strip()));
      names.add(inputs.get(names.size()).name());
    }
    Definition network =
        row.get(3).isEmpty()
            ? DEFINITIONS.get(row.get(0))
            : Definition.of(row.get(3), names, NetworkFunctions.DIALECT, DEFINITIONS);
    return new ZooModel(row.get(0), row.get(1), inputs, Objects.requireNonNull(network));
  }

  /** An input from its name, type and lengths: {@code past_key FLOAT 1 8 past=0 128}. */
  private static ValueInfo input(String text) {
    String[] words = text.split(" ", -1);
    List<Dim> dims = new ArrayList<>();
    for (int i = 2; i < words.length; i++) {
      dims.add(dim(words[i]));
    }
    return new ValueInfo(words[0], DataType.valueOf(words[1]), dims);
  }

  private static Dim dim(String text) {
    int equals = text.indexOf('=');
    long length = Long.parseLong(text.substring(equals + 1));
    return equals < 0 ? Dim.of(length) : new Dim(length, text.substring(0, equals));
  }

  /**
   * Returns the network of this name.
   *
   * @throws ModelException if there is none; the message suggests the nearest name
   */
  public static Model get(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new ModelException(
                    "there is no built-in model or file '%s'%s'flopmeter models' lists all built-in models"
                        .formatted(
                            name,
                            NearestName.question(
                                name, all().stream().map(ZooModel::name).toList()))));
  }

  /** The built-in network of this name, if there is one. */
  public static Optional<Model> find(String name) {
    String line = Csv.linesByWord(Zoo.class, "networks.csv").get(name);
    return line == null ? Optional.empty() : Optional.of(model(Csv.split(line)));
  }
}
