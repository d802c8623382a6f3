// Matrices as plain arrays. A matrix (R, C) is a Float32Array of R * C numbers, one row after the other.
// Every function writes into an array that it is given, so that a step of the model makes no garbage.

// An array with room for `size` numbers: the old one where it is large enough.
export const room = (array, size) => array?.length >= size ? array : new Float32Array(size);

// y (R, N) = x (R, K) W^T + b, with W (N, K) as PyTorch keeps it: a row of W lies together in memory.
// Four rows of W at a time, so that every number of x that is read is used four times.
export function linear(y, x, { weight, bias, N, K }, R) {
  const whole = N - N % 4;
  for (let n = 0; n < whole; n += 4) {
    const w0 = n * K, w1 = w0 + K, w2 = w1 + K, w3 = w2 + K;
    for (let r = 0; r < R; r++) {
      const from = r * K, to = r * N + n;
      let a = 0, b = 0, c = 0, d = 0;
      for (let k = 0; k < K; k++) {
        const value = x[from + k];
        a += value * weight[w0 + k];
        b += value * weight[w1 + k];
        c += value * weight[w2 + k];
        d += value * weight[w3 + k];
      }
      y[to] = a; y[to + 1] = b; y[to + 2] = c; y[to + 3] = d;
    }
  }
  for (let n = whole; n < N; n++)
    for (let r = 0; r < R; r++) y[r * N + n] = dot(x, r * K, weight, n * K, K);
  if (bias) for (let r = 0; r < R; r++) for (let n = 0; n < N; n++) y[r * N + n] += bias[n];
}

// The sum of the products of K numbers of each array, from two places on.
export function dot(x, i, w, j, K) {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += x[i + k] * w[j + k];
  return sum;
}

// x += y, for the first `size` numbers.
export function add(x, y, size) {
  for (let i = 0; i < size; i++) x[i] += y[i];
}

// ln of the softmax, in the place of the logits. ValueError's twin: an Error where they are not numbers.
export function logSoftmax(logits, from, V) {
  let top = -Infinity, sum = 0;
  for (let v = from; v < from + V; v++) if (!(logits[v] <= top)) top = logits[v];
  if (!Number.isFinite(top)) throw new Error("the model's numbers are not finite: its training diverged");
  for (let v = from; v < from + V; v++) sum += Math.exp(logits[v] - top);
  const shift = top + Math.log(sum);
  for (let v = from; v < from + V; v++) logits[v] -= shift;
}

// The places of the `n` largest numbers among x[from ... from + V), largest first.
export function largest(x, n, from = 0, V = x.length) {
  const places = [];
  for (let v = from; v < from + V; v++) {
    if (places.length === n && !(x[v] > x[places[n - 1]])) continue;
    let at = places.length < n ? places.length : n - 1;
    for (; at > 0 && x[v] > x[places[at - 1]]; at--) places[at] = places[at - 1];
    places[at] = v;
  }
  return places.map(v => v - from);
}
