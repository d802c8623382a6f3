// Norms and the feed-forward layer: the twin of nn/norms.py and nn/mlp.py.
import { linear, room } from "./tensor.js";

// weight * (x - mean) / sqrt(variance + eps) + bias, over each of R rows.
export class LayerNorm {
  constructor(weight, bias, eps) { Object.assign(this, { weight, bias, eps }); }

  apply(y, x, R) {
    const { weight, bias, eps } = this, C = weight.length;
    for (let r = 0, at = 0; r < R; r++, at += C) {
      let mean = 0, variance = 0;
      for (let c = 0; c < C; c++) mean += x[at + c];
      mean /= C;
      for (let c = 0; c < C; c++) variance += (x[at + c] - mean) ** 2;
      const scale = 1 / Math.sqrt(variance / C + eps);
      for (let c = 0; c < C; c++) y[at + c] = weight[c] * (x[at + c] - mean) * scale + (bias ? bias[c] : 0);
    }
  }
}

// weight * x / sqrt(mean(x^2) + eps): LayerNorm without centring and shift.
export class RMSNorm {
  constructor(weight, eps) { Object.assign(this, { weight, eps }); }

  apply(y, x, R) {
    const { weight, eps } = this, C = weight.length;
    for (let r = 0, at = 0; r < R; r++, at += C) {
      let square = 0;
      for (let c = 0; c < C; c++) square += x[at + c] ** 2;
      const scale = 1 / Math.sqrt(square / C + eps);
      for (let c = 0; c < C; c++) y[at + c] = weight[c] * x[at + c] * scale;
    }
  }
}

// The error function, to 1.2e-7 of its value (Numerical Recipes, section 6.2.2).
const ERF = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
             -0.82215223, 0.17087277];
export function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const rest = t * Math.exp(-x * x + ERF.reduceRight((sum, one) => sum * t + one, 0));
  return x >= 0 ? 1 - rest : rest - 1;
}

export const ACTIVATIONS = {
  "relu": x => Math.max(0, x),
  "relu2": x => Math.max(0, x) ** 2,
  "gelu": x => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  "gelu-tanh": x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};
const silu = x => x / (1 + Math.exp(-x));

// out(activation(into(x))): every position on its own, through a wider hidden layer.
export class MLP {
  constructor(into, out, activation) { Object.assign(this, { into, out, activation }); }

  apply(y, x, R) {
    const { into, out, activation } = this, size = R * into.N;
    const hidden = this.hidden = room(this.hidden, size);
    linear(hidden, x, into, R);
    for (let i = 0; i < size; i++) hidden[i] = activation(hidden[i]);
    linear(y, hidden, out, R);
  }
}

// out(silu(gate(x)) * into(x)), the SwiGLU of LLaMA.
export class GatedMLP {
  constructor(gate, into, out) { Object.assign(this, { gate, into, out }); }

  apply(y, x, R) {
    const { gate, into, out } = this, size = R * into.N;
    const open = this.open = room(this.open, size), hidden = this.hidden = room(this.hidden, size);
    linear(open, x, gate, R);
    linear(hidden, x, into, R);
    for (let i = 0; i < size; i++) hidden[i] *= silu(open[i]);
    linear(y, hidden, out, R);
  }
}
