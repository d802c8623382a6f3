// Where a token stands: the twin of nn/positions.py. All kinds have one call, apply(x, at, R), that adds to the rows of
// x what belongs to their positions `at`, and gives the rotation that queries and keys need, or null.

// A table of one row a position, learned or made of waves.
export class Table {
  constructor(table, C) { Object.assign(this, { table, C }); }

  apply(x, at, R) {
    const { table, C } = this;
    for (let r = 0; r < R; r++) for (let c = 0; c < C; c++) x[r * C + c] += table[at[r] * C + c];
    return null;
  }
}

// PE[p, 2i] = sin(p / 10000^(2i/C)), PE[p, 2i+1] = cos(the same); with `halves` all sines first, then all cosines.
export function sinusoidalTable(context, C, halves) {
  const table = new Float32Array(context * C);
  for (let p = 0; p < context; p++)
    for (let i = 0; i < C / 2; i++) {
      const angle = p * Math.exp(2 * i * (-Math.log(10000) / C));
      table[p * C + (halves ? i : 2 * i)] = Math.sin(angle);
      table[p * C + (halves ? C / 2 + i : 2 * i + 1)] = Math.cos(angle);
    }
  return table;
}

// Rotary positions: x stays as it is, and pairs of each head are turned later, by an angle that grows with the position.
export class Rotary {
  constructor(D, theta, scaling) {
    // Rounded to float32 at each step, as in Python: far positions multiply the smallest difference.
    const f = Math.fround;
    this.half = D / 2;
    this.frequencies = Float32Array.from({ length: D / 2 }, (_, i) => {
      const frequency = f(1 / f(f(theta) ** f(2 * i / D)));
      return scaling ? scaled(frequency, scaling) : frequency;
    });
  }

  apply(x, at, R) {
    const { half, frequencies } = this;
    if (!(this.cos?.length >= R * half)) [this.cos, this.sin] = [new Float32Array(R * half), new Float32Array(R * half)];
    for (let r = 0; r < R; r++)
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(at[r] * frequencies[i]);
        this.cos[r * half + i] = Math.cos(angle);
        this.sin[r * half + i] = Math.sin(angle);
      }
    return this;
  }
}

// LLaMA 3.1's stretch to longer contexts: slow waves are slowed by `factor`, fast ones kept, the rest blended.
function scaled(frequency, { factor, low, high, original_context }) {
  const f = Math.fround, turns = f(original_context / f(f(2 * Math.PI) / frequency));
  const keep = Math.min(1, Math.max(0, f(f(turns - low) / (high - low)))); // 1 fast .. 0 slow
  return f(f(f(f(1 - keep) * frequency) / factor) + f(keep * frequency));
}

// Turn each pair (x[i], x[i + D/2]) of every head of R rows by its angle.
export function rotate(x, R, heads, { cos, sin, half }) {
  for (let r = 0, at = 0; r < R; r++)
    for (let h = 0; h < heads; h++, at += 2 * half)
      for (let i = 0; i < half; i++) {
        const c = cos[r * half + i], s = sin[r * half + i], a = x[at + i], b = x[at + half + i];
        x[at + i] = a * c - b * s;
        x[at + half + i] = b * c + a * s;
      }
}
