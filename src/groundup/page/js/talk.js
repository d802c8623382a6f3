// Dialogue: a conversation that is remembered as far as the context allows.
const talk = {
  turns: [], first: 0, turn: 0, // first: the oldest turn that is still heard

  start(state) {
    this.sampling = samplingControls($("talk-sampling"), () => this.remember(), { temperature: 0 });
    $("say").onsubmit = event => { event.preventDefault(); this.say($("said").value); };
    $("talk-stop").onclick = () => engine.stop();
    $("talk-reset").onclick = () => { this.reset(); this.remember(); $("said").focus(); };
    examples("talk-examples", text => this.say(text));
    this.restore(state);
  },

  restore(state) {
    this.reset();
    this.sampling.restore(state.sampling);
    const turns = Array.isArray(state.turns) ? state.turns.filter(text => typeof text === "string") : [];
    turns.forEach((text, i) => this.add(text, i % 2 === 0));
  },

  remember() {
    link.write({ view: "talk", turns: this.turns.map(({ text }) => text), sampling: this.sampling.read() });
  },

  reset() {
    engine.stop();
    Object.assign(this, { turns: [], first: 0, turn: this.turn + 1 });
    $("log").replaceChildren();
    $("talk-stop").disabled = true;
    attention.hide();
    say(data.remembers ? "It hears what was said before, as far as its context goes." : "It hears one line at a time.");
  },

  add(text, mine) {
    const box = make("div", "", { className: `turn ${mine ? "mine" : ""}` }), words = make("span", text, { dir: "auto" });
    box.append(words);
    $("log").append(box);
    $("log").scrollTop = $("log").scrollHeight;
    this.turns.push({ text, box, words });
    return this.turns.at(-1);
  },

  async say(text) {
    if (!text.trim()) return;
    engine.stop();
    const turn = ++this.turn;
    if (this.turns.length % 2) this.add("…", false); // a reply that never came
    this.add(text, true);
    const reply = this.add("", false), before = this.turns.slice(this.first, -1).map(({ text }) => text);
    $("said").value = "";
    $("talk-stop").disabled = false;
    let last = null;
    try {
      const found = await engine.ask("reply", { turns: before, settings: this.sampling.settings() }, step => {
        last = step;
        reply.words.textContent = reply.text = step.text;
        $("log").scrollTop = $("log").scrollHeight;
      });
      if (turn !== this.turn) return;
      if (found) this.ended(reply, found);
      this.remember();
    } catch (error) {
      if (turn !== this.turn) return;
      for (const { box } of this.turns.splice(-2)) box.remove();
      $("said").value = text;
      say(error.message, true);
    } finally {
      if (turn === this.turn) $("talk-stop").disabled = true;
    }
  },

  ended(reply, { answers: [answer], text, forgotten }) {
    reply.words.textContent = reply.text = answer.text;
    for (let i = 0; i < forgotten; i++) this.turns[this.first++].box.classList.add("old");
    const look = async () => {
      const { panels, steps } = await engine.ask("look", { text, ids: answer.ids });
      attention.show({ panels, steps: steps.map(({ candidates }) => candidates) });
    };
    reply.box.append(make("button", "look inside", { onclick: look }));
    say(this.first ? "The context is full: the pale turns are forgotten." : "");
  },
};
