// The numbers of the model, out of the page: text (base64) -> bytes -> arrays of float32.

export function bytesOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export class Weights {
  // tensors: name -> { shape, kind, at }; kind is float32, float16 or int8, `at` the place of its first byte.
  constructor(tensors, bytes) { Object.assign(this, { tensors, bytes, ready: {} }); }

  // All numbers of a tensor, row after row. An Error for a name that is not there.
  array(name) {
    if (!this.tensors[name]) throw new Error(`the page has no weights called ${name}`);
    return this.ready[name] ??= read(this.tensors[name], this.bytes);
  }

  maybe(name) { return this.tensors[name] ? this.array(name) : null; }

  // A linear layer: weight (N, K), and a bias (N) or null.
  linear(name) {
    const weight = this.array(`${name}.weight`), [N, K] = this.tensors[`${name}.weight`].shape;
    return { weight, bias: this.maybe(`${name}.bias`), N, K };
  }
}

function read({ shape, kind, at }, bytes) {
  const size = shape.reduce((product, n) => product * n, 1), from = bytes.byteOffset + at;
  if (kind === "float32") return new Float32Array(bytes.buffer, from, size);
  const array = new Float32Array(size);
  if (kind === "float16") {
    const halves = new Uint16Array(bytes.buffer, from, size);
    for (let i = 0; i < size; i++) array[i] = HALVES[halves[i]];
    return array;
  }
  // int8: a scale for each row, then the whole numbers.
  const scales = new Float32Array(bytes.buffer, from, shape[0]), K = size / shape[0];
  const whole = new Int8Array(bytes.buffer, from + 4 * shape[0], size);
  for (let n = 0, i = 0; n < shape[0]; n++)
    for (const end = i + K, scale = scales[n]; i < end; i++) array[i] = whole[i] * scale;
  return array;
}

// The number that each of the 65,536 patterns of 16 bits means: sign, 5 bits of exponent, 10 of fraction.
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
});
