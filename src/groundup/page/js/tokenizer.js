// Text to ids and back: the twin of text/tokenizer.py, text/vocabulary.py and text/patterns.py.
import { encodeChunk, mergesOf, pair } from "./bpe.js";

const utf8 = new TextEncoder();

// Half of a pair of UTF-16, which no file can hold, counts as U+FFFD.
export const wellFormed = text => text.replace(/\p{Surrogate}/gu, "\ufffd");

// The chunks of a text: what the pattern matches, and what stands between two matches.
export function split(text, pattern) {
  const chunks = [];
  let done = 0, last = -1;
  for (let at = 0; at <= text.length;) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) break;
    const start = match.index, end = start + match[0].length;
    if (start === end && end === last) {
      at = end + 1; // an empty match where the last one ended does not count
    } else {
      chunks.push(text.slice(done, start), match[0]);
      at = last = done = end;
    }
  }
  return [...chunks, text.slice(done)].filter(chunk => chunk);
}

export class Tokenizer {
  // kind: "bpe", "characters" or "words". specials: name -> id.
  constructor({ kind, patterns, specials, merges = [], ids = null, extra = [], whole_first, unknown, missing = [], tokens }) {
    Object.assign(this, { kind, specials, unknown: unknown ?? null, wholeFirst: whole_first, missing: new Set(missing) });
    this.patterns = patterns.map(pattern => new RegExp(pattern, "gu"));
    this.bytes = new Map(Object.entries(specials).map(([name, id]) => [id, utf8.encode(name)]));
    this.hidden = new Set(Object.values(specials));
    this.remembered = new Map();
    if (kind === "bpe") this.learn(merges, ids, extra);
    else this.list(tokens);
    // How many characters a token has at most: a text of more cannot be read, whatever its tokens are.
    this.longest = kind === "words" ? Infinity : [...this.bytes.values()].reduce((most, token) => Math.max(most, token.length), 1);
  }

  // Byte pairs: within, tokens have numbers; `outside` has their ids. merges: left, right, left, right, ...
  learn(merges, ids, extra) {
    const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), numbers = new Map();
    this.ranks = new Map();
    this.made = tokens.map((_, byte) => byte);
    for (let m = 0; m < merges.length; m += 2) {
      const token = Uint8Array.of(...tokens[merges[m]], ...tokens[merges[m + 1]]), key = token.join();
      if (!numbers.has(key)) numbers.set(key, tokens.push(token) - 1);
      this.ranks.set(pair(merges[m], merges[m + 1]), this.made.length);
      this.made.push(numbers.get(key));
    }
    this.tokens = tokens;
    this.outside = ids ?? tokens.map((_, number) => number);
    this.whole = new Map(); // bytes -> id, for chunks that are tokens themselves
    const know = (token, id) => { this.bytes.set(id, token); this.whole.set(token.join(), id); };
    tokens.forEach((token, number) => this.missing.has(number) || know(token, this.outside[number]));
    for (const [bytes, id] of extra) know(Uint8Array.from(bytes), id);
  }

  list(tokens) {
    this.ids = new Map(tokens);
    for (const [token, id] of tokens) this.bytes.set(id, utf8.encode(token));
  }

  // The ids of a text. An Error for a character or byte that the vocabulary does not have.
  encode(text) {
    let chunks = [wellFormed(text)];
    if (this.kind === "words") return (chunks[0].match(this.patterns[0]) ?? []).map(word => this.ids.get(word) ?? this.unknown);
    for (const pattern of this.patterns) chunks = chunks.flatMap(chunk => split(chunk, pattern));
    return chunks.flatMap(chunk => this.chunk(chunk));
  }

  chunk(text) {
    if (this.kind === "characters") return Array.from(text, character => this.character(character));
    if (!this.remembered.has(text)) {
      const ids = this.merged(utf8.encode(text));
      if (text.length > 64 || this.remembered.size > 1e5) return ids;
      this.remembered.set(text, ids);
    }
    return this.remembered.get(text);
  }

  character(character) {
    const id = this.ids.get(character);
    if (id !== undefined) return id;
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    throw new Error(`this model never saw the character “${character}” (U+${code}); please take it out`);
  }

  merged(bytes) {
    if (this.wholeFirst && this.whole.has(bytes.join())) return [this.whole.get(bytes.join())];
    if (this.unknown === null && bytes.some(byte => this.missing.has(byte)))
      throw new Error(`“${new TextDecoder().decode(bytes)}” has a byte that this vocabulary does not have`);
    return encodeChunk(bytes, this.ranks, this.made).map(number => this.outside[number]);
  }

  // How a text becomes tokens: for each chunk the states of its merges, as bytes of each token.
  steps(text) {
    let chunks = [wellFormed(text)];
    for (const pattern of this.patterns) chunks = chunks.flatMap(chunk => split(chunk, pattern));
    return chunks.map(chunk => mergesOf(utf8.encode(chunk), this.ranks, this.made)
      .map(state => state.map(number => printable(this.tokens[number]))));
  }

  // The text of the ids, special tokens left out; bytes that are not UTF-8 become U+FFFD.
  decode(ids) {
    const stream = this.stream();
    return ids.map(id => this.hidden.has(id) ? "" : stream.push(id)).join("") + stream.flush();
  }

  // A decoder that takes ids one at a time and never gives half a character.
  stream() {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let begun = false;
    const push = id => {
      const space = begun && this.kind === "words" ? " " : "";
      begun = true;
      return space + decoder.decode(this.bytes.get(id), { stream: true });
    };
    return { push, flush: () => decoder.decode() };
  }

  pieces(ids) { return ids.map(id => printable(this.bytes.get(id) ?? new Uint8Array())); }
}

// A token as a person can see it: a space as ␣, what cannot be printed escaped, such as \n and \xe2.
export function printable(bytes) {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }), hex = (n, size) => n.toString(16).padStart(size, "0");
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const size = bytes[i] < 0x80 ? 1 : bytes[i] < 0xe0 ? 2 : bytes[i] < 0xf0 ? 3 : 4;
    try {
      text += strict.decode(bytes.subarray(i, i + size));
      i += size;
    } catch {
      text += `\\x${hex(bytes[i++], 2)}`;
    }
  }
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return text.replaceAll(" ", "␣").replace(/[\p{C}\p{Z}]/gu, character => {
    const code = character.codePointAt(0);
    return named[character] ?? (code < 256 ? `\\x${hex(code, 2)}` : code < 65536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`);
  });
}
