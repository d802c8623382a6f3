// The translator: type, see the answer grow, look inside, change it and let the model go on from there.
const translate = {
  turn: 0, answers: [], ids: [], looked: null, sentence: "",

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
    $("edit-go").onclick = () => this.go({ prefixText: $("edit").value });
    attention.chosen = t => this.choose(t, false);
    tree.chosen = node => node.kind === "finished" && node.answer !== null && this.present(node.answer);
    arrows($("answer-tokens"));
    $("examples").hidden = !data.examples.length;
    $("examples").append(...data.examples.slice(0, 6).map(text =>
      make("button", text, { dir: "auto", onclick: () => { $("source").value = text; this.go(); } })));
    this.restore(state);
  },

  restore(state) {
    $("source").value = asText(state.text, data.examples[0] ?? "");
    this.beams.value = asNumber(state.beams, 1, 8, 4);
    this.penalty.value = asNumber(state.penalty, 0, 2, 1);
    const prefix = Array.isArray(state.prefix) && state.prefix.every(id => Number.isInteger(id) && id >= 0 && id < data.config.vocab_size);
    if ($("source").value.trim()) this.go(prefix ? { prefix: state.prefix } : {});
  },

  remember() { link.write({ view: "translate", ...this.said }); },

  // Translate; with a beginning, as ids or as text, the answer goes on from it.
  async go({ prefix = [], prefixText } = {}) {
    engine.stop();
    const turn = ++this.turn, text = $("source").value, began = performance.now();
    const beams = this.beams.value, length_penalty = this.penalty.value;
    this.said = { text, beams, penalty: length_penalty, ...prefix.length && { prefix } };
    this.remember();
    this.clear();
    $("stop").disabled = false;
    let last = null;
    try {
      const found = await engine.ask("answer", { text, beams, length_penalty, prefix, prefixText }, step => {
        if (turn !== this.turn) return;
        last = step;
        $("answer").textContent = step.text;
        if (beams > 1) tree.add(step);
      });
      if (turn !== this.turn) return;
      const seconds = (performance.now() - began) / 1000;
      this.sentence = text;
      this.answers = found ?? (last ? [{ ids: last.ids, prefix: last.prefix, text: last.text, score: null }] : []);
      if (found && beams > 1) tree.end(found);
      if (!this.answers.length) return say(found ? "There is nothing to translate." : "Stopped.");
      say(found ? `${many(last.n, "step")} in ${seconds.toFixed(2)} s: ${Math.round(last.n / seconds)} a second.` : "Stopped.");
      this.listAnswers();
      await this.present(0);
    } catch (error) {
      if (turn === this.turn) say(error.message, true);
    } finally {
      if (turn === this.turn) $("stop").disabled = true;
    }
  },

  clear() {
    tree.clear();
    attention.hide();
    $("answer").textContent = "";
    $("answer-tokens").replaceChildren();
    for (const id of ["answer-options", "answer-legend", "edit-part", "nbest-part"]) $(id).hidden = true;
    say("");
  },

  listAnswers() {
    $("nbest-part").hidden = this.answers.length < 2;
    $("nbest").replaceChildren(...this.answers.map(({ text, score, logprob }, i) => {
      const item = make("li"), button = make("button", "", { onclick: () => this.present(i) });
      button.append(make("span", i + 1), make("b", text, { dir: "auto" }), make("span", score.toFixed(4), { title: `ln p ${logprob.toFixed(3)}` }));
      item.append(button);
      return item;
    }));
  },

  // Show one of the answers, and look into it.
  async present(place) {
    const { ids, prefix = [] } = this.answers[place];
    for (const [i, item] of [...$("nbest").children].entries()) item.setAttribute("aria-current", i === place);
    await this.see([...prefix, ...ids]);
  },

  async see(ids) {
    const turn = this.turn, looked = await engine.ask("look", { text: this.sentence, ids });
    if (turn !== this.turn) return;
    Object.assign(this, { ids, looked });
    $("answer").textContent = $("edit").value = looked.text;
    $("edit-part").hidden = $("answer-legend").hidden = false;
    $("answer-options").hidden = true;
    this.drawTokens();
    attention.show(looked);
  },

  drawTokens(now = -1) {
    const { pieces, steps } = this.looked;
    drawStrip($("answer-tokens"), pieces.map((text, t) => ({
      text, small: percent(steps[t].p), shade: doubt(steps[t].p), label: `${text}, ${percent(steps[t].p)}`, choose: () => this.choose(t, true),
    })), now);
  },

  // What else was likely at token t.
  choose(t, clicked) {
    this.drawTokens(t);
    if (clicked && this.looked.panels.length && attention.place === "output") attention.step.output = t, attention.draw();
    const list = make("ol", "", { className: "options" }), piece = this.looked.pieces[t];
    drawOptions(list, this.looked.steps[t].candidates.map(({ drawn, ...one }) => one), this.ids[t], id => this.take(t, id));
    $("answer-options").replaceChildren(make("h3", `Likeliest tokens in the place of “${shown(piece)}”; choose one, and the model goes on from it`), list);
    $("answer-options").hidden = false;
  },

  async take(t, id) {
    const ids = [...this.ids.slice(0, t), id];
    if (id !== data.marks.eos) return this.go({ prefix: ids });
    this.clear();
    await this.see(ids); // it ends here
  },
};
