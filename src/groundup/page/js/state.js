// What was read before: the twin of models/state.py, nn/cache.py and decode/slots.py.
//
// Keys and values stand in slots. Each hypothesis has a path: the slots of its tokens, in order. A text that is simply
// read has one path, 0 1 2 ...; the beams of a search share the slots and differ in their paths, so that going on from
// another hypothesis copies a list of numbers and no keys.

export class State {
  // wide: how many numbers a layer's keys have for one token.
  constructor(layers, wide, context, { causal = true } = {}) {
    Object.assign(this, { wide, context, causal, depth: 0, used: 0, memory: null, look: null });
    this.caches = Array.from({ length: layers }, () => ({ keys: new Float32Array(0), values: new Float32Array(0) }));
    this.paths = [new Int32Array(context)];
    this.capacity = 0;
  }

  // Slots and positions for R new tokens: of one text, or one for each of the hypotheses. Error past the context.
  open(R) {
    const { paths, depth } = this, one = paths.length === 1, end = depth + (one ? R : 1);
    if (end > this.context) throw new Error(`${end} tokens do not fit the model's context of ${this.context}`);
    this.grow(this.used + R);
    const slots = Array.from({ length: R }, (_, r) => this.used + r);
    const at = slots.map((_, r) => one ? depth + r : depth);
    slots.forEach((slot, r) => { paths[one ? 0 : r][at[r]] = slot; });
    Object.assign(this, { depth: end, used: this.used + R });
    return { slots, at, paths: slots.map((_, r) => paths[one ? 0 : r]) };
  }

  // What each of the tokens just opened may look at: what stands before it, within the window of its layer.
  see(opened, window) {
    const { depth, causal } = this, w = window ?? Infinity;
    const first = opened.at.map(p => Math.max(0, p - w + 1));
    const end = opened.at.map(p => causal ? p + 1 : Math.min(depth, p + w));
    return { ...opened, first, end };
  }

  grow(slots) {
    if (slots <= this.capacity) return;
    this.capacity = Math.max(slots, 32, Math.floor(this.capacity * 1.5));
    const larger = old => { const array = new Float32Array(this.capacity * this.wide); array.set(old); return array; };
    for (const cache of this.caches) Object.assign(cache, { keys: larger(cache.keys), values: larger(cache.values) });
  }

  // Hypothesis i goes on from what hypothesis rows[i] was; at first all go on from the only one.
  reorder(rows) {
    this.paths = rows.map(row => this.paths[row].slice());
  }

  // Forget all but the first `depth` tokens of a text that has one path.
  back(depth) {
    Object.assign(this, { depth, used: depth });
  }
}
