// The language model: it writes on, and every token can be changed for another that was likely, too.
const write = {
  tokens: [], given: 0, chosen: null, turn: 0, before: [], from: null, // before: what undo goes back to

  start(state) {
    this.most = slider("most");
    this.sampling = samplingControls($("write-sampling"), () => { this.remember(); this.lookAgain(); });
    this.lookAgain = eased(() => this.ahead());
    $("write-go").onclick = () => this.begin();
    $("write-stop").onclick = () => engine.stop();
    $("write-more").onclick = () => { this.keep(); this.go(); };
    $("write-undo").onclick = () => this.undo();
    $("write-colour").onchange = attention.recoloured = () => this.draw();
    attention.chosen = row => this.choose(this.from + row + 1);
    const at = event => Number(event.target.closest("[data-at]")?.dataset.at);
    arrows($("written"), box => this.choose(Number(box.dataset.at)));
    $("written").onclick = event => at(event) >= 0 && this.choose(at(event), true);
    $("written").onkeydown = event => {
      if (!["Enter", " "].includes(event.key) || !(at(event) >= 0)) return;
      event.preventDefault();
      this.choose(at(event), true);
    };
    examples("write-examples", text => { $("prompt").value = text; this.begin(); });
    $("prompt").onkeydown = event => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.begin(); };
    this.restore(state);
  },

  async restore(state) {
    this.interrupt();
    $("prompt").value = asText(state.text, data.examples[0] ?? "");
    this.sampling.restore(state.sampling);
    const ids = Array.isArray(state.ids) ? state.ids.filter(id => Number.isInteger(id) && id >= 0 && id < data.config.vocab_size) : [];
    if (state.text === undefined && data.examples.length) return this.begin(); // opened for the first time
    const turn = this.turn;
    try {
      await this.prompt();
      if (ids.length) await engine.ask("read", { ids: [...this.ids, ...ids], from: this.given }, token => turn === this.turn && this.tokens.push(token));
      if (turn !== this.turn) return;
      this.draw();
      this.ahead();
      this.look();
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
    const { tokens, left } = await engine.ask("prompt", { text: $("prompt").value });
    Object.assign(this, { tokens, given: tokens.length, chosen: null });
    $("prompt-left").textContent = left ? `The model reads the last ${many(tokens.length, "token")} of this; ${many(left, "token")} before them do not fit its context.` : "";
    this.unlook();
    this.draw();
  },

  // End what is being written.
  interrupt() {
    engine.stop();
    this.turn++;
    this.busy = false;
  },

  async begin() {
    this.interrupt();
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
    this.interrupt();
    Object.assign(this, this.before.pop(), { chosen: null });
    this.unlook();
    this.draw();
    this.ahead();
    this.look();
    this.remember();
  },

  async go() {
    engine.stop();
    const turn = ++this.turn, began = performance.now();
    let n = 0;
    this.chosen = null;
    this.busy = true;
    this.unlook();
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
        this.look();
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
      $("ahead-title").textContent = t === null ? "What comes next" : `In the place of “${shown(this.tokens[t].piece)}”`;
      drawOptions($("ahead"), found.candidates, ({ id }) => t !== null && id === ids[t], id => this.take(at, id));
      const drawn = this.sampling.settings().temperature > 0;
      $("ahead-left").textContent = "Choose a token, and the model goes on from it. "
        + (drawn ? `Pale: the model's probability. Strong: after the settings, which leave ${many(found.left, "token")}.`
          : "Temperature 0: always the first of these.");
    } catch (error) {
      say(error.message, true);
    }
  },

  // Where every head looked, over the whole text.
  async look() {
    const turn = this.turn, ids = this.ids;
    try {
      const found = await engine.ask("look", { ids });
      if (turn !== this.turn || this.busy || !found || ids.length < 2) return;
      const { panels, from } = found;
      this.from = from + panels[0].S - panels[0].T; // of the first token that looks
      attention.show({ panels, given: Math.max(0, this.given - from) }, this.row ?? panels[0].T - 1);
      this.draw();
    } catch (error) {
      say(error.message, true);
    }
  },

  unlook() {
    this.from = null;
    attention.hide();
  },

  // The row of the attention that wrote the chosen token, or writes the next one; null where it is not known.
  get row() {
    const row = (this.chosen ?? this.tokens.length) - 1 - this.from;
    return this.from !== null && row >= 0 && row < (attention.panel?.T ?? 0) ? row : null;
  },

  // Choose a token; once more, and none is chosen.
  choose(t, again = false) {
    if (this.busy || t === 0 || t > this.tokens.length) return;
    this.chosen = t === this.tokens.length || again && this.chosen === t ? null : t;
    if (this.row !== null && attention.step.output !== this.row) {
      attention.step.output = this.row;
      attention.draw();
    }
    this.draw();
    this.ahead();
  },

  async take(at, id) {
    this.interrupt();
    this.keep();
    const ids = [...this.ids.slice(0, at), id];
    this.tokens.length = at;
    this.given = Math.min(this.given, at);
    await engine.ask("read", { ids, from: at }, token => this.tokens.push(token));
    if (id !== data.end) return this.go();
    this.chosen = null; // it ends here
    this.draw();
    this.remember();
    this.look();
  },

  // How strongly each token is coloured: how unsure the model was of it, or how much is looked at it.
  shades() {
    if (!$("write-colour").checked || this.row === null) return this.tokens.map(({ p }) => p === undefined ? 0 : doubt(p));
    const row = attention.rows("decoder")[this.row], first = this.from + attention.panel.T - attention.panel.S;
    return this.tokens.map((_, i) => shade(row[i - first] ?? 0));
  },

  draw() {
    const looks = $("write-colour").checked && this.row !== null, shades = this.shades(), hadFocus = $("written").contains(document.activeElement);
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
    $("written-legend").hidden = $("written-hint").hidden = this.tokens.length < 2;
    $("written-legend").classList.toggle("looks", looks);
    $("write-stop").disabled = !this.busy;
    $("write-more").disabled = this.busy || !this.tokens.length || this.tokens.at(-1).ended === true;
    $("write-undo").disabled = !this.before.length;
  },
};
