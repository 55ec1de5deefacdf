package dev.flopmeter.cli;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import dev.flopmeter.cli.output.OutputException;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.onnx.OnnxWriter;
import dev.flopmeter.run.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code flopmeter export}: writes a network as an ONNX file. */
final class ExportCommand extends Command {
  private final ModelArguments model = with(new ModelArguments(false));
  private final Argument<String> file = required("-o", new Reading.Text());

  @Override
  int run(Console console) {
    List<Bindings> sizes = model.sweep();
    if (sizes.size() > 1) {
      throw new ModelException("a file has one batch size; specify one, not " + sizes.size());
    }
    Graph graph = model.open().bind(sizes.get(0));
    Path path = ModelArguments.path(file.get());
    try {
      Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
      if (Files.exists(target) && !Files.isRegularFile(target)) {
        OnnxWriter.write(graph, target);
        return 0;
      }
      // A reader must never find an incomplete file.
      try (TemporaryFolder folder = TemporaryFolder.in(target.resolveSibling(""))) {
        OnnxWriter.write(graph, folder.path().resolve(target.getFileName()));
        for (Path written : folder.files()) {
          Files.move(written, target.resolveSibling(written.getFileName()), REPLACE_EXISTING);
        }
      }
      return 0;
    } catch (IOException e) {
      throw new OutputException("-o " + path, e);
    }
  }
}
