package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The owner of a process, from the control groups of container runtimes and schedulers. */
class ProcessOwnerTest {
  private static final String ID =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  @ParameterizedTest
  @CsvSource({
    "0::/docker/ID, 0123456789ab, '', ''",
    "0::/system.slice/docker-ID.scope, 0123456789ab, '', ''",
    "12:devices:/docker/ID, 0123456789ab, '', ''",
    "0::/machine.slice/libpod-ID.scope/container, 0123456789ab, '', ''",
    "11:memory:/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/ID, 0123456789ab,"
        + " 11111111-2222-3333-4444-555555555555, ''",
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod11111111_2222_3333_4444_555555555555.slice/cri-containerd-ID.scope,"
        + " 0123456789ab, 11111111-2222-3333-4444-555555555555, ''",
    "0::/kubepods.slice/kubepods-pod11111111_2222_3333_4444_555555555555.slice/crio-ID.scope,"
        + " 0123456789ab, 11111111-2222-3333-4444-555555555555, ''",
    "0::/kubelet/kubepods/pod0123456789abcdef0123456789abcdef/ID, 0123456789ab,"
        + " 0123456789abcdef0123456789abcdef, ''",
    "0::/../kubepods-pod11111111_2222_3333_4444_555555555555.slice:cri-containerd:ID,"
        + " 0123456789ab, 11111111-2222-3333-4444-555555555555, ''",
    "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod11111111_2222_3333_4444_555555555555.slice/cri-containerd-ID.scope,"
        + " 0123456789ab, 11111111-2222-3333-4444-555555555555, ''",
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/crio-ID.scope/container,"
        + " 0123456789ab, 0123456789abcdef0123456789abcdef, ''",
    "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container,"
        + " 0123456789ab, '', ''",
    "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope, 0123456789ab, '',"
        + " ''",
    "5:devices:/default/ID, 0123456789ab, '', ''",
    "0::/system.slice/nerdctl-ID.scope, 0123456789ab, '', ''",
    "0::/system.slice/node7_slurmstepd.scope/job_4711/step_batch/user/task_special, '', '', 4711",
    "4:memory:/slurm/uid_1000/job_4711/step_0/task_0, '', '', 4711",
    "4:memory:/slurm_node7/uid_1000/job_4711/step_batch, '', '', 4711",
    "0::/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0, '', '', 4711",
    "0::/user.slice/user-1000.slice/session-2.scope, '', '', ''",
    "0::/user.slice/job_4711/x, '', '', ''",
    "0::/, '', '', ''"
  })
  void isReadFromTheControlGroups(String groups, String container, String pod, String job) {
    assertThat(ProcessOwner.ofGroups("python", groups.replace("ID", ID) + "\n"))
        .isEqualTo(new ProcessOwner("python", container, pod, job));
  }

  @Test
  void theVersionsOfControlGroupsMayBeMixed() {
    String mixed = "12:devices:/docker/" + ID + "\n1:name=systemd:/docker/" + ID + "\n0::/\n";
    assertThat(ProcessOwner.ofGroups("a", mixed).container()).isEqualTo("0123456789ab");
  }

  @Test
  void nothingButTheNameAndTheGroupsIsRead(@TempDir Path proc) throws IOException {
    Path folder = Files.createDirectory(proc.resolve("7"));
    Files.writeString(folder.resolve("comm"), "pyth\u0007on\n");
    Files.writeString(folder.resolve("cgroup"), "0::/\n");
    assertThat(ProcessOwner.of(proc, 7)).isEqualTo(new ProcessOwner("pyth\uFFFDon", "", "", ""));
    assertThat(ProcessOwner.of(proc, 8)).as("no such process").isEqualTo(ProcessOwner.UNKNOWN);
  }

  @Test
  void aNameOfAnyBytesAndLengthStillShowsTheProcessAndItsPod(@TempDir Path proc)
      throws IOException {
    Path folder = Files.createDirectory(proc.resolve("7"));
    // The kernel cuts a name after 15 bytes, here within the fifth character.
    byte[] cut = "a\u65e5\u672c\u8a9e\u65e5\u672c".getBytes(StandardCharsets.UTF_8);
    Files.write(folder.resolve("comm"), Arrays.copyOf(cut, 15));
    Files.writeString(folder.resolve("cgroup"), "0::/docker/" + ID + "\n");
    assertThat(ProcessOwner.of(proc, 7))
        .isEqualTo(new ProcessOwner("a\u65e5\u672c\u8a9e\u65e5\uFFFD", "0123456789ab", "", ""));
    Files.writeString(folder.resolve("comm"), "\"}\n<b>" + "x".repeat(10_000));
    String name = ProcessOwner.of(proc, 7).name();
    assertThat(name).startsWith("\"}\uFFFD<b>xxx").hasSizeLessThan(130);
  }

  @Test
  void aContainersProcessesAreNotMistakenForTheHosts(@TempDir Path proc) throws IOException {
    assertThat(ProcessOwner.isOfHost(proc)).as("no such file").isTrue();
    Path namespace = Files.createDirectories(proc.resolve("self/ns")).resolve("pid");
    Files.createSymbolicLink(namespace, Path.of("pid:[4026531836]"));
    assertThat(ProcessOwner.isOfHost(proc)).isTrue();
    Files.delete(namespace);
    Files.createSymbolicLink(namespace, Path.of("pid:[4026532201]"));
    assertThat(ProcessOwner.isOfHost(proc)).isFalse();
  }
}
