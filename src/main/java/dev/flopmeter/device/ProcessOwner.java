package dev.flopmeter.device;

import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The owner of a process, from its name and its control groups. Nothing else is read, neither its
 * command line nor its environment. Unknown parts are empty.
 *
 * @param name at most 15 characters, from {@code /proc/PID/comm}
 * @param container the first 12 digits of its id
 * @param pod the Kubernetes pod's uid
 */
public record ProcessOwner(String name, String container, String pod, String slurmJob) {
  /** A process that may not be inspected. */
  public static final ProcessOwner UNKNOWN = new ProcessOwner("", "", "", "");

  // The formats of Docker, containerd, CRI-O and Podman, by cgroupfs and by systemd, for versions 1
  // and 2 of control groups; pods by uid or, for the kubelet's static pods, by hash.
  private static final Pattern CONTAINER =
      Pattern.compile("[/:-]([0-9a-f]{12})[0-9a-f]{52}(?:\\.scope)?(?:/|$)", Pattern.MULTILINE);
  private static final Pattern POD =
      Pattern.compile("pod((?:[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})|[0-9a-f]{32})\\b");
  private static final Pattern SLURM = Pattern.compile("slurm[^\\n]*/job_(\\d{1,20})(?:/|$)");

  /** The host's PID namespace, whose numbers NVML reports; include/linux/proc_ns.h. */
  private static final String HOSTS_PIDS = "pid:[4026531836]";

  /** Whether {@code /proc} has the host's processes, and not others with the same numbers. */
  static boolean isOfHost(Path proc) {
    Path namespace = proc.resolve("self/ns/pid");
    try {
      return Files.readSymbolicLink(namespace).endsWith(HOSTS_PIDS);
    } catch (IOException e) {
      return true; // not available, so there is no contradiction
    }
  }

  /**
   * Reads the owner of a process; {@link #UNKNOWN} if it has ended or may not be seen.
   *
   * @param proc the mounted {@code /proc}
   */
  static ProcessOwner of(Path proc, long pid) {
    Path folder = proc.resolve(Long.toString(pid));
    try {
      String name = Printable.of(Cut.name(text(folder.resolve("comm")).strip()));
      return ofGroups(name, text(folder.resolve("cgroup")));
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  /** May contain any bytes: a process chooses its name, and the kernel cuts characters in two. */
  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** The owner, from the text of {@code /proc/PID/cgroup}. */
  static ProcessOwner ofGroups(String name, String groups) {
    String pod = first(POD, groups).replace('_', '-');
    return new ProcessOwner(name, first(CONTAINER, groups), pod, first(SLURM, groups));
  }

  private static String first(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? found.group(1) : "";
  }
}
