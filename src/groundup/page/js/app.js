// The page: which views there are, and what it says of its model.
const app = {
  views: data.task === "language" ? { write: ["Write", write], tokens: ["Tokens", tokens], how: ["How this works", how] }
    : data.task === "dialogue" ? { talk: ["Talk", talk], tokens: ["Tokens", tokens], how: ["How this works", how] }
      : { translate: ["Translate", translate], tokens: ["Tokens", tokens], how: ["How this works", how] },
  started: new Set(),

  // Open a view, or what is in one and named.
  show(name, state = {}) {
    const first = Object.keys(this.views)[0], view = this.views[name] ? name : first;
    for (const tab of $("tabs").children) {
      tab.setAttribute("aria-selected", tab.value === view);
      tab.tabIndex = tab.value === view ? 0 : -1;
    }
    for (const one of document.querySelectorAll(".view")) one.hidden = one.id !== view;
    for (const one of document.querySelectorAll(".after")) one.style.display = view === first ? "" : "none";
    if (!this.started.has(view)) {
      this.started.add(view);
      this.views[view][1].start(state);
    } else if (Object.keys(state).length) this.views[view][1].restore?.(state);
    if (view !== first) say("");
    if (name !== view) $(name)?.scrollIntoView({ behavior: "smooth" });
    if (view === first) attention.redraw();
  },

  about() {
    const kind = { translation: "This translator", dialogue: "This dialogue model", language: "This language model" }[data.task];
    return `${kind} works in your browser, with all of its ${data.parameters.toLocaleString("en")} numbers (${data.precision}). `
      + "Nothing that you type leaves the page.";
  },

  async start() {
    $("about").textContent = this.about();
    attention.start();
    tree.start();
    $("tabs").append(...Object.entries(this.views).map(([value, [title]]) => {
      const tab = make("button", title, { value, onclick: () => this.show(value) });
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", value);
      tab.id = `tab-${value}`;
      $(value).setAttribute("aria-labelledby", tab.id);
      return tab;
    }));
    arrows($("tabs"), tab => tab.click());
    try {
      await engine.start();
      say("");
      const restore = () => { const state = link.read(); this.show(asText(state.view), state); };
      restore();
      addEventListener("hashchange", restore);
      document.body.dataset.ready = "yes";
    } catch (error) {
      say(`The model could not be started: ${error.message}`, true);
    }
  },
};
app.start();
