// Attention and the block around it: the twin of nn/attend.py, nn/attention.py and nn/block.py.
import { add, dot, linear, room } from "./tensor.js";
import { rotate } from "./positions.js";

let scores = new Float64Array(64);

// softmax(q k^T / sqrt(D)) v for R rows of queries. Row r looks at the slots path[first ... end) of keys and values that
// `see` names for it. Groups of query heads may share a head of keys and values. look: is told the weights.
export function attend(y, q, { keys, values }, R, { heads, groups, D }, see, look) {
  const C = heads * D, wide = groups * D, scale = 1 / Math.sqrt(D);
  for (let r = 0; r < R; r++) {
    const path = see.paths[r], first = see.first[r], n = see.end[r] - first;
    if (scores.length < n) scores = new Float64Array(2 * n);
    for (let h = 0; h < heads; h++) {
      const at = r * C + h * D, g = Math.floor(h * groups / heads) * D;
      let top = -Infinity, sum = 0;
      for (let j = 0; j < n; j++) {
        scores[j] = dot(q, at, keys, path[first + j] * wide + g, D) * scale;
        if (scores[j] > top) top = scores[j];
      }
      for (let j = 0; j < n; j++) sum += scores[j] = Math.exp(scores[j] - top);
      y.fill(0, at, at + D);
      for (let j = 0; j < n; j++) {
        const weight = scores[j] /= sum, from = path[first + j] * wide + g;
        for (let d = 0; d < D; d++) y[at + d] += weight * values[from + d];
      }
      look?.(r, h, first, scores, n);
    }
  }
}

// Project to heads, attend, project back. Serves self-attention and, with `read`, cross-attention.
export class Attention {
  constructor(parts) { Object.assign(this, parts); } // query, key, value, out, queryNorm, keyNorm, heads, groups, D

  // Self-attention of R rows: their keys and values go into the cache, at the slots that `see` has opened for them.
  apply(y, x, R, cache, see, rotation, look) {
    const { heads, groups, D } = this, wide = groups * D;
    const q = this.queries(x, R);
    const { keys, values } = this.keysValues(x, R);
    if (rotation) {
      rotate(q, R, heads, rotation);
      rotate(keys, R, groups, rotation);
    }
    for (let r = 0; r < R; r++) {
      cache.keys.set(keys.subarray(r * wide, r * wide + wide), see.slots[r] * wide);
      cache.values.set(values.subarray(r * wide, r * wide + wide), see.slots[r] * wide);
    }
    this.join(y, q, cache, R, see, look);
  }

  // Cross-attention: R rows look at the keys and values of another text.
  read(y, x, R, memory, see, look) {
    this.join(y, this.queries(x, R), memory, R, see, look);
  }

  join(y, q, memory, R, see, look) {
    this.mixed = room(this.mixed, R * this.heads * this.D);
    attend(this.mixed, q, memory, R, this, see, look);
    linear(y, this.mixed, this.out, R);
  }

  queries(x, R) {
    this.q = room(this.q, R * this.query.N);
    linear(this.q, x, this.query, R);
    this.queryNorm?.apply(this.q, this.q, R * this.heads);
    return this.q;
  }

  // Into arrays of its own that the next call writes over.
  keysValues(x, R) {
    this.k = room(this.k, R * this.key.N);
    this.v = room(this.v, R * this.value.N);
    linear(this.k, x, this.key, R);
    linear(this.v, x, this.value, R);
    this.keyNorm?.apply(this.k, this.k, R * this.groups);
    return { keys: this.k, values: this.v };
  }
}

// One layer: self-attention, cross-attention if there is one, then the feed-forward, as branches of one stream x.
export class Block {
  constructor(parts) { Object.assign(this, parts); } // attention, cross, mlp and the norm of each; normFirst

  apply(x, R, { cache, see, rotation, memory, memorySee, look }) {
    this.residual(x, R, this.attentionNorm, (y, x) => this.attention.apply(y, x, R, cache, see, rotation, look?.self));
    if (this.cross)
      this.residual(x, R, this.crossNorm, (y, x) => this.cross.read(y, x, R, memory, memorySee, look?.cross));
    this.residual(x, R, this.mlpNorm, (y, x) => this.mlp.apply(y, x, R));
  }

  // Pre-norm: x + branch(norm(x)). Post-norm, the 2017 paper: norm(x + branch(x)).
  residual(x, R, norm, branch) {
    const size = R * norm.weight.length;
    this.y = room(this.y, size);
    this.normed = room(this.normed, size);
    if (this.normFirst) {
      norm.apply(this.normed, x, R);
      branch(this.y, this.normed);
      add(x, this.y, size);
    } else {
      branch(this.y, x);
      add(x, this.y, size);
      norm.apply(x, x, R);
    }
  }
}
