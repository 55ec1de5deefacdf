package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Plain command lines are parsed without picocli, with the same result. */
class PlainCommandLineTest {
  private static List<String> words(String line) {
    return List.of(line.split(" ", -1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "resnet50",
        "resnet50 --format csv -o out.csv",
        "--batch 2 resnet50 --batch=4 --input data=1x3x8x8",
        "net.onnx --run --seed 7",
        "a=b",
      })
  void plainLines(String line) {
    CountCommand count = new CountCommand();
    assertThat(count.readPlain(words(line))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--format csv",
        "resnet50 resnet18",
        "resnet50 --nonsense",
        "resnet50 --format",
        "resnet50 --format xml",
        "resnet50 --format csv --format csv",
        "resnet50 --form csv",
        "resnet50 --batch 1,2",
        "resnet50 --seed -1",
        "resnet50 --run=true",
        "resnet50 -oout.csv",
        "resnet50 --help",
        "@file",
        "-- resnet50",
        "'resnet50'",
      })
  void picocliReadsOrRefusesTheOthers(String line) {
    CountCommand count = new CountCommand();
    assertThat(count.readPlain(words(line))).isFalse();
    assertThat(count.declared()).allSatisfy(each -> assertThat(each.words()).isEmpty());
  }

  @Test
  void drawnLinesGiveTheValuesThatPicocliGives() {
    List<String> pool = new ArrayList<>(words("resnet50 net.onnx 1 2,3 x=1x3 csv macs =1 a=b --"));
    for (Argument<?> argument : new CountCommand().declared()) {
      if (argument.form().isOption()) {
        pool.addAll(argument.names());
        pool.add(argument.name() + "=2");
        pool.add(argument.name() + "=csv");
      }
    }
    Random random = new Random(14);
    int plain = 0;
    for (int i = 0; i < 20_000; i++) {
      List<String> line =
          random.ints(1 + random.nextInt(5), 0, pool.size()).mapToObj(pool::get).toList();
      CountCommand count = new CountCommand();
      if (count.readPlain(line)) {
        plain++;
        assertThat(given(count)).as("%s", line).isEqualTo(parsed(line));
      }
    }
    assertThat(plain).isGreaterThan(500);
  }

  private static List<List<String>> given(Command command) {
    return command.declared().stream().<List<String>>map(Argument::words).toList();
  }

  private static Object parsed(List<String> line) {
    CountCommand count = new CountCommand();
    CommandSpec spec = CommandSpec.create();
    PicocliArguments arguments = PicocliArguments.of(count.declared(), spec);
    try {
      new CommandLine(spec).parseArgs(line.toArray(String[]::new));
    } catch (ParameterException e) {
      return e;
    }
    arguments.set();
    return given(count);
  }
}
