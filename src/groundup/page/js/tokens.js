// How a text is cut into tokens: colours, ids, bytes, and the merges step by step.
const tokens = {
  found: null, chosen: 0, states: null,

  start(state) {
    this.later = eased(() => this.cut());
    $("cut").oninput = $("side").onchange = () => this.later();
    $("cut-side").hidden = data.tokenizers.length < 2;
    arrows($("cut-tokens"), button => button.click());
    $("merge").oninput = () => this.drawMerge();
    for (const [id, by] of [["merge-back", -1], ["merge-next", 1]])
      $(id).onclick = () => { $("merge").value = $("merge").valueAsNumber + by; this.drawMerge(); };
    this.restore(state);
  },

  restore(state) {
    $("cut").value = asText(state.text, data.examples[0] ?? "How are tokens made?");
    this.cut(false);
  },

  async cut(remember = true) {
    const text = $("cut").value, side = $("side").value;
    if (remember) link.write({ view: "tokens", text });
    try {
      const found = await engine.ask("tokens", { text, side });
      if (text !== $("cut").value) return;
      this.found = found;
      say("");
      const { ids, count, size } = found, cut = count > ids.length ? ` The first ${ids.length.toLocaleString("en")} are shown.` : "";
      $("cut-count").textContent = count ? `${many(count, "token")}, ${many(size, "byte")}: ${(size / count).toFixed(2)} bytes a token.${cut}` : "";
      this.choose(0);
    } catch (error) {
      say(error.message, true);
    }
  },

  draw() {
    const { ids, pieces, bytes } = this.found;
    drawStrip($("cut-tokens"), ids.map((id, i) => ({
      text: pieces[i], small: id, classes: ["tinted", `c${i % 5}`], title: `id ${id}, bytes ${bytes[i]}`,
      label: `${pieces[i]}, id ${id}`, choose: () => this.choose(i),
    })), this.chosen);
  },

  choose(i) {
    const { ids, pieces, bytes } = this.found;
    this.chosen = i;
    this.draw();
    $("cut-one").hidden = !ids.length;
    if (!ids.length) return;
    $("cut-title").textContent = `“${pieces[i]}” is token ${ids[i]}`;
    $("cut-bytes").textContent = `Its bytes, in hexadecimal: ${bytes[i]}`;
    this.states = this.chunk(i);
    $("merges-part").hidden = !this.states;
    if (!this.states) return;
    $("merge").max = this.states.length - 1;
    $("merge").value = 0;
    this.drawMerge();
  },

  // The merges of the chunk that token i is of; null where there are none to show.
  chunk(i) {
    const { steps, ids } = this.found;
    if (!steps || steps.reduce((sum, states) => sum + states.at(-1).length, 0) !== ids.length) return null;
    for (const states of steps) {
      if (i < states.at(-1).length) return states;
      i -= states.at(-1).length;
    }
    return null;
  },

  drawMerge() {
    const at = $("merge").valueAsNumber, state = this.states[at], next = this.states[at + 1];
    const joined = next?.findIndex((piece, i) => piece !== state[i]) ?? -1; // where the next merge happens first
    drawStrip($("merge-tokens"), state.map((text, i) => ({ text, classes: joined >= 0 && (i === joined || i === joined + 1) ? ["given"] : [] })));
    $("merge-out").value = `${at} of ${this.states.length - 1}`;
    $("merge-back").disabled = at === 0;
    $("merge-next").disabled = !next;
  },
};
