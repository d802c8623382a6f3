// Byte-pair encoding over bytes: the twin of text/bpe.py. Ids here follow from the merges alone: byte b is b, and the
// merge of rank n makes the token made[n]. ranks: pair -> rank, a Map whose keys are left * 2^24 + right.

export const pair = (left, right) => left * 2 ** 24 + right;

// The definition of encoding: apply the earliest merge that applies, and again. Gives every state on the way.
export function mergesOf(bytes, ranks, made) {
  let ids = [...bytes];
  const steps = [ids];
  for (;;) {
    const known = ids.slice(1).map((id, i) => ranks.get(pair(ids[i], id)) ?? Infinity);
    const first = Math.min(...known);
    if (!known.length || first === Infinity) return steps;
    const merged = [];
    for (let i = 0; i < ids.length; i++) {
      if (known[i] === first) merged.push(made[first]), i++;
      else merged.push(ids[i]);
    }
    steps.push(ids = merged);
  }
}

// The same ids for chunks of any length: a heap of possible merges over a linked list of tokens.
export function encodeChunk(bytes, ranks, made) {
  const n = bytes.length, ids = Int32Array.from(bytes), before = new Int32Array(n), after = new Int32Array(n);
  for (let i = 0; i < n; i++) [before[i], after[i]] = [i - 1, i + 1 < n ? i + 1 : -1];
  const rankAt = at => at < 0 || after[at] < 0 ? undefined : ranks.get(pair(ids[at], ids[after[at]]));
  const heap = new Heap();
  const offer = at => { const rank = rankAt(at); if (rank !== undefined) heap.push(rank * 2 ** 24 + at); };
  for (let i = 0; i < n; i++) offer(i);
  for (let least; (least = heap.pop()) !== undefined;) {
    const rank = Math.floor(least / 2 ** 24), at = least % 2 ** 24;
    if (ids[at] < 0 || rankAt(at) !== rank) continue; // an earlier merge took one of the two
    const gone = after[at];
    [ids[at], ids[gone], after[at]] = [made[rank], -1, after[gone]];
    if (after[at] >= 0) before[after[at]] = at;
    offer(before[at]);
    offer(at);
  }
  return Array.from(ids).filter(id => id >= 0);
}

// The smallest number first.
class Heap {
  constructor() { this.items = []; }

  push(item) {
    const { items } = this;
    let at = items.length;
    for (; at > 0 && items[at - 1 >> 1] > item; at = at - 1 >> 1) items[at] = items[at - 1 >> 1];
    items[at] = item;
  }

  pop() {
    const { items } = this, least = items[0], item = items.pop();
    if (!items.length) return least;
    let at = 0;
    for (let next; (next = 2 * at + 1) < items.length; at = next) {
      if (next + 1 < items.length && items[next + 1] < items[next]) next++;
      if (items[next] >= item) break;
      items[at] = items[next];
    }
    items[at] = item;
    return least;
  }
}
