// Choosing the next token: the twin of decode/filters.py and decode/choose.py.
import { largest } from "./tensor.js";

// A stream of random numbers in [0, 1) from a seed: the same seed, the same numbers (Mulberry32, by Tommy Ettinger).
// They are not those of PyTorch: a seed draws other tokens in the page than in Python.
export function randomFrom(seed) {
  let a = seed >>> 0;
  return () => {
    a = a + 0x6D2B79F5 | 0;
    let t = Math.imul(a ^ a >>> 15, 1 | a);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

// Temperature and the truncations; -Infinity forbids a token. What is drawn from is the softmax of this.
export function filter(logits, { temperature = 1, top_k = null, top_p = null, min_p = null }) {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const scores = logits.map(logit => (logit - top) / Math.max(temperature, 1e-38));
  if (top_k !== null && top_k < scores.length) {
    const kth = Float32Array.from(scores).sort()[scores.length - top_k];
    for (let v = 0; v < scores.length; v++) if (scores[v] < kth) scores[v] = -Infinity;
  }
  if (top_p !== null && top_p < 1) {
    const ordered = Float32Array.from(softmax(scores)).sort().reverse();
    let before = 0, n = 0;
    for (; n < ordered.length && before < top_p; n++) before += ordered[n];
    const least = Float32Array.from(scores).sort()[scores.length - Math.max(1, n)];
    for (let v = 0; v < scores.length; v++) if (scores[v] < least) scores[v] = -Infinity;
  }
  if (min_p) for (let v = 0; v < scores.length; v++) if (scores[v] < Math.log(min_p)) scores[v] = -Infinity;
  return scores;
}

export function softmax(scores) {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const p = Float64Array.from(scores, score => Math.exp(score - top));
  const sum = p.reduce((a, b) => a + b, 0);
  return p.map(one => one / sum);
}

// The likeliest token, every time.
export const greedy = () => logits => largest(logits, 1)[0];

// A token drawn by its probability, after the filters that are set.
export function sample(settings) {
  const random = randomFrom(settings.seed ?? Math.floor(Math.random() * 2 ** 32));
  return logits => {
    const p = softmax(filter(logits, settings));
    let left = random();
    for (let v = 0; v < p.length; v++) if (p[v] > 0 && (left -= p[v]) < 0) return v;
    return largest(p, 1)[0]; // rounding: they add up to a little less than 1
  };
}
