package dev.flopmeter.model.djl;

import ai.djl.BaseModel;
import ai.djl.ndarray.types.DataDesc;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import ai.djl.util.ClassLoaderUtils;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder in which DJL stores a model, if the block can be built: its {@code serving.properties}
 * names a {@link BlockFactory} (as {@code blockFactory} or {@code option.blockFactory}), whose
 * class is on the class path or in the folder's {@code libs}. The inputs come from the saved
 * parameters if there are any ({@code *.params}); the weights are not read.
 *
 * <p>Building the block runs the folder's code, as loading it with DJL does. A folder with a
 * TorchScript file ({@code .pt}) has no block to build.
 */
public final class DjlModelFolder {
  private static final String PROPERTIES = "serving.properties";
  private static final String FACTORY = "blockFactory";
  private static final String OPTION = "option.";

  private DjlModelFolder() {}

  /** Whether this folder has DJL's properties or parameters. */
  public static boolean is(Path folder) {
    return Files.isDirectory(folder)
        && (Files.isRegularFile(folder.resolve(PROPERTIES)) || parameters(folder).isPresent());
  }

  /**
   * Reads the model in a folder.
   *
   * @throws ModelException if there is none, or its block cannot be built
   */
  public static Model read(Path folder) {
    if (!is(folder)) {
      throw new ModelException(
          folder + " is not a folder with a DJL model (no " + PROPERTIES + ", no .params file)");
    }
    Map<String, String> options = options(folder);
    String factory = options.get(FACTORY);
    if (factory == null) {
      throw new ModelException(
          "%s does not say how its block is built: set option.%s=CLASS in %s, or export the model to ONNX"
              .formatted(folder, FACTORY, PROPERTIES));
    }
    Optional<ParameterFile> saved = parameters(folder).map(ParameterFile::read);
    Path fileName = folder.toAbsolutePath().normalize().getFileName();
    String name =
        saved.map(ParameterFile::name).orElse(fileName == null ? "model" : fileName.toString());
    List<ValueInfo> inputs =
        saved
            .map(ParameterFile::inputs)
            .filter(list -> !list.isEmpty())
            .orElse(List.of(new ValueInfo("data", DataType.FLOAT, null)));
    return new BlockModel(name, folder.toString(), build(folder, name, factory, options), inputs);
  }

  private static Map<String, String> options(Path folder) {
    Properties properties = new Properties();
    Path file = folder.resolve(PROPERTIES);
    if (Files.isRegularFile(file)) {
      try (Reader reader = Files.newBufferedReader(file)) {
        properties.load(reader);
      } catch (IOException | IllegalArgumentException e) {
        throw new ModelException(file + " cannot be read: " + IoReason.of(e), e);
      }
    }
    Map<String, String> options = new TreeMap<>();
    for (String key : properties.stringPropertyNames()) {
      String bare = key.startsWith(OPTION) ? key.substring(OPTION.length()) : key;
      options.put(bare, properties.getProperty(key).trim());
    }
    return options;
  }

  /** The latest saved parameters: DJL numbers them by epoch. */
  private static Optional<Path> parameters(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".params"))
          .max(Comparator.naturalOrder());
    } catch (IOException e) {
      throw new ModelException(folder + " cannot be listed: " + e.getMessage(), e);
    }
  }

  private static Block build(
      Path folder, String name, String factory, Map<String, String> options) {
    BlockFactory found = ClassLoaderUtils.findImplementation(folder, BlockFactory.class, factory);
    if (found == null) {
      throw new ModelException(
          "%s: no block factory '%s' on the class path or in the folder's libs; add its jar there"
              .formatted(folder, factory));
    }
    try {
      return found.newBlock(new NamedModel(name, folder), folder, options);
    } catch (IOException | RuntimeException e) {
      throw new ModelException(folder + ": " + factory + " failed to build the block: " + e, e);
    }
  }

  /** The model that a factory gets: a name and a folder. */
  private static final class NamedModel extends BaseModel {
    NamedModel(String name, Path folder) {
      super(name);
      modelDir = folder;
    }

    @Override
    public void load(Path path, String prefix, Map<String, ?> options) {
      throw new UnsupportedOperationException("Model.load");
    }
  }

  /** A DJL block as a model; each binding traces it anew. */
  private record BlockModel(String name, String source, Block block, List<ValueInfo> inputs)
      implements Model {
    BlockModel {
      inputs = List.copyOf(inputs);
    }

    @Override
    public int opset() {
      return Trace.OPSET;
    }

    /** Calls with one block are serialised, because tracing may initialize parts of it. */
    @Override
    public Graph bind(Bindings bindings) {
      Map<String, TensorType> types = bindings.resolve(inputs).types();
      List<DataDesc> described = new ArrayList<>();
      types.forEach(
          (input, type) ->
              described.add(
                  new DataDesc(DjlTypes.shape(type.shape()), DjlTypes.type(type.type()), input)));
      synchronized (block) {
        return DjlGraphs.trace(name, block, described.toArray(DataDesc[]::new));
      }
    }
  }
}
