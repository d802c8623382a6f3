// The translator: type, see the answer grow, look inside, change it and let the model go on from there.
// A long text is translated sentence by sentence; one of them is looked into.
const translate = {
  turn: 0, lines: [], parts: [], at: 0, ids: [], looked: null, // parts: the sentences { text, answers, nodes, shown }

  start(state) {
    this.beams = slider("beams", () => this.remember());
    this.penalty = slider("penalty", () => this.remember(), value => value.toFixed(1));
    $("go").onclick = () => this.go();
    $("stop").onclick = () => engine.stop();
    $("source").onkeydown = event => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.go();
    };
    $("edit").onkeydown = event => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      $("edit-go").click();
    };
    $("edit-go").onclick = () => this.goOn({ prefixText: $("edit").value });
    $("branch-go").onclick = () => this.goOn({ prefix: this.begun(tree.nodes[tree.held]) });
    attention.chosen = t => { this.choose(t, false); tree.follow(t - this.begun().length); };
    tree.chosen = node => node.answer !== null && this.present(node.answer);
    tree.told = node => { $("branch-go").hidden = !node || node.kind === "finished" || !$("stop").disabled; };
    arrows($("answer-tokens"));
    arrows($("answer"));
    examples("examples", text => { $("source").value = text; this.go(); });
    this.restore(state);
  },

  restore(state) {
    $("source").value = asText(state.text, data.examples[0] ?? "");
    this.beams.value = asNumber(state.beams, 1, 8, 4);
    this.penalty.value = asNumber(state.penalty, 0, 2, 1);
    const prefix = Array.isArray(state.prefix) && state.prefix.every(id => Number.isInteger(id) && id >= 0 && id < data.config.vocab_size);
    const at = Number.isInteger(state.at) && state.at >= 0 ? state.at : 0;
    if ($("source").value.trim()) this.go(prefix ? { at, prefix: state.prefix } : { at });
  },

  remember() { link.write({ view: "translate", ...this.said }); },

  get answers() { return this.parts[this.at]?.answers ?? []; },

  // Translate the whole text. at: the sentence to look into; its answer goes on from `prefix`, ids.
  go({ at = 0, prefix = [] } = {}) {
    return this.work(async told => {
      this.said = { text: $("source").value, beams: this.beams.value, penalty: this.penalty.value, ...at && { at }, ...prefix.length && { prefix } };
      this.remember();
      Object.assign(this, { lines: [], parts: [], at: 0 });
      this.clear();
      const lines = await engine.ask("parts", { text: this.said.text });
      if (!told()) return;
      this.lines = lines.map(line => line.map(text => ({ text, answers: [], nodes: [], shown: 0 })));
      this.parts = this.lines.flat().filter(({ text }) => text.trim());
      for (const [i, part] of this.parts.entries()) {
        if (this.parts.length > 1) say(`Sentence ${i + 1} of ${this.parts.length} …`);
        if (!await this.answer(part, { prefix: i === at ? prefix : [] }, told)) break;
      }
      this.at = Math.max(0, Math.min(at, this.parts.length - 1));
    });
  },

  // Translate the sentence that is looked into once more, from another beginning: as ids or as text.
  goOn(beginning) {
    const part = this.parts[this.at], before = { ...part }, typed = $("edit").value;
    return this.work(async told => {
      this.clear();
      await this.answer(part, beginning, told);
      this.said = { ...this.said, at: this.at, prefix: part.answers[0]?.prefix ?? [] };
      this.remember();
    }, async () => { // all is as it was, and what was typed can be mended
      Object.assign(part, before);
      await this.open(this.at);
      $("edit").value = typed;
    });
  },

  // Do what takes time: another turn ends it. `does` is given what tells of each step, and says whether to go on; `failed`
  // comes after an error.
  async work(does, failed) {
    engine.stop();
    const turn = ++this.turn, began = performance.now();
    let steps = 0;
    $("stop").disabled = false;
    $("answer").ariaBusy = "true"; // read out when it is whole
    try {
      await does((n = 0) => turn === this.turn && (steps += n, true));
      if (turn !== this.turn) return;
      const seconds = (performance.now() - began) / 1000, one = this.parts.length === 1 ? "" : `${many(this.parts.length, "sentence")}, `;
      if (!this.parts.length) return say("There is nothing to translate.");
      say(this.stopped ? "Stopped." : `${one}${many(steps, "step")} in ${seconds.toFixed(2)} s: ${Math.round(steps / seconds)} a second.`);
      $("stop").disabled = true;
      await this.open(this.at);
    } catch (error) {
      if (turn !== this.turn) return;
      $("stop").disabled = true;
      await failed?.();
      say(error.message, true);
    } finally {
      if (turn === this.turn) {
        $("stop").disabled = true;
        $("answer").ariaBusy = "false";
      }
    }
  },

  // Answer one sentence. Resolves to whether to go on with the next one.
  async answer(part, beginning, told) {
    const beams = this.beams.value, length_penalty = this.penalty.value;
    let last = null;
    tree.clear();
    Object.assign(part, { answers: [], nodes: [], shown: 0 });
    const found = await engine.ask("answer", { text: part.text, beams, length_penalty, ...beginning }, step => {
      if (!told(1)) return;
      last = step;
      part.answers = [{ ids: step.ids, prefix: step.prefix, text: step.text, score: null }];
      this.drawAnswer();
      if (beams > 1) tree.add(step);
    });
    if (!told()) return false;
    this.stopped = !found;
    if (!found) return false;
    part.answers = found;
    if (beams > 1) tree.end(found);
    part.nodes = tree.nodes;
    return true;
  },

  clear() {
    tree.clear();
    attention.hide();
    this.stopped = false;
    this.drawAnswer();
    $("answer-tokens").replaceChildren();
    for (const id of ["answer-options", "answer-legend", "edit-part", "nbest-part"]) $(id).hidden = true;
    say("");
  },

  // The translation as a whole; of several sentences each can be chosen.
  drawAnswer() {
    const text = part => part.answers[part.shown]?.text ?? "", hadFocus = $("answer").contains(document.activeElement);
    if (this.parts.length < 2) return void ($("answer").textContent = this.parts.map(text).join(""));
    const sentence = part => {
      const i = this.parts.indexOf(part), box = make("span", text(part), { className: "sentence", title: part.text, tabIndex: i === this.at ? 0 : -1 });
      box.setAttribute("role", "button");
      box.setAttribute("aria-current", i === this.at);
      box.onclick = () => this.open(i);
      box.onkeydown = event => { if (["Enter", " "].includes(event.key)) event.preventDefault(), this.open(i); };
      return box;
    };
    const gap = (part, line) => /[。！？｡」』）】》〉]$/u.test(text(part)) || part === line.at(-1) ? "" : " ";
    $("answer").replaceChildren(...this.lines.flatMap((line, n) => [...n ? ["\n"] : [],
      ...line.filter(part => this.parts.includes(part)).flatMap(part => [sentence(part), gap(part, line)])]));
    if (hadFocus) $("answer").querySelector("[aria-current=true]")?.focus();
  },

  // Look into sentence i.
  async open(i) {
    if (!$("stop").disabled) return; // it is still being written
    this.at = i;
    const { answers, nodes, shown } = this.parts[i];
    this.drawAnswer();
    tree.clear();
    if (nodes.length) tree.grown(nodes);
    this.listAnswers();
    if (answers.length) await this.present(shown);
  },

  listAnswers() {
    $("nbest-part").hidden = this.answers.length < 2;
    $("nbest-title").textContent = `All answers of the search${this.parts.length > 1 ? ` for sentence ${this.at + 1}` : ""}, best first`;
    $("nbest").replaceChildren(...this.answers.map(({ text, score, logprob }, i) => {
      const item = make("li"), button = make("button", "", { onclick: () => this.present(i) });
      button.append(make("span", i + 1), make("b", text, { dir: "auto" }), make("span", score.toFixed(4), { title: `ln p ${logprob.toFixed(3)}` }));
      item.append(button);
      return item;
    }));
  },

  // Show one of the answers, and look into it.
  async present(place) {
    this.parts[this.at].shown = place;
    const { ids, prefix = [] } = this.answers[place];
    for (const [i, item] of [...$("nbest").children].entries()) item.setAttribute("aria-current", i === place);
    tree.show(place);
    await this.see([...prefix, ...ids]);
  },

  async see(ids) {
    const turn = this.turn, part = this.parts[this.at], looked = await engine.ask("look", { text: part.text, ids });
    if (turn !== this.turn || part !== this.parts[this.at]) return;
    Object.assign(this, { ids, looked });
    part.answers[part.shown].text = looked.text;
    this.drawAnswer();
    $("edit").value = looked.text;
    $("edit-part").hidden = $("answer-legend").hidden = false;
    $("answer-options").hidden = true;
    this.drawTokens();
    attention.show({ panels: looked.panels });
  },

  drawTokens(now = -1) {
    const { pieces, steps } = this.looked;
    drawStrip($("answer-tokens"), pieces.map((text, t) => ({
      text, small: percent(steps[t].p), shade: doubt(steps[t].p), label: `${text}, ${percent(steps[t].p)}`, choose: () => this.choose(t, true),
      classes: t < this.begun().length ? ["given"] : [],
    })), now);
  },

  // The ids that were given: those with which the answer began, and those up to a candidate of the search.
  begun(node = null) { return [...this.answers[0]?.prefix ?? [], ...node?.ids ?? []]; },

  // What else was likely at token t.
  choose(t, clicked) {
    this.drawTokens(t);
    if (clicked && this.looked.panels.length && attention.place === "output") attention.step.output = t, attention.draw();
    if (clicked) tree.follow(t - this.begun().length);
    const list = make("ol", "", { className: "options" }), piece = this.looked.pieces[t];
    drawOptions(list, this.looked.steps[t].candidates, ({ id }) => id === this.ids[t], id => this.take(t, id));
    $("answer-options").replaceChildren(make("h3", `Likeliest tokens in the place of “${shown(piece)}”; choose one, and the model goes on from it`), list);
    $("answer-options").hidden = false;
  },

  async take(t, id) {
    const prefix = [...this.ids.slice(0, t), id];
    if (id !== data.marks.eos) return this.goOn({ prefix });
    Object.assign(this.parts[this.at], { answers: [{ ids: [id], prefix: prefix.slice(0, -1), text: "", score: null }], nodes: [], shown: 0 });
    this.clear();
    await this.see(prefix); // it ends here
  },
};
