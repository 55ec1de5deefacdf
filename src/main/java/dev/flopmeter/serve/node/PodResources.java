package dev.flopmeter.serve.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.node.NodeState.Pod;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Printable;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The call List of the kubelet's pod-resources API, version 1: gRPC over a Unix socket, with the
 * subset of HTTP/2 that one call needs. Headers of the response are not read: either its message is
 * complete, or the call failed.
 */
final class PodResources {
  private static final String CALL =
      Csv.rows(PodResources.class, "list-call.csv").stream()
          .map(row -> row.get(1))
          .collect(Collectors.joining());

  /** A uuid; NVIDIA's device plugin adds a number for a shared device. */
  private static final Pattern DEVICE = Pattern.compile("\\b(GPU|MIG)-[^: ]+");

  private PodResources() {}

  /**
   * Queries which containers have GPUs or MIG instances, if any labels of pods may be published.
   *
   * @param absent gets the reason if there is no answer
   */
  static Set<Pod> list(Node rules, Map<String, String> absent) {
    if (rules.podLabels().isEmpty()) {
      return Set.of();
    }
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS).execute(() -> end(channel));
      channel.connect(UnixDomainSocketAddress.of(rules.podResources()));
      channel.write(ByteBuffer.wrap(HexFormat.of().parseHex(CALL)));
      return pods(message(channel), rules.podLabels());
    } catch (IOException e) {
      String closed = "no response: it closed the connection, or did not answer in 2 s";
      String why = e.getMessage() == null ? closed : e.getMessage();
      absent.put("pods", rules.podResources() + ": " + why);
      return Set.of();
    }
  }

  private static void end(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException ignored) { // who waits for the answer is told
    }
  }

  private static ByteString message(SocketChannel channel) throws IOException {
    DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (boolean isEnded = false; !isEnded; ) {
      int head = in.readInt(); // length and type
      int type = head & 0xff;
      boolean isFlagged = (in.readUnsignedByte() & 1) != 0;
      in.skipNBytes(4); // the number of the stream: there is one
      byte[] payload = new byte[head >>> 8];
      in.readFully(payload);
      switch (type) {
        case 0 -> body.writeBytes(payload); // DATA; gRPC adds no padding
        case 3, 7 -> throw new IOException("the call was refused"); // RST_STREAM, GOAWAY
        case 4, 6 -> { // SETTINGS, PING, which is repeated
          byte[] same = type == 6 ? payload : new byte[0];
          ByteBuffer acknowledged = ByteBuffer.allocate(9 + same.length);
          acknowledged.putInt(same.length << 8 | type).put((byte) 1).putInt(0).put(same).flip();
          channel.write(isFlagged ? ByteBuffer.allocate(0) : acknowledged);
        }
        default -> {} // HEADERS, WINDOW_UPDATE and what may come
      }
      isEnded = type <= 1 && isFlagged;
    }
    ByteBuffer answer = ByteBuffer.wrap(body.toByteArray());
    if (answer.limit() < 5 || answer.get() != 0 || answer.getInt() != answer.remaining()) {
      throw new IOException("the call failed; version 1 of the API is not served there");
    }
    return ByteString.copyFrom(answer);
  }

  private static Set<Pod> pods(ByteString message, List<String> labels) throws IOException {
    Set<Pod> pods = new LinkedHashSet<>();
    for (ByteString first : fields(UnknownFieldSet.parseFrom(message), 1)) {
      UnknownFieldSet pod = UnknownFieldSet.parseFrom(first);
      for (ByteString second : fields(pod, 3)) {
        UnknownFieldSet container = UnknownFieldSet.parseFrom(second);
        for (ByteString devices : fields(container, 2)) {
          Matcher device = DEVICE.matcher(texts(UnknownFieldSet.parseFrom(devices), 2));
          while (device.find()) {
            pods.add(
                new Pod(
                    device.group(),
                    labels.contains("namespace") ? texts(pod, 2) : "",
                    labels.contains("pod_name") ? texts(pod, 1) : "",
                    labels.contains("container_name") ? texts(container, 1) : ""));
          }
        }
      }
    }
    return pods;
  }

  private static List<ByteString> fields(UnknownFieldSet in, int number) {
    return in.getField(number).getLengthDelimitedList();
  }

  private static String texts(UnknownFieldSet in, int field) {
    return fields(in, field).stream()
        .map(each -> Printable.of(each.toStringUtf8()))
        .collect(Collectors.joining(" "));
  }
}
