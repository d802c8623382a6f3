// A model with its tokenizers, and what it can do: the twin of run/translator.py, run/writer.py and run/chat.py.
// What takes long is a generator that yields after every step, so that the worker can stop between two of them.
import { largest, logSoftmax } from "./tensor.js";
import { CausalLM, Seq2Seq } from "./model.js";
import { Weights } from "./weights.js";
import { Tokenizer } from "./tokenizer.js";
import { beamSearch, scorer } from "./beam.js";
import { filter, greedy, sample, softmax } from "./choose.js";
import { joinTurns, normaliseSentence, plainTurn } from "./normalise.js";
import { sentences } from "./sentences.js";

export function loadRun(data, bytes) {
  const weights = new Weights(data.tensors, bytes);
  return data.config.encoder_layers === null ? new Writer(data, weights) : new Translator(data, weights);
}

// How tokens are picked: drawn where a temperature is given, else the likeliest.
const picker = settings => settings.temperature > 0 ? sample(settings) : greedy();

// The likeliest ids after some logits, with their probabilities, and what filters leave of these.
function likeliest(logits, tokenizer, many, settings = null) {
  const p = softmax(logits), ids = largest(p, many).filter(id => p[id] > 0);
  const left = settings?.temperature > 0 ? softmax(filter(logits, settings)) : null;
  const pieces = tokenizer.pieces(ids);
  return ids.map((id, i) => ({ id, piece: pieces[i], p: p[id], ...settings && { drawn: left ? left[id] : i === 0 ? 1 : 0 } }));
}

const MOST_LOOKED = 3e7; // weights that are kept of one text while it is looked at: 120 MB
const MOST_KEPT = 1e7; // and those that a language model keeps all the time

// Attention weights (layers, heads, T, S) as they come. Row t stands at t % T: of more rows the last T are kept.
class Maps {
  constructor(L, H, T, S) { Object.assign(this, { L, H, T, S, weights: new Float32Array(L * H * T * S) }); }

  // What a layer tells of rows of which the first is row `begin` of the text.
  of(layer, begin = 0) {
    const { H, T, S, weights } = this;
    return (r, h, first, scores, n) => {
      const at = ((layer * H + h) * T + (begin + r) % T) * S;
      weights.fill(0, at, at + S);
      for (let j = 0; j < n; j++) weights[at + first + j] = scores[j];
    };
  }

  // The last rows of a text of S tokens, those that are kept: { L, H, T, S, weights }.
  last(S) {
    const { L, H, T: rows } = this, T = Math.min(rows, S), weights = new Float32Array(L * H * T * S);
    for (let head = 0, to = 0; head < L * H; head++)
      for (let t = S - T; t < S; t++, to += S) {
        const at = (head * rows + t % rows) * this.S;
        weights.set(this.weights.subarray(at, at + S), to);
      }
    return { L, H, T, S, weights };
  }
}

// An encoder-decoder: it translates, or replies.
export class Translator {
  constructor(data, weights) {
    this.data = data;
    this.source = new Tokenizer(data.tokenizers[0]);
    this.target = data.tokenizers.length > 1 ? new Tokenizer(data.tokenizers[1]) : this.source;
    this.model = new Seq2Seq(data.config, weights, data.unknown);
  }

  // The lines of a text, each as the sentences that are translated one by one: a line longer than any that the model has
  // learnt from is cut (run/lines.py). An Error for a sentence that cannot be read.
  parts(text) {
    const lines = text.split("\n").map(line => this.long(line) ? sentences(line) : [line]);
    for (const sentence of lines.flat()) this.sourceIds(sentence);
    return lines;
  }

  long(line) {
    const { longest } = this.data, plain = normaliseSentence(line);
    return plain.length > longest * this.source.longest || this.source.encode(plain).length >= longest;
  }

  // The source tokens, the end token included. An Error for more than the context.
  sourceIds(sentence) {
    const { context } = this.data.config, plain = normaliseSentence(sentence), far = plain.length > context * this.source.longest;
    const ids = far ? null : [...this.source.encode(plain), this.data.marks.source_eos]; // so much is not cut into tokens
    if (!far && ids.length <= context) return ids;
    throw new Error(`the model reads ${context} tokens at most, and “${plain.slice(0, 30)}…” has ${far ? "many more" : ids.length}; `
      + "end sentences with a full stop, or shorten this one");
  }

  // The ids with which an answer is to begin.
  prefixIds(text) { return this.target.encode(normaliseSentence(text)); }

  // Yields { n, branches, text } after each step, `text` being the best so far; returns the answers, best first.
  // prefix: ids with which they begin, which count neither for the score nor for the limit.
  *answers(sentence, { beams = 1, prefix = [], settings = {}, ...ranking } = {}) {
    const source = this.sourceIds(sentence), { marks, config } = this.data;
    if (source.length === 1) return [];
    if (prefix.length >= config.context) throw new Error(`a beginning of ${prefix.length} tokens fills the context of ${config.context}`);
    const state = this.model.begin(source), start = [marks.bos, ...prefix];
    const limit = Math.min(config.context - prefix.length, 2 * source.length + 10);
    const search = settings.temperature > 0 ? draw(this.model, state, start, { limit, eos: marks.eos, settings })
      : beamSearch(this.model, state, start, { width: beams, limit, eos: marks.eos, ...ranking });
    const found = yield* this.growing(search, prefix, scorer(ranking));
    return distinct(found.map(one => ({ ...one, prefix, text: this.target.decode([...prefix, ...one.ids]) })));
  }

  // What a search yields, with the text of the best hypothesis so far, finished or not (run/growing.py).
  *growing(search, prefix, score) {
    let living = [[]], best = null;
    for (;;) {
      const { done, value } = search.next();
      if (done) return value;
      const grown = value.branches.map(one => ({ ...one, ids: [...living[one.parent], one.token], score: score(one.total, value.n) }));
      living = grown.filter(one => one.kind === "living").map(one => one.ids);
      for (const one of grown) if (one.kind === "finished" && !(one.score <= best?.score)) best = one;
      const now = grown.filter(one => one.kind === "living").concat(best ?? []).sort((a, b) => b.score - a.score)[0];
      const pieces = this.target.pieces(value.branches.map(one => one.token));
      const branches = value.branches.map((one, i) => ({ ...one, piece: pieces[i], score: grown[i].score }));
      yield { n: value.n, branches, ids: now?.ids ?? [], prefix,
              text: now ? this.target.decode([...prefix, ...now.ids]).replace(/\ufffd+$/, "") : "" };
    }
  }

  // Teacher forcing: one pass over the answer `ids`, which records where every head of every layer looked.
  look(ids, sentence, many = 5) {
    const { config, marks } = this.data, source = this.sourceIds(sentence), T = ids.length, S = source.length;
    const { layers, encoder_layers, heads } = config, keep = heads * (encoder_layers * S * S + layers * T * (S + T)) < MOST_LOOKED;
    const maps = keep && [new Maps(layers, heads, T, S), new Maps(layers, heads, T, T), new Maps(encoder_layers, heads, S, S)];
    const [cross, decoder, encoder] = maps || [];
    const state = this.model.begin(source, keep ? i => ({ self: encoder.of(i) }) : null);
    if (keep) state.look = i => ({ self: decoder.of(i), cross: cross.of(i) });
    const x = this.model.read([marks.bos, ...ids.slice(0, -1)], state);
    const steps = ids.map((id, t) => {
      const logits = this.model.logits(x, t, 1), p = softmax(logits);
      return { id, p: p[id], candidates: likeliest(logits, this.target, many) };
    });
    const keys = this.source.pieces(source), written = this.target.pieces(ids);
    const read = [...this.target.pieces([marks.bos]), ...written.slice(0, -1)];
    const panels = keep ? [
      { name: "cross", queries: written, keys, ...cross },
      { name: "decoder", queries: written, keys: read, ...decoder },
      { name: "encoder", queries: keys, keys, ...encoder },
    ] : []; // of a text that is too long
    return { panels, pieces: written, steps, ids, text: this.target.decode(ids) };
  }

  // A conversation, oldest turn first, that ends in what is to be answered: as much of it as fits the context is read.
  heard(turns) {
    const plain = this.data.remembers ? turns.map(plainTurn) : [normaliseSentence(turns.at(-1))];
    if (!plain.at(-1)) throw new Error("there is nothing to answer");
    const size = n => this.source.encode(joinTurns(plain.slice(n))).length + 1;
    let first = 0;
    while (first < plain.length - 1 && size(first) > this.data.config.context) first++;
    return { text: joinTurns(plain.slice(first)), forgotten: first };
  }

  // ids of a text as the model reads it, in the tokenizer of one side.
  tokens(text, side = "source") { return describe(this[side], normaliseSentence(text)); }
}

// One answer, its tokens picked one after the other (decode/draw.py); told as a search of one beam.
function* draw(model, state, start, { limit, eos, settings }) {
  const pick = picker(settings), ids = [];
  let logprob = 0, logits = model.step(start, state);
  for (let n = 1; ; n++) {
    const scores = logits.slice(), token = pick(scores);
    logSoftmax(scores, 0, model.V);
    ids.push(token);
    logprob += scores[token];
    const ended = token === eos || n === limit;
    yield { n, branches: [{ parent: 0, token, total: logprob, kind: ended ? "finished" : "living" }] };
    if (ended) return [{ ids, score: logprob / n, logprob }];
    logits = model.step([token], state);
  }
}

// Best first, one a text: tokens can spell the same one in several ways.
function distinct(answers) {
  const texts = new Set();
  return answers.filter(({ text }) => !texts.has(text) && texts.add(text));
}

// The tokens of a text, for people: how many, and of the first ones ids, pieces, bytes, and how merges made them.
function describe(tokenizer, text, most = 1500) {
  const all = tokenizer.encode(text), ids = all.slice(0, most), short = all.length <= most;
  const bytes = ids.map(id => Array.from(tokenizer.bytes.get(id), byte => byte.toString(16).padStart(2, "0")).join(" "));
  const size = new TextEncoder().encode(text).length;
  return { text, count: all.length, ids, pieces: tokenizer.pieces(ids), bytes, size, kind: tokenizer.kind,
           steps: tokenizer.kind === "bpe" && short ? tokenizer.steps(text) : null };
}

// A language model: it writes on. What was read last is kept, with where each token looked, so that going on, going back
// by some tokens and looking at one of them cost one step each.
export class Writer {
  constructor(data, weights) {
    this.data = data;
    this.tokenizer = new Tokenizer(data.tokenizers[0]);
    this.model = new CausalLM(data.config, weights, data.unknown);
    this.state = this.model.begin();
    this.ids = [];
    const { layers, heads, context } = data.config;
    this.maps = new Maps(layers, heads, Math.max(1, Math.min(context, Math.floor(MOST_KEPT / (layers * heads * context)))), context);
  }

  // Ids with how each looks, for people.
  seen(ids) {
    const pieces = this.tokenizer.pieces(ids), stream = this.tokenizer.stream();
    return ids.map((id, i) => ({ id, piece: pieces[i], text: stream.push(id) }));
  }

  // The prompt's ids, of a long one the last that fit the context; an empty one is the token that stands before a text.
  promptIds(text) {
    const ids = this.tokenizer.encode(text);
    return ids.length ? ids.slice(-this.data.config.context) : [this.data.empty];
  }

  // The prompt for people, and how many of its tokens the model does not read.
  prompt(text) {
    const ids = this.promptIds(text);
    return { tokens: this.seen(ids), left: Math.max(0, this.tokenizer.encode(text).length - ids.length) };
  }

  // Where the window on a text of n tokens begins: past the context its last half is read again (decode/sliding.py).
  start(n) {
    const { context } = this.data.config, stride = context + 1 - Math.max(1, Math.floor(context / 2));
    return n <= context ? 0 : Math.ceil((n - context) / stride) * stride;
  }

  // Logits of the token after ids.
  next(ids) {
    const { state, model, maps } = this, window = ids.slice(this.start(ids.length));
    let same = 0;
    while (same < window.length - 1 && window[same] === this.ids[same]) same++;
    const kept = this.ids;
    this.ids = kept.slice(0, same); // should the reading fail
    state.back(same);
    state.look = layer => ({ self: maps.of(layer, same) });
    if (same < window.length - 1) model.read(window.slice(same, -1), state);
    state.look = layer => ({ self: maps.of(layer, window.length - 1) });
    const logits = model.step(window.slice(-1), state);
    const within = kept.length > window.length && window.every((id, i) => id === kept[i]);
    this.ids = within ? kept : window; // the keys behind this place are still right if the text is the same
    return logits;
  }

  // Read a long text a block at a time; yields { read, of } after each, so that there is something to see and to stop.
  *readOn(ids, block = 64) {
    const window = ids.slice(this.start(ids.length));
    for (let n = block; n < window.length; n += block) {
      this.next(window.slice(0, n));
      yield { read: n, of: window.length };
    }
  }

  // Yields { id, piece, text, p } token by token; ends at the end of the text or after `max` of them.
  *write(ids, { max = 100, settings = {} } = {}) {
    yield* this.readOn(ids);
    const pick = picker(settings), stream = this.tokenizer.stream(), written = [...ids];
    for (let n = 0; n < max; n++) {
      const logits = this.next(written), id = pick(logits), ended = id === this.data.end;
      const p = softmax(logits)[id];
      written.push(id);
      yield { id, p, ended, piece: this.tokenizer.pieces([id])[0], text: ended ? "" : stream.push(id) };
      if (ended) break;
    }
    return { rest: stream.flush() };
  }

  // Tokens that are there already, from place `from` on, with the probability of each: as `write` yields them.
  *read(ids, from) {
    for (const [i, token] of this.seen(ids).slice(from).entries()) {
      const n = from + i, ended = token.id === this.data.end;
      yield { ...token, ended, text: ended ? "" : token.text, p: n ? softmax(this.next(ids.slice(0, n)))[token.id] : undefined };
    }
  }

  // What could come after ids, likeliest first, and how many tokens the filters leave.
  ahead(ids, { many = 12, settings = {} } = {}) {
    const logits = this.next(ids), candidates = likeliest(logits, this.tokenizer, many, settings);
    const left = settings.temperature > 0 ? filter(logits, settings).filter(score => score > -Infinity).length : 1;
    return { candidates, left };
  }

  // Where every head of every layer looked: for each token of the context the one after it, the last one being open.
  *look(ids) {
    const ended = ids.at(-1) === this.data.end && ids.length > 1, read = ended ? ids.slice(0, -1) : ids, from = this.start(read.length);
    yield* this.readOn(read);
    this.next(read);
    const keys = this.tokenizer.pieces(read.slice(from)), maps = this.maps.last(keys.length);
    const after = [...keys.slice(1), ended ? this.tokenizer.pieces(ids.slice(-1))[0] : "…"];
    return { panels: [{ name: "decoder", queries: after.slice(-maps.T), keys, ...maps }], from };
  }

  tokens(text) { return describe(this.tokenizer, text); }
}
