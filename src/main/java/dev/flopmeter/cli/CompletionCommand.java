package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import java.util.stream.Collectors;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

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
  @Mixin private OutputOption destination = new OutputOption();

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
    destination.write(preamble + script + models());
  }

  /** Values of options, and names of built-in models beside the files where a command takes one. */
  private static String models() {
    String names = Zoo.all().stream().map(ZooModel::name).collect(Collectors.joining(" "));
    return """

    # Models: built-in names, besides files.
    _flopmeter_with_models() {
      local current="${COMP_WORDS[COMP_CWORD]}" values=
      case "${COMP_WORDS[COMP_CWORD-1]}" in
        --format) values="table json jsonl csv markdown html" ;;
        --backend) values="auto cudnn djl" ;;
        --layout) values="auto nchw nhwc" ;;
        --precision) values="fp32 tf32 fp16 bf16" ;;
      esac
      if [[ -n "$values" ]]; then
        COMPREPLY=( $(compgen -W "$values" -- "$current") )
        return
      fi
      _complete_flopmeter "$@"
      case "${COMP_WORDS[1]}" in
        count | profile)
          [[ "$current" == -* ]] || COMPREPLY+=( $(compgen -W "%s" -- "$current") $(compgen -f -- "$current") )
          ;;
      esac
    }
    complete -F _flopmeter_with_models -o default flopmeter flopmeter.sh flopmeter.bash
    """
        .formatted(names);
  }
}
