package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.GELU;
import static dev.flopmeter.model.zoo.ActivationLayer.SILU;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.ValueInfo;
import java.util.List;

/**
 * Language models: BERT-base (Devlin et al. 2018), and one decoder block of Llama 3 8B
 * (grouped-query attention, rotary positions, SwiGLU, RMSNorm). Their lengths are the named
 * dimensions {@code sequence} and {@code past}.
 */
final class Transformers {
  private Transformers() {}

  private static final double EPSILON = 1e-12;

  static List<ZooModel> all() {
    Dim one = Dim.of(1);
    Dim sequence = new Dim(128, "sequence");
    List<Dim> states = List.of(one, sequence, Dim.of(Llama.WIDTH));
    List<Dim> cache =
        List.of(one, Dim.of(Llama.KEY_HEADS), new Dim(0, "past"), Dim.of(Llama.HEAD_WIDTH));
    return List.of(
        new ZooModel(
            "bert-base",
            "BERT of 12 layers, 768 wide, 128 tokens (--dim sequence=N)",
            List.of(new ValueInfo("input_ids", DataType.INT64, List.of(one, sequence))),
            Transformers::bert),
        new ZooModel(
            "llama3-8b-block",
            "one decoder block of Llama 3 8B (--dim sequence=N --dim past=N)",
            List.of(
                new ValueInfo("hidden_states", DataType.FLOAT, states),
                new ValueInfo("past_key", DataType.FLOAT, cache),
                new ValueInfo("past_value", DataType.FLOAT, cache)),
            net -> new Llama(net).build()));
  }

  private static void bert(NetworkBuilder net) {
    long width = 768;
    long positions = 512;
    Shape ids = net.shape(net.input(0));
    long n = ids.dim(0);
    long tokens = ids.dim(1);
    if (tokens > positions) {
      throw new ModelException(
          "BERT has " + positions + " positions, not the " + tokens + " of 'sequence'");
    }
    String words = net.uniform("embeddings.word_embeddings.weight", -0.1, 0.1, 30522, width);
    String x =
        net.op("Gather", "embeddings.words", "Embedding", Attributes.NONE, words, net.input(0));
    String places =
        net.uniform("embeddings.position_embeddings.weight", -0.1, 0.1, positions, width);
    x = net.add("embeddings.add", x, net.slice("embeddings.positions", places, 0, 0, tokens, 1));
    String types = net.uniform("embeddings.token_type_embeddings.weight", -0.1, 0.1, width);
    x = net.add("embeddings.add_type", x, types);
    x = net.layerNorm("embeddings.LayerNorm", x, EPSILON);
    for (int i = 0; i < 12; i++) {
      x = bertLayer(net, "encoder.layer." + i, x, width);
    }
    net.output(x);
    String first = net.reshape("pooler.token", net.slice("pooler.first", x, 1, 0, 1, 1), n, width);
    String pooled = net.linear("pooler.dense", first, width);
    net.output(net.op("Tanh", "pooler.activation", "Tanh", Attributes.NONE, pooled));
  }

  private static String bertLayer(NetworkBuilder net, String name, String x, long width) {
    String[] parts = new String[3];
    List<String> names = List.of("query", "key", "value");
    for (int i = 0; i < 3; i++) {
      String part = name + ".attention.self." + names.get(i);
      parts[i] = net.heads(part + ".turned", part + ".heads", net.linear(part, x, width), 12);
    }
    String y =
        net.attention(name + ".attention.self", "BertSelfAttention", parts[0], parts[1], parts[2]);
    y = net.joined(name + ".attention.joined", name + ".attention.flat", y);
    y = net.linear(name + ".attention.output.dense", y, width);
    y = net.add(name + ".attention.output.add", y, x);
    x = net.layerNorm(name + ".attention.output.LayerNorm", y, EPSILON);
    y = net.linear(name + ".intermediate.dense", x, 4 * width);
    y = GELU.add(net, name + ".intermediate.activation", y);
    y = net.linear(name + ".output.dense", y, width);
    y = net.add(name + ".output.add", y, x);
    return net.layerNorm(name + ".output.LayerNorm", y, EPSILON);
  }

  /** The decoder block; keys and values of {@code past} earlier tokens come from outside. */
  private static final class Llama {
    static final long WIDTH = 4096;
    static final long KEY_HEADS = 8;
    static final long HEAD_WIDTH = 128;
    private static final long HEADS = 32;
    private static final long INNER = 14336;
    private static final double THETA = 500_000;

    private final NetworkBuilder net;
    private final long n;
    private final long tokens;
    private final long past;

    Llama(NetworkBuilder net) {
      this.net = net;
      this.n = net.shape(net.input(0)).dim(0);
      this.tokens = net.shape(net.input(0)).dim(1);
      this.past = net.shape(net.input(1)).dim(2);
    }

    void build() {
      String x = net.input(0);
      String y = rmsNorm("input_layernorm", x);
      String q = heads("self_attn.q", y, HEADS);
      String k = heads("self_attn.k", y, KEY_HEADS);
      String v = heads("self_attn.v", y, KEY_HEADS);
      String cos = net.constant("rotary.cos", angles(true));
      String sin = net.constant("rotary.sin", angles(false));
      q = rotated("self_attn.q.rotary", q, cos, sin);
      k = rotated("self_attn.k.rotary", k, cos, sin);
      if (past > 0) {
        k = net.concat("present_key", 2, net.input(1), k);
        v = net.concat("present_value", 2, net.input(2), v);
      }
      y = attention(q, shared("self_attn.keys", k), shared("self_attn.values", v));
      x = net.add("add_1", x, linear("self_attn.o_proj", y, WIDTH));
      y = rmsNorm("post_attention_layernorm", x);
      String gate = SILU.add(net, "mlp.act", linear("mlp.gate_proj", y, INNER));
      y = net.multiply("mlp.gated", gate, linear("mlp.up_proj", y, INNER));
      net.output(net.add("add_2", x, linear("mlp.down_proj", y, WIDTH)));
      net.output(k);
      net.output(v);
    }

    private String linear(String name, String x, long out) {
      return net.linear(name, "Linear", x, out, false);
    }

    /** A projection of the states, split into heads. */
    private String heads(String name, String x, long heads) {
      String all = linear(name + "_proj", x, heads * HEAD_WIDTH);
      return net.heads(name + ".turned", name + ".heads", all, heads);
    }

    private String rmsNorm(String name, String x) {
      String square = net.multiply(name + ".square", x, x);
      String mean = net.op("ReduceMean", name + ".mean", square, net.longs(name + ".axes", -1));
      String shifted = net.add(name + ".shifted", mean, net.scalar(name + ".epsilon", 1e-5f));
      String root = net.op("Sqrt", name + ".root", shifted);
      String scaled = net.op("Div", name + ".scaled", x, root);
      return net.multiply(name, scaled, net.uniform(name + ".weight", 0.8, 1.2, WIDTH));
    }

    /** {@code x cos + rotate(x) sin}, where rotate swaps the halves and negates the second. */
    private String rotated(String name, String x, String cos, String sin) {
      long half = HEAD_WIDTH / 2;
      String first = net.slice(name + ".first", x, 3, 0, half, 1);
      String second = net.slice(name + ".second", x, 3, half, HEAD_WIDTH, 1);
      String negated = net.op("Neg", name + ".negated", second);
      String turned = net.concat(name + ".turned", 3, negated, first);
      return net.add(
          name, net.multiply(name + ".cos", x, cos), net.multiply(name + ".sin", turned, sin));
    }

    /** Cosines or sines of every position and dimension, those of the tokens after the past. */
    private Tensor angles(boolean cosine) {
      int half = (int) HEAD_WIDTH / 2;
      float[] values = new float[Math.toIntExact(tokens * HEAD_WIDTH)];
      for (int t = 0; t < tokens; t++) {
        for (int i = 0; i < half; i++) {
          double angle = (past + t) * Math.pow(THETA, -2.0 * i / HEAD_WIDTH);
          float value = (float) (cosine ? Math.cos(angle) : Math.sin(angle));
          int row = (int) (t * HEAD_WIDTH);
          values[row + i] = value;
          values[row + half + i] = value;
        }
      }
      return Tensor.ofFloats(Shape.of(tokens, HEAD_WIDTH), values);
    }

    /** Each head of keys or values four times, once for each head of queries that shares it. */
    private String shared(String name, String x) {
      long length = past + tokens;
      String y = net.op("Unsqueeze", name + ".axis_2", x, net.longs(name + ".axis", 2));
      String wanted =
          net.longs(name + ".wide", n, KEY_HEADS, HEADS / KEY_HEADS, length, HEAD_WIDTH);
      y = net.op("Expand", name + ".expand", y, wanted);
      return net.reshape(name, y, n, HEADS, length, HEAD_WIDTH);
    }

    private String attention(String q, String k, String v) {
      String scale = net.scalar("self_attn.scale", 1 / Math.sqrt((double) HEAD_WIDTH));
      String keys = net.transpose("self_attn.keys.turned", k, 0, 1, 3, 2);
      String scaled = net.multiply("self_attn.q.scaled", q, scale);
      String scores = net.op("MatMul", "self_attn.scores", scaled, keys);
      if (tokens > 1) {
        scores = net.add("self_attn.masked", scores, net.constant("self_attn.mask", mask()));
      }
      String shares = net.op("Softmax", "self_attn.softmax", "", Attributes.of("axis", -1), scores);
      String y = net.op("MatMul", "self_attn.attended", shares, v);
      return net.joined("self_attn.joined", "self_attn.flat", y);
    }

    /** No token sees a later one. */
    private Tensor mask() {
      long length = past + tokens;
      float[] values = new float[Math.toIntExact(tokens * length)];
      for (int t = 0; t < tokens; t++) {
        for (long other = past + t + 1; other < length; other++) {
          values[Math.toIntExact(t * length + other)] = Float.NEGATIVE_INFINITY;
        }
      }
      return Tensor.ofFloats(Shape.of(tokens, length), values);
    }
  }
}
