package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import java.util.stream.Collectors;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flopmeter completion}: prints what teaches a shell our commands and options. */
@Command(
    name = "completion",
    description = {
      "Prints the completion of commands and options for a shell.",
      "bash: source <(flopmeter completion bash)",
      "zsh:  source <(flopmeter completion zsh)"
    },
    mixinStandardHelpOptions = true)
final class CompletionCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "SHELL", description = "bash or zsh")
  private String shell = "";

  @Override
  public void run() {
    String preamble =
        switch (shell) {
          case "bash" -> "";
          // zsh understands bash's completions once it is told to.
          case "zsh" -> "autoload -Uz compinit bashcompinit && compinit -u && bashcompinit\n";
          default ->
              throw new ModelException("there is completion for bash and zsh, not '" + shell + "'");
        };
    String script = AutoComplete.bash("flopmeter", Main.commandLine());
    spec.commandLine().getOut().print(preamble + script + models());
    spec.commandLine().getOut().flush();
  }

  /** Names of built-in models for commands that take one, beside the files. */
  private static String models() {
    String names = Zoo.all().stream().map(ZooModel::name).collect(Collectors.joining(" "));
    return """

        # Models: built-in names, besides files.
        _flopmeter_with_models() {
          _complete_flopmeter "$@"
          case "${COMP_WORDS[1]}" in
            count | profile)
              local current="${COMP_WORDS[COMP_CWORD]}"
              [[ "$current" == -* ]] || COMPREPLY+=( $(compgen -W "%s" -- "$current") $(compgen -f -- "$current") )
              ;;
          esac
        }
        complete -F _flopmeter_with_models -o default flopmeter flopmeter.sh flopmeter.bash
        """
        .formatted(names);
  }
}
