package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.device.LibraryException;
import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSampler;
import dev.flopmeter.report.text.NodeTable;
import dev.flopmeter.report.text.Terminal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;

/** {@code flopmeter top}: shows how the GPUs of this host are used, and by which processes. */
final class TopCommand extends Command {
  /** Clears the screen and moves to its start. */
  private static final String CLEAR = "\u001b[H\u001b[2J";

  private final OutputArguments output =
      with(new OutputArguments(Format.TABLE, Format.JSON, Format.JSONL));
  private final Argument<Duration> interval = option("--interval", Reading::timeSpan);
  private final Argument<Boolean> once = flag("--once");

  private final Argument<Boolean> gpm = flag("--gpm");

  /** Another {@code /proc}, in tests. */
  private final Argument<String> proc = hidden("--proc");

  @Override
  int run(Console console) throws InterruptedException {
    Path processes = Path.of(proc.find().orElse("/proc"));
    try (NodeSampler sampler = NodeSampler.open(processes, gpm.get(), Clock.systemUTC());
        Output out = output.open(console)) {
      boolean isDrawn =
          output.format() == Format.TABLE && !out.isFile() && Terminal.OUTPUT.isTerminal();
      boolean isLive = !once.get() && (isDrawn || output.format() == Format.JSONL);
      long next = System.nanoTime() + interval.get().toNanos();
      do {
        NodeSample sample = sampler.sample();
        if (output.format() == Format.TABLE) {
          String table = NodeTable.render(sample, out.style(false));
          out.text(isLive ? CLEAR + table : table);
        } else {
          out.line(sample.json());
        }
        if (isLive && sampler.pause(next - System.nanoTime())) {
          // Missed samples are not made up for.
          next = Math.max(next + interval.get().toNanos(), System.nanoTime());
        }
      } while (isLive && !out.isBroken());
      return 0;
    } catch (LibraryException e) {
      console.warn("no GPU can be sampled: " + e.getMessage() + "; see flopmeter doctor");
      return Main.DEVICE_FAILED;
    }
  }
}
