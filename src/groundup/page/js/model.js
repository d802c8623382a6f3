// The models: the twin of models/stack.py, models/causal_lm.py and models/seq2seq.py.
import { linear, room } from "./tensor.js";
import { ACTIVATIONS, GatedMLP, LayerNorm, MLP, RMSNorm } from "./layers.js";
import { Rotary, Table, sinusoidalTable } from "./positions.js";
import { Attention, Block } from "./attention.js";
import { State } from "./state.js";

// Embedding, positions, blocks, final norm. `weights` gives the numbers of a name: see weights.js.
export class Stack {
  constructor(config, weights, name, layers, { causal, cross = false }) {
    Object.assign(this, { config, causal, C: config.width });
    this.embed = weights.array(`${name}.embed.weight`);
    this.scale = config.scale_embedding ? Math.sqrt(config.width) : 1;
    this.positions = positionsOf(config, weights, name);
    this.blocks = Array.from({ length: layers }, (_, i) => blockOf(config, weights, `${name}.blocks.${i}`, cross));
    this.windows = this.blocks.map((_, i) => config.windows[i % config.windows.length]);
    this.norm = config.norm_first ? normOf(config, weights, `${name}.norm`) : null;
  }

  begin() {
    const { groups, D } = headsOf(this.config);
    return new State(this.blocks.length, groups * D, this.config.context, { causal: this.causal });
  }

  // Hidden states (R, C) of R new ids; the next call writes over them.
  read(ids, state) {
    const { C, embed, scale } = this, R = ids.length, opened = state.open(R);
    const x = this.x = room(this.x, R * C);
    for (let r = 0; r < R; r++) for (let c = 0; c < C; c++) x[r * C + c] = embed[ids[r] * C + c] * scale;
    const rotation = this.positions.apply(x, opened.at, R);
    const memorySee = state.memory && seeAll(state.memory[0].length, R);
    this.blocks.forEach((block, i) => {
      const see = state.see(opened, this.windows[i]), look = state.look?.(i);
      block.apply(x, R, { cache: state.caches[i], see, rotation, memory: state.memory?.[i], memorySee, look });
    });
    this.norm?.apply(x, x, R);
    return x;
  }
}

// Each of R rows sees all of S keys.
function seeAll(S, R) {
  const path = Int32Array.from({ length: S }, (_, s) => s);
  return { paths: Array(R).fill(path), first: Array(R).fill(0), end: Array(R).fill(S) };
}

const headsOf = config => ({
  heads: config.heads, groups: config.kv_heads ?? config.heads, D: config.width / config.heads,
});

function normOf(config, weights, name) {
  const weight = weights.array(`${name}.weight`);
  if (config.norm === "rms") return new RMSNorm(weight, config.norm_eps);
  return new LayerNorm(weight, weights.maybe(`${name}.bias`), config.norm_eps);
}

function positionsOf(config, weights, name) {
  const { context, width, position } = config;
  if (position === "learned") return new Table(weights.array(`${name}.positions.table.weight`), width);
  if (position === "rotary") return new Rotary(headsOf(config).D, config.rope_theta, config.rope_scaling);
  return new Table(sinusoidalTable(context, width, position === "sinusoidal-halves"), width);
}

function attentionOf(config, weights, name) {
  const [query, key, value, out] = ["query", "key", "value", "out"].map(part => weights.linear(`${name}.${part}`));
  const norm = part => config.qk_norm ? new RMSNorm(weights.array(`${name}.${part}.weight`), config.norm_eps) : null;
  const norms = { queryNorm: norm("query_norm"), keyNorm: norm("key_norm") };
  return new Attention({ query, key, value, out, ...norms, ...headsOf(config) });
}

function blockOf(config, weights, name, cross) {
  const [into, out] = [weights.linear(`${name}.mlp.into`), weights.linear(`${name}.mlp.out`)];
  const mlp = config.mlp === "swiglu" ? new GatedMLP(weights.linear(`${name}.mlp.gate`), into, out)
    : new MLP(into, out, ACTIVATIONS[config.mlp]);
  const norm = part => normOf(config, weights, `${name}.${part}`);
  return new Block({
    attention: attentionOf(config, weights, `${name}.attention`), attentionNorm: norm("attention_norm"),
    cross: cross ? attentionOf(config, weights, `${name}.cross`) : null, crossNorm: cross ? norm("cross_norm") : null,
    mlp, mlpNorm: norm("mlp_norm"), normFirst: config.norm_first,
  });
}

// What both models do with hidden states: logits (R, V), and the ids that are no tokens are never chosen.
class Model {
  constructor(config, weights, unknown) {
    Object.assign(this, { config, unknown, V: config.vocab_size });
  }

  // The logits of the token after each of R rows of x, from row `from` on.
  logits(x, from, R) {
    const { V, unknown, config: { width } } = this;
    const logits = (this.out = room(this.out, R * V)).subarray(0, R * V);
    linear(logits, x.subarray(from * width, (from + R) * width), this.head, R);
    for (let r = 0; r < R; r++) for (const id of unknown) logits[r * V + id] = -Infinity;
    return logits;
  }

  // Read new ids, and give the logits after the last of them; of every hypothesis where there are several.
  step(ids, state) {
    const x = this.read(ids, state), R = state.paths.length;
    return this.logits(x, ids.length - R, R);
  }
}

// The decoder-only language model.
export class CausalLM extends Model {
  constructor(config, weights, unknown) {
    super(config, weights, unknown);
    this.stack = new Stack(config, weights, "stack", config.layers, { causal: true });
    this.head = weights.linear(config.tied === "none" ? "head" : "stack.embed");
  }

  begin() { return this.stack.begin(); }

  read(ids, state) { return this.stack.read(ids, state); }
}

// The encoder-decoder.
export class Seq2Seq extends Model {
  constructor(config, weights, unknown) {
    super(config, weights, unknown);
    this.encoder = new Stack(config, weights, "encoder", config.encoder_layers, { causal: false });
    this.decoder = new Stack(config, weights, "decoder", config.layers, { causal: true, cross: true });
    this.head = weights.linear(config.tied === "none" ? "head" : "decoder.embed");
  }

  // Read the source once; what the decoder's blocks look at is kept in the state. look: see State.
  begin(source, look = null) {
    const told = this.encoder.begin(), S = source.length, { width } = this.config;
    told.look = look;
    const x = this.encoder.read(source, told);
    const state = this.decoder.begin();
    state.memory = this.decoder.blocks.map(({ cross }) => {
      const { keys, values } = cross.keysValues(x.subarray(0, S * width), S);
      return { keys: keys.slice(0, S * cross.key.N), values: values.slice(0, S * cross.value.N), length: S };
    });
    return state;
  }

  read(ids, state) { return this.decoder.read(ids, state); }
}
