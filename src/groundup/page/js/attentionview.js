// The attention of an answer: step through its tokens and see where each head looks.
const PANELS = { cross: "Cross-attention", decoder: "Decoder self-attention", encoder: "Encoder self-attention" };

const attention = {
  panel: null, named: {}, layer: "mean", head: "mean", step: { output: 0, source: 0 }, grid: null, thumbs: null,
  chosen: () => {}, // told of the token of the answer that is at work

  // looked: what the engine's `look` gives.
  show({ panels }) {
    $("look").hidden = !panels.length;
    if (!panels.length) return;
    this.named = Object.fromEntries(panels.map(panel => [panel.name, panel]));
    this.step = { output: 0, source: 0 };
    $("panels").replaceChildren(...panels.map(({ name }) =>
      make("button", PANELS[name], { value: name, onclick: () => this.open(name) })));
    this.open(this.panel?.name ?? "cross");
  },

  hide() { $("look").hidden = true; },

  open(name) {
    this.panel = this.named[name];
    for (const [id, size] of [["layer", this.panel.L], ["head", this.panel.H]]) {
      if (this[id] >= size) this[id] = "mean"; // this panel has fewer
      $(id).replaceChildren(new Option(`mean of ${size}`, "mean"), ...Array.from({ length: size }, (_, i) => new Option(i + 1, i)));
      $(id).value = this[id];
    }
    $("look-columns").classList.toggle("long", this.panel.keys.length > 40);
    $("look").style.setProperty("--hue", `var(--${name})`);
    for (const tab of $("panels").children) tab.ariaPressed = String(tab.value === name);
    this.draw();
  },

  get place() { return this.panel === this.named.encoder ? "source" : "output"; },

  // The weights of a panel in the layer and head that are chosen, or in its mean where it has fewer.
  rows(name) {
    const panel = this.named[name];
    return matrix(panel, this.layer < panel.L ? this.layer : "mean", this.head < panel.H ? this.head : "mean");
  },

  go(step) {
    this.step[this.place] = Math.max(0, Math.min(this.panel.queries.length - 1, step));
    this.draw();
    if (this.place === "output") this.chosen(this.step.output);
  },

  draw() {
    this.drawStrips();
    this.drawSummary();
    this.redraw();
  },

  redraw() {
    if ($("look").hidden) return;
    const t = this.step[this.place], { name, queries, keys } = this.panel;
    this.grid = drawMap($("map"), this.panel, this.rows(name), t);
    $("map-title").textContent = `${PANELS[name]}: rows look at columns`;
    $("map").ariaLabel = `Heat map of ${queries.length} by ${keys.length} tokens`;
    this.thumbs = drawHeads($("heads"), this.panel, this.layer, this.head);
  },

  drawStrips() {
    const { cross, decoder, encoder } = this.named, self = this.place === "source", t = this.step[this.place];
    const looked = self ? this.rows("encoder")[t] : this.rows("cross")[t];
    const token = (text, weight, choose) => ({
      text, shade: shade(weight ?? 0), small: weight >= 0.005 ? Math.round(100 * weight) : "",
      title: weight === undefined ? "" : `${text}: ${percent(weight)}`, choose,
      label: text + (weight >= 0.005 ? `, ${percent(weight)}` : ""),
    });
    $("look-source").style.setProperty("--hue", `var(--${self ? "encoder" : "cross"})`);
    drawStrip($("look-source"), encoder.keys.map((text, i) => token(text, looked[i], self && (() => this.go(i)))), self ? t : -1);
    // What was read begins one token before what is written, so this strip shows the first token read as well.
    const before = self ? [] : this.rows("decoder")[t].slice(0, t + 1);
    $("look-output").style.setProperty("--hue", "var(--decoder)");
    drawStrip($("look-output"), [decoder.keys[0], ...cross.queries].map((text, i) => ({
      ...token(text, before[i], !self && i > 0 && (() => this.go(i - 1))), classes: !self && i > t + 1 ? ["later"] : [],
    })), self ? -1 : t + 1);
  },

  drawSummary() {
    const { name, queries, keys } = this.panel, t = this.step[this.place], row = this.rows(name)[t];
    const top = [...row].map((weight, s) => [weight, s]).filter(([weight]) => weight > 0).sort((a, b) => b[0] - a[0]).slice(0, 3);
    $("look-summary").textContent = `${this.place === "source" ? "Reading" : "Writing"} “${shown(queries[t])}”, it looks most at `
      + top.map(([weight, s]) => `“${shown(keys[s])}” (${percent(weight)})`).join(", ") + ".";
    $("look-count").textContent = `${t + 1} of ${queries.length}`;
    Object.assign($("look-at"), { max: queries.length - 1, value: t, ariaValueText: `${t + 1}: ${queries[t]}` });
    $("look-back").disabled = t === 0;
    $("look-next").disabled = t === queries.length - 1;
  },

  start() {
    for (const id of ["layer", "head"]) $(id).onchange = () => { this[id] = $(id).value; this.draw(); };
    $("look-back").onclick = () => this.go(this.step[this.place] - 1);
    $("look-next").onclick = () => this.go(this.step[this.place] + 1);
    $("look-at").oninput = () => this.go($("look-at").valueAsNumber);
    for (const id of ["look-source", "look-output"]) arrows($(id), button => button.click());
    $("map").onpointermove = $("map").onclick = event => {
      const { queries, keys, name } = this.panel, { left, top, cell } = this.grid;
      const s = Math.floor((event.offsetX - left) / cell), t = Math.floor((event.offsetY - top) / cell);
      const weight = this.rows(name)[t]?.[s];
      if (weight === undefined) return;
      $("readout").textContent = `“${shown(queries[t])}” looks at “${shown(keys[s])}”: ${weight.toFixed(3)}`;
      if (event.type === "click") this.go(t);
    };
    $("heads").onclick = event => {
      const { left, above, w, h } = this.thumbs;
      const head = Math.floor((event.offsetX - left) / w), layer = Math.floor((event.offsetY - above) / h);
      if (head < 0 || head >= this.panel.H || layer < 0 || layer >= this.panel.L) return;
      Object.assign(this, { layer: String(layer), head: String(head) });
      this.open(this.panel.name);
    };
    const redraw = eased(() => this.panel && this.redraw());
    addEventListener("resize", redraw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  },
};
