// The language model: it writes on, and every token can be changed for another that was likely, too.
const write = {
  tokens: [], given: 0, chosen: null, turn: 0, before: [], looked: null, // before: what undo goes back to

  start(state) {
    this.most = slider("most");
    this.sampling = samplingControls($("write-sampling"), () => { this.remember(); this.lookAgain(); });
    this.lookAgain = eased(() => this.ahead());
    $("write-go").onclick = () => this.begin();
    $("write-stop").onclick = () => engine.stop();
    $("write-more").onclick = () => { this.keep(); this.go(); };
    $("write-undo").onclick = () => this.undo();
    $("write-colour").onchange = $("write-layer").onchange = $("write-head").onchange = () => this.draw();
    const { layers, heads } = data.config;
    for (const [id, size] of [["write-layer", layers], ["write-head", heads]])
      $(id).append(new Option(`mean of ${size}`, "mean"), ...Array.from({ length: size }, (_, i) => new Option(i + 1, i)));
    arrows($("written"), box => this.choose(Number(box.dataset.at)));
    $("written").onclick = event => { const box = event.target.closest("[data-at]"); if (box) this.choose(Number(box.dataset.at)); };
    $("prompt").onkeydown = event => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.begin(); };
    this.restore(state);
  },

  async restore(state) {
    $("prompt").value = asText(state.text, data.examples[0] ?? "");
    this.sampling.restore(state.sampling);
    const ids = Array.isArray(state.ids) ? state.ids.filter(id => Number.isInteger(id) && id >= 0 && id < data.config.vocab_size) : [];
    try {
      await this.prompt();
      if (!ids.length) return;
      await engine.ask("read", { ids: [...this.ids, ...ids], from: this.given }, token => this.tokens.push(token));
      this.draw();
      this.ahead();
    } catch (error) {
      say(error.message, true);
    }
  },

  remember() {
    link.write({ view: "write", text: $("prompt").value, ids: this.ids.slice(this.given, this.given + 1000), sampling: this.sampling.read() });
  },

  get ids() { return this.tokens.map(({ id }) => id); },

  // Read the prompt; nothing is written yet.
  async prompt() {
    this.tokens = await engine.ask("prompt", { text: $("prompt").value });
    Object.assign(this, { given: this.tokens.length, chosen: null });
    this.draw();
    await this.ahead();
  },

  async begin() {
    engine.stop();
    this.keep();
    try {
      await this.prompt();
      await this.go();
    } catch (error) {
      say(error.message, true);
    }
  },

  keep() {
    if (this.tokens.length) this.before.push({ tokens: [...this.tokens], given: this.given });
    if (this.before.length > 100) this.before.shift();
  },

  undo() {
    engine.stop();
    this.turn++;
    Object.assign(this, this.before.pop(), { chosen: null });
    this.draw();
    this.ahead();
    this.remember();
  },

  async go() {
    engine.stop();
    const turn = ++this.turn, began = performance.now();
    let n = 0;
    this.chosen = null;
    this.busy = true;
    say("");
    this.draw();
    try {
      await engine.ask("write", { ids: this.ids, max: this.most.value, settings: this.sampling.settings() }, token => {
        if (turn !== this.turn) return;
        if (token.read) return say(`It has read ${token.read} of ${many(token.of, "token")}.`);
        if (!n++) say("");
        this.tokens.push(token);
        this.later();
      });
      if (turn === this.turn) say(`${many(n, "token")} in ${((performance.now() - began) / 1000).toFixed(2)} s: ${Math.round(n / (performance.now() - began) * 1000)} a second.`);
    } catch (error) {
      if (turn === this.turn) say(error.message, true);
    } finally {
      if (turn === this.turn) {
        this.busy = false;
        this.draw();
        this.remember();
        this.ahead();
      }
    }
  },

  later: eased(() => write.draw()),

  // Ask what comes at the chosen token, or after the last: one question at a time, and the last one of all.
  async ahead() {
    this.wanted = true;
    if (this.asking) return;
    this.asking = true;
    while (this.wanted) {
      this.wanted = false;
      await this.askAhead();
    }
    this.asking = false;
  },

  async askAhead() {
    if (!this.tokens.length || this.busy) return;
    const t = this.chosen, turn = this.turn, ids = this.ids, at = t ?? ids.length;
    if (at === 0) return;
    try {
      const found = await engine.ask("ahead", { ids: ids.slice(0, at), settings: this.sampling.settings() });
      if (turn !== this.turn || t !== this.chosen) return;
      this.looked = found;
      $("ahead-title").textContent = t === null ? "What comes next; choose a token, and the model goes on from it"
        : `In the place of “${shown(this.tokens[t].piece)}”; choose a token, and the model goes on from it`;
      drawOptions($("ahead"), found.candidates, t === null ? null : ids[t], id => this.take(at, id));
      const drawn = this.sampling.settings().temperature > 0;
      $("ahead-left").textContent = drawn ? `Pale: the model's probability. Strong: after the settings, which leave ${many(found.left, "token")}.`
        : "Temperature 0: always the first of these.";
      $("write-looks").hidden = false;
      this.draw();
    } catch (error) {
      say(error.message, true);
    }
  },

  choose(t) {
    if (this.busy || t === 0) return;
    this.chosen = this.chosen === t ? null : t;
    this.draw();
    this.ahead();
  },

  async take(at, id) {
    this.keep();
    this.turn++;
    const ids = [...this.ids.slice(0, at), id];
    this.tokens.length = at;
    this.given = Math.min(this.given, at);
    await engine.ask("read", { ids, from: at }, token => this.tokens.push(token));
    await (id === data.end ? (this.chosen = null, this.draw(), this.remember()) : this.go());
  },

  // How strongly each token is coloured: how unsure the model was of it, or how much is looked at it.
  shades() {
    if (!$("write-colour").checked || !this.looked) return this.tokens.map(({ p }) => p === undefined ? 0 : doubt(p));
    const { maps, from } = this.looked, [layer, head] = [$("write-layer").value, $("write-head").value];
    const row = matrix({ ...maps }, layer, head)[0];
    return this.tokens.map((_, i) => shade(row[i - from] ?? 0));
  },

  draw() {
    const looks = $("write-colour").checked, shades = this.shades(), hadFocus = $("written").contains(document.activeElement);
    $("written").style.setProperty("--hue", looks ? "var(--cross)" : "var(--decoder)");
    $("written").replaceChildren(...this.tokens.map(({ text, piece, p, ended }, i) => {
      const box = make("span", ended ? " ∎" : text, { className: "piece", tabIndex: i === (this.chosen ?? 0) ? 0 : -1 });
      box.dataset.at = i;
      box.setAttribute("role", "button");
      box.setAttribute("aria-label", p === undefined ? piece : `${piece}, ${percent(p)}`);
      box.title = p === undefined ? `${piece}: given` : `${piece}: ${percent(p)}`;
      box.style.setProperty("--shade", shades[i]);
      box.classList.toggle("given", i < this.given);
      box.classList.toggle("strong", shades[i] > 0.7);
      box.classList.toggle("now", i === this.chosen);
      return box;
    }));
    if (hadFocus) $("written").children[this.chosen ?? 0]?.focus();
    $("written-legend").hidden = looks || this.tokens.length <= this.given;
    $("write-stop").disabled = !this.busy;
    $("write-more").disabled = this.busy || !this.tokens.length || this.tokens.at(-1).ended === true;
    $("write-undo").disabled = !this.before.length;
  },
};
