// The attention of an output: step through its tokens and see where each head looks.
const PANELS = { cross: "Cross-attention", decoder: "Decoder self-attention", encoder: "Encoder self-attention" };

const attention = {
  panel: null, named: {}, layer: "mean", head: "mean", step: { output: 0, source: 0 }, grid: null, thumbs: null,
  chosen: () => {}, // told of the token of the output that is at work
  recoloured: () => {}, // told that another layer or head was chosen

  // panels: what was recorded, one or more of PANELS. given: how many tokens of the output the model did not write.
  // steps: the likeliest tokens at each place, if this part is to list them. at: the token that is at work first.
  show({ panels, given = 0, steps = null }, at = 0) {
    $("look").hidden = !panels.length;
    if (!panels.length) return;
    this.named = Object.fromEntries(panels.map(panel => [panel.name, panel]));
    Object.assign(this, { given, steps, step: { output: at, source: 0 } });
    const { cross, encoder, decoder } = this.named;
    this.source = (encoder ?? cross)?.keys ?? [];
    // What was read begins one token before what is written, so the strip of the output shows the first token read as well.
    this.output = decoder ? [...decoder.keys, decoder.queries.at(-1)] : cross?.queries ?? [];
    this.first = decoder ? 1 + decoder.S - decoder.T : 0; // of those in the strip, the first that can be at work
    const names = Object.keys(PANELS).filter(name => this.named[name]);
    $("panels").replaceChildren(...names.map(name => make("button", this.label(name), { value: name, onclick: () => this.open(name) })));
    $("panels").hidden = names.length < 2;
    for (const [id, strip] of [["look-source-part", this.source], ["look-output-part", this.output]]) $(id).hidden = !strip.length;
    $("look-output-title").textContent = given ? "Given and written" : "Output";
    this.open(this.named[this.panel?.name] ? this.panel.name : names[0]);
  },

  hide() { $("look").hidden = true; },

  label(name) { return this.named.cross || name !== "decoder" ? PANELS[name] : "Self-attention"; },

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
    $("map-hidden").hidden = name !== "decoder";
    this.draw();
    this.thumbs = drawHeads($("heads"), this.panel, this.layer, this.head);
  },

  choose(one) {
    Object.assign(this, one);
    this.open(this.panel.name);
    this.recoloured();
  },

  // Once more, in another size or other colours.
  redraw() {
    if (this.panel && !$("look").hidden) this.open(this.panel.name);
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
    this.drawSteps();
    this.drawMap();
  },

  drawMap() {
    const { name, queries, keys } = this.panel, rows = this.rows(name), full = fullAt(rows);
    this.grid = drawMap($("map"), this.panel, rows, this.step[this.place], full);
    $("map-title").textContent = `${this.label(name)}, ${this.which}`;
    $("map").ariaLabel = `Heat map of ${queries.length} by ${keys.length} tokens, ${this.which}`;
    $("scale-top").textContent = full < 1 ? `${percent(full)} and more` : "100%";
  },

  // The layer and head that are chosen, in words.
  get which() {
    const { layer, head } = this, of = (name, i) => `${name} ${Number(i) + 1}`;
    if (layer === "mean") return head === "mean" ? "mean of all layers and heads" : `${of("head", head)}, mean of all layers`;
    return of("layer", layer) + (head === "mean" ? ", mean of its heads" : `, ${of("head", head)}`);
  },

  drawStrips() {
    const { cross, decoder, encoder } = this.named, self = this.place === "source", t = this.step[this.place];
    const source = self ? this.rows("encoder")[t] : cross ? this.rows("cross")[t] : [];
    const before = !self && decoder ? this.rows("decoder")[t] : [], now = t + this.first;
    const fulls = { source: self ? fullAt(this.rows("encoder")) : cross && fullAt(this.rows("cross")), output: decoder && fullAt(this.rows("decoder")) };
    const token = (strip, text, weight, choose) => ({
      text, shade: weight > 0 ? shade(weight / fulls[strip]) : 0, small: weight >= 0.005 ? Math.round(100 * weight) : "",
      title: weight === undefined ? "" : `${text}: ${percent(weight)}`, choose,
      label: text + (weight >= 0.005 ? `, ${percent(weight)}` : ""),
    });
    $("look-source").style.setProperty("--hue", `var(--${self ? "encoder" : "cross"})`);
    drawStrip($("look-source"), this.source.map((text, i) => token("source", text, source[i], self && (() => this.go(i)))), self ? t : -1);
    $("look-output").style.setProperty("--hue", "var(--decoder)");
    drawStrip($("look-output"), this.output.map((text, i) => ({
      ...token("output", text, i < now ? before[i] : undefined, !self && i >= this.first && (() => this.go(i - this.first))),
      classes: [...!self && i > now ? ["later"] : [], ...i < this.given ? ["given"] : []],
    })), self ? -1 : now);
    this.drawColours(self);
  },

  // What the colours of the strips mean.
  drawColours(self) {
    const { cross, decoder } = this.named, kinds = self ? [["encoder", "looked at within the source"]]
      : [cross && ["cross", "looked at in the source"], decoder && ["decoder", "looked at in what stands before"]].filter(Boolean);
    $("look-colours").replaceChildren(...kinds.concat(this.given ? [["given", "given, not written"]] : []).map(([name, meaning]) => {
      const entry = make("span");
      entry.append(make("i", "", { className: name }), meaning);
      return entry;
    }));
  },

  drawSummary() {
    const { name, queries, keys } = this.panel, t = this.step[this.place], row = this.rows(name)[t];
    const top = [...row].map((weight, s) => [weight, s]).filter(([weight]) => weight > 0).sort((a, b) => b[0] - a[0]).slice(0, 3);
    $("look-summary").textContent = `${this.place === "source" ? "Reading" : "Writing"} “${shown(queries[t])}”, it looks most at `
      + (top.map(([weight, s]) => `“${shown(keys[s])}” (${percent(weight)})`).join(", ") || "nothing") + ".";
    $("look-count").textContent = `${t + 1} of ${queries.length}`;
    Object.assign($("look-at"), { max: queries.length - 1, value: t, ariaValueText: `${t + 1}: ${queries[t]}` });
    $("look-back").disabled = t === 0;
    $("look-next").disabled = t === queries.length - 1;
  },

  drawSteps() {
    const candidates = this.place === "output" && this.steps?.[this.step.output];
    $("look-options-part").hidden = !candidates;
    if (candidates) drawOptions($("look-options"), candidates, ({ piece }) => piece === this.panel.queries[this.step.output]);
  },

  start() {
    for (const id of ["layer", "head"]) $(id).onchange = () => this.choose({ [id]: $(id).value });
    $("look-back").onclick = () => this.go(this.step[this.place] - 1);
    $("look-next").onclick = () => this.go(this.step[this.place] + 1);
    $("look-at").oninput = () => this.go($("look-at").valueAsNumber);
    for (const id of ["look-source", "look-output"]) arrows($(id), button => button.click());
    $("map").onpointermove = $("map").onclick = event => {
      const { queries, keys, name } = this.panel, { left, top, cell } = this.grid;
      const s = Math.floor((event.offsetX - left) / cell), t = Math.floor((event.offsetY - top) / cell);
      const weight = this.rows(name)[t]?.[s];
      if (weight === undefined) return;
      $("readout").textContent = `“${shown(queries[t])}” ${weight ? "looks at" : "does not see"} “${shown(keys[s])}”${weight ? `: ${weight.toFixed(3)}` : ""}`;
      if (event.type === "click") this.go(t);
    };
    $("heads").onclick = event => {
      const { left, above, w, h } = this.thumbs;
      const head = Math.floor((event.offsetX - left) / w), layer = Math.floor((event.offsetY - above) / h);
      if (head < 0 || head >= this.panel.H || layer < 0 || layer >= this.panel.L) return;
      this.choose({ layer: String(layer), head: String(head) });
    };
    addEventListener("resize", eased(() => this.redraw()));
    for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", () => this.redraw());
  },
};
