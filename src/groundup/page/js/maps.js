// Attention on canvas: one map large, and all of them small. Weights are a panel's (L, H, T, S). What a token cannot see
// has the weight 0 and stays without colour; so one sees what is masked, and the windows of layers that have one.

function pen(canvas, height) {
  const ratio = devicePixelRatio || 1;
  Object.assign(canvas, { width: canvas.clientWidth * ratio, height: height * ratio });
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}

const styled = name => getComputedStyle(document.documentElement).getPropertyValue(name);

// The weights (T, S) of a layer and head, or the mean of several where one of them is "mean"; kept for each choice.
function matrix(panel, layer, head) {
  const { L, H, T, S, weights } = panel, key = `${layer}/${head}`;
  panel.ready ??= {};
  return panel.ready[key] ??= (() => {
    const layers = layer === "mean" ? [...Array(L).keys()] : [Number(layer)];
    const heads = head === "mean" ? [...Array(H).keys()] : [Number(head)], rows = [];
    for (let t = 0; t < T; t++) {
      const row = new Float32Array(S);
      for (const l of layers)
        for (const h of heads)
          for (let s = 0, at = ((l * H + h) * T + t) * S; s < S; s++) row[s] += weights[at + s] / layers.length / heads.length;
      rows.push(row);
    }
    return rows;
  })();
}

// The weight that has the full colour. Where each token looks at many others a little, a small weight is strong already:
// half as much again as the largest weight of a row, that of the row in the middle.
function fullAt(rows) {
  const largest = rows.map(row => row.reduce((a, b) => Math.max(a, b), 0)).sort((a, b) => a - b);
  return Math.min(1, Math.max(0.05, Math.ceil(150 * largest[largest.length >> 1]) / 100));
}

// How strongly a weight is painted, in 256 steps; a seen one is never without colour.
const STRENGTH = Uint8ClampedArray.from({ length: 1001 }, (_, i) => 255 * (0.07 + 0.93 * shade(i / 1000)));

// T rows of S weights as a picture of one pixel each.
function picture(weights, from, T, S, hue, full) {
  const canvas = make("canvas", "", { width: S, height: T }), context = canvas.getContext("2d");
  const image = context.createImageData(S, T), [red, green, blue] = hue.split(" ").map(Number);
  for (let i = 0, at = 0; i < T * S; i++, at += 4) {
    const weight = weights[from + i];
    if (!(weight > 0)) continue;
    image.data[at] = red;
    image.data[at + 1] = green;
    image.data[at + 2] = blue;
    image.data[at + 3] = STRENGTH[Math.min(1000, Math.round(1000 * weight / full))];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Paint a picture in a frame: cells as they are, or averaged where they are smaller than the screen's pixels.
function paint(draw, source, x, y, w, h) {
  draw.imageSmoothingEnabled = w * (devicePixelRatio || 1) < source.width || h * (devicePixelRatio || 1) < source.height;
  draw.imageSmoothingQuality = "high";
  draw.drawImage(source, x, y, w, h);
}

// A heat map: rows look at columns; row `now` is framed. Returns where its cells stand, for the pointer.
function drawMap(canvas, panel, rows, now, full) {
  const { name, queries, keys, T, S } = panel, font = "12px system-ui, sans-serif", measure = canvas.getContext("2d");
  const cut = token => shown(token).length > 12 ? shown(token).slice(0, 11) + "…" : shown(token);
  measure.font = font;
  const space = tokens => Math.ceil(Math.max(...tokens.map(token => measure.measureText(cut(token)).width))) + 10;
  const left = space(queries), top = space(keys), wide = (canvas.clientWidth - left - 2) / S;
  const cell = Math.min(wide, 48, Math.max(7, 620 / T)); // neither too wide nor too tall
  const draw = pen(canvas, top + cell * T + 2), ink = styled("--ink"), every = Math.ceil(13 / cell);
  const weights = new Float32Array(T * S);
  rows.forEach((row, t) => weights.set(row, t * S));
  paint(draw, picture(weights, 0, T, S, styled(`--${name}`), full), left, top, cell * S, cell * T);
  if (cell > 8) {
    draw.fillStyle = styled("--card"); // a gap between cells
    for (let s = 1; s <= S; s++) draw.fillRect(left + s * cell - 1, top, 1, cell * T);
    for (let t = 1; t <= T; t++) draw.fillRect(left, top + t * cell - 1, cell * S, 1);
  }
  Object.assign(draw, { font, textBaseline: "middle", lineWidth: 1, strokeStyle: styled("--line") });
  draw.strokeRect(left - 0.5, top - 0.5, cell * S + 1, cell * T + 1);
  Object.assign(draw, { fillStyle: ink, strokeStyle: ink, textAlign: "right", lineWidth: 1.5 });
  queries.forEach((token, i) => i % every || draw.fillText(cut(token), left - 6, top + (i + 0.5) * cell));
  draw.strokeRect(left - 1, top + now * cell - 1, cell * S + 1, cell + 1);
  draw.textAlign = "left";
  draw.rotate(-Math.PI / 2); // the names of the keys read upwards
  keys.forEach((token, s) => s % every || draw.fillText(cut(token), 6 - top, left + (s + 0.5) * cell));
  return { left, top, cell };
}

// Every head of every layer, small, on one canvas. Returns where they stand.
function drawHeads(canvas, panel, layer, head) {
  const { name, L, H, T, S, weights } = panel, left = 22, above = 16, gap = 6;
  const w = Math.min(180, (canvas.clientWidth - left) / H - gap), h = Math.min(180, Math.max(12, w * T / S));
  const draw = pen(canvas, above + L * (h + gap)), hue = styled(`--${name}`);
  Object.assign(draw, { font: "11px system-ui, sans-serif", textBaseline: "middle", textAlign: "center" });
  const lines = Array.from({ length: L * H * T }, (_, t) => weights.subarray(t * S, t * S + S)), full = fullAt(lines);
  for (let l = 0; l < L; l++)
    for (let n = 0; n < H; n++) {
      const x = left + n * (w + gap), y = above + l * (h + gap);
      const all = layer === "mean" && head === "mean";
      const chosen = !all && (layer === "mean" || Number(layer) === l) && (head === "mean" || Number(head) === n);
      paint(draw, picture(weights, (l * H + n) * T * S, T, S, hue, full), x, y, w, h);
      draw.strokeStyle = styled(chosen ? "--ink" : "--line");
      draw.lineWidth = chosen ? 2 : 1;
      draw.strokeRect(x - .5, y - .5, w + 1, h + 1);
      draw.fillStyle = styled("--soft");
      if (l === 0) draw.fillText(n + 1, x + w / 2, 7);
      if (n === 0) draw.fillText(l + 1, 9, y + h / 2);
    }
  canvas.ariaLabel = `${L} layers of ${H} heads, one small heat map each`;
  return { left, above, w: w + gap, h: h + gap };
}
