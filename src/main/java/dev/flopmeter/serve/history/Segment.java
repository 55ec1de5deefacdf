package dev.flopmeter.serve.history;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file of the history: a magic word and then frames, only ever appended to. Bytes that are not
 * a frame are skipped up to the next frame whose checksum matches, and stay in the file.
 */
final class Segment {
  private static final Logger logger = LoggerFactory.getLogger(Segment.class);

  static final byte[] MAGIC = "FLMHIST1".getBytes(StandardCharsets.US_ASCII);

  /** Where a frame's payload is. */
  record Located(HistoryEntry entry, long position, int length) {}

  /**
   * Bytes between frames that are not a frame.
   *
   * @param frame index of the frame behind it, or the number of frames at the end of the file
   * @param isCutWrite whether it is the start of a frame that the end of the file cuts
   */
  record Gap(int frame, boolean isCutWrite) {}

  final Path path;
  final long id;
  final List<Located> frames = new ArrayList<>();
  final List<Gap> gaps = new ArrayList<>();

  /** Bytes of the file; the next frame goes here. */
  long size;

  /** Whether the file does not end with a frame, so that nothing may be appended. */
  boolean isSealed;

  Segment(Path path, long id) {
    this.path = path;
    this.id = id;
  }

  static Path path(Path folder, long id) {
    return folder.resolve("results-" + "0".repeat(12 - Long.toString(id).length()) + id + ".flm");
  }

  /** Reads the index of a file of an earlier run. A file that cannot be read is one gap. */
  static Segment scan(Path path, long id) {
    Segment segment = new Segment(path, id);
    try {
      segment.size = Files.size(path);
      if (segment.size < MAGIC.length) {
        // Nothing was ever written behind it.
        segment.size = 0;
        return segment;
      }
      try (FrameScanner scanner = new FrameScanner(path, segment.size)) {
        segment.index(scanner);
      }
    } catch (IOException e) {
      logger.warn("history: {} cannot be read: {}", path, e.toString());
      segment.gaps.add(new Gap(segment.frames.size(), false));
      segment.isSealed = true;
    }
    return segment;
  }

  private void index(FrameScanner scanner) throws IOException {
    boolean isMagic = Arrays.equals(scanner.bytes(0, MAGIC.length), MAGIC);
    long position = isMagic ? MAGIC.length : 0;
    // A damaged magic word is only reported if a frame is lost with it.
    long behind = MAGIC.length;
    while (position < size) {
      Located frame = scanner.frameAt(position);
      if (frame == null) {
        position++;
        continue;
      }
      if (position > behind) {
        gaps.add(new Gap(frames.size(), false));
      }
      // A block that is in the file twice holds the same results.
      if (frames.isEmpty()
          || frame.entry().number() > frames.get(frames.size() - 1).entry().number()
          || frames.stream().noneMatch(one -> one.entry().number() == frame.entry().number())) {
        frames.add(frame);
      }
      position = frame.position() + frame.length();
      behind = position;
    }
    if (behind < size) {
      gaps.add(new Gap(frames.size(), scanner.isCutAt(behind)));
    }
    isSealed = behind < size || (!isMagic && frames.isEmpty());
  }

  /** Whether the end of the file is damaged, and is not just a write that was cut. */
  boolean endsWithDamage() {
    return gaps.stream().anyMatch(gap -> gap.frame() == frames.size() && !gap.isCutWrite());
  }

  /**
   * @throws IOException also where the frame was damaged since it was indexed
   */
  String json(Located frame) throws IOException {
    byte[] bytes = new byte[Frame.HEAD + frame.length()];
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      file.seek(frame.position() - Frame.HEAD);
      file.readFully(bytes);
    }
    ByteBuffer whole = ByteBuffer.wrap(bytes);
    if (whole.getInt(0) != frame.length() || Frame.checksum(bytes, Frame.HEAD) != whole.getInt(4)) {
      throw new IOException(path + ": damaged at byte " + frame.position());
    }
    return Frame.json(bytes);
  }
}
