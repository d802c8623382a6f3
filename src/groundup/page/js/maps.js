// Attention on canvas: one map large, and all of them small. Weights are a panel's (L, H, T, S).

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

// A heat map: rows look at columns; row `now` is framed. Returns where its cells stand, for the pointer.
function drawMap(canvas, panel, rows, now) {
  const { name, queries, keys } = panel, font = "12px system-ui, sans-serif", measure = canvas.getContext("2d");
  const cut = token => shown(token).length > 12 ? shown(token).slice(0, 11) + "…" : shown(token);
  measure.font = font;
  const space = tokens => Math.ceil(Math.max(...tokens.map(token => measure.measureText(cut(token)).width))) + 10;
  const left = space(queries), top = space(keys), wide = (canvas.clientWidth - left - 2) / keys.length;
  const cell = Math.min(wide, Math.max(20, Math.min(48, 560 / queries.length))); // neither too wide nor too tall
  const draw = pen(canvas, top + cell * queries.length + 2), hue = styled(`--${name}`), ink = styled("--ink");
  const every = Math.ceil(13 / cell), gap = cell > 8 ? 1 : 0;
  Object.assign(draw, { font, textBaseline: "middle", lineWidth: 1.5 });
  rows.forEach((row, i) => row.forEach((weight, s) => {
    draw.fillStyle = `rgb(${hue} / ${0.04 + 0.96 * shade(weight)})`;
    draw.fillRect(left + s * cell, top + i * cell, cell - gap, cell - gap);
  }));
  Object.assign(draw, { fillStyle: ink, strokeStyle: ink, textAlign: "right" });
  queries.forEach((token, i) => i % every || draw.fillText(cut(token), left - 6, top + (i + 0.5) * cell));
  draw.strokeRect(left - 1, top + now * cell - 1, cell * keys.length + 1, cell + 1);
  draw.textAlign = "left";
  draw.rotate(-Math.PI / 2); // the names of the keys read upwards
  keys.forEach((token, s) => s % every || draw.fillText(cut(token), 6 - top, left + (s + 0.5) * cell));
  return { left, top, cell };
}

// Every head of every layer, small, on one canvas. Returns where they stand.
function drawHeads(canvas, panel, layer, head) {
  const { name, L, H, T, S, weights } = panel, left = 22, above = 16, gap = 6;
  const w = Math.min(180, (canvas.clientWidth - left) / H - gap), h = Math.min(180, Math.max(12, w * T / S));
  const draw = pen(canvas, above + L * (h + gap)), hue = styled(`--${name}`), ratio = devicePixelRatio || 1;
  // Where cells are smaller than pixels every n-th one stands for its neighbours.
  const skip = (n, size) => Math.max(1, Math.ceil(n / (size * ratio))), down = skip(T, h), across = skip(S, w);
  const dx = w / Math.ceil(S / across), dy = h / Math.ceil(T / down);
  Object.assign(draw, { font: "11px system-ui, sans-serif", textBaseline: "middle", textAlign: "center" });
  for (let l = 0; l < L; l++)
    for (let n = 0; n < H; n++) {
      const x = left + n * (w + gap), y = above + l * (h + gap);
      const chosen = (layer === "mean" || Number(layer) === l) && (head === "mean" || Number(head) === n);
      draw.fillStyle = `rgb(${hue} / .04)`;
      draw.fillRect(x, y, w, h);
      for (let t = 0; t < T; t += down)
        for (let s = 0, at = ((l * H + n) * T + t) * S; s < S; s += across) {
          if (weights[at + s] < 0.004) continue;
          draw.fillStyle = `rgb(${hue} / ${shade(weights[at + s])})`;
          draw.fillRect(x + s / across * dx, y + t / down * dy, dx, dy);
        }
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
