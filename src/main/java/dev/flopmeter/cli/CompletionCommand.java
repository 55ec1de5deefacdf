package dev.flopmeter.cli;

import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import dev.flopmeter.text.Labelled;
import dev.flopmeter.text.Resource;
import java.util.stream.Collectors;
import picocli.AutoComplete;

/** {@code flopmeter completion}: shell completion of commands and options. */
final class CompletionCommand extends Command {
  private final Argument<Shell> shell = parameter(0, Choice.of(Shell.values()));
  private final OutputArguments output = with(new OutputArguments());

  private enum Shell implements Labelled {
    BASH,
    ZSH
  }

  @Override
  int run(Console console) {
    // zsh supports bash's completions after this command.
    String preamble =
        shell.get() == Shell.ZSH
            ? "autoload -Uz compinit bashcompinit && compinit -u && bashcompinit\n"
            : "";
    String script = AutoComplete.bash("flopmeter", Main.program(true));
    output.write(preamble + script + models(), console);
    return 0;
  }

  /** The names of built-in models, in addition to files, for commands with a model. */
  private static String models() {
    String names = Zoo.all().stream().map(ZooModel::name).collect(Collectors.joining(" "));
    return Resource.text(CompletionCommand.class, "completion.bash").formatted(names);
  }
}
