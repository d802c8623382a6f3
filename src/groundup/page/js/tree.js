// The tree of a beam search, drawn while it grows: a column a step, the likeliest first.
const tree = {
  nodes: [], living: [], written: [], way: [], held: null, ends: [], box: { width: 82, height: 20 },
  chosen: () => {}, // told of a candidate that was clicked
  told: () => {}, // told of the candidate that is held, or of none

  clear() {
    Object.assign(this, { nodes: [], living: [], held: null, written: [], way: [] });
    $("search").hidden = true;
    this.told(null);
  },

  // A step of the engine's search.
  add({ n, branches }) {
    const going = [];
    for (const one of branches) {
      const parent = n > 1 ? this.living[one.parent] : null, before = this.nodes[parent];
      if (one.kind === "living") going.push(this.nodes.length);
      this.nodes.push({ ...one, step: n, parent, ids: [...before?.ids ?? [], one.token], p: one.total - (before?.total ?? 0), answer: null });
    }
    this.living = going;
    $("search").hidden = false;
    this.later();
  },

  // The search is over: which candidates became answers.
  end(answers) {
    const places = new Map(answers.map(({ ids }, place) => [ids.join(), place]));
    for (const node of this.nodes) if (node.kind === "finished") node.answer = places.get(node.ids.join()) ?? null;
    this.grown(this.nodes);
  },

  // A whole tree: candidates { step, parent, piece, p, total, score, kind, answer }, each after its parent.
  grown(nodes) {
    this.nodes = nodes;
    this.held = nodes.findIndex(node => node.answer === 0);
    this.way = this.written = this.branch(this.held);
    $("search").hidden = false;
    this.later();
  },

  // A candidate with all before it, the first step first.
  branch(i) { return this.nodes[i] ? [...this.branch(this.nodes[i].parent), i] : []; },

  // Follow another answer from now on, and hold its last token.
  show(place) {
    this.way = this.branch(this.nodes.findIndex(node => node.answer === place));
    if (this.way.length) this.hold(this.way.at(-1));
  },

  // Token t of the answer is at work.
  follow(t) {
    if (t in this.way) this.hold(this.way[t]);
  },

  // Mark a candidate until another one is.
  hold(i) {
    this.light(this.held = i);
    this.told(this.nodes[i] ?? null);
    const { x } = this.ends[i] ?? {}, frame = $("tree-frame");
    if (x < frame.scrollLeft + this.box.width || x > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = x - frame.clientWidth / 2;
  },

  draw() {
    const tall = 26, wide = 96, above = 24, rows = [0], lines = [], boxes = [], { box } = this, ends = this.ends = [];
    const steps = this.nodes.at(-1)?.step ?? 0;
    this.nodes.forEach((node, i) => {
      if (node.kind === "dropped" && !$("dropped").checked) return;
      const row = rows[node.step] = (rows[node.step] ?? -1) + 1, best = this.written.includes(i);
      const x = (node.step - 1) * wide + 20, y = above + (row + 0.5) * tall;
      const from = ends[node.parent] ?? { x: 4, y: above + tall / 2 }, middle = (from.x + x) / 2;
      ends[i] = { x: x + box.width, y };
      const marks = { class: node.kind + (best ? " best" : ""), "data-node": i };
      lines.push(svg("path", { ...marks, d: `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${y} ${x} ${y}` }));
      const name = [...shown(node.piece)], short = name.length > 9 ? name.slice(0, 8).join("") + "…" : name.join("");
      const group = svg("g", marks);
      group.append(svg("title", {}, this.described(i)), svg("rect", { x, y: y - box.height / 2, rx: 5, ...box }),
        svg("text", { x: x + 6, y: y + 4.5 }, short + (node.answer === null ? "" : ` #${node.answer + 1}`)));
      group.onpointerenter = () => this.light(i);
      group.onpointerleave = () => this.light(this.held);
      group.onclick = () => { this.hold(i); this.chosen(node); };
      boxes.push(group);
    });
    lines.sort((one, other) => one.matches(".best") - other.matches(".best")); // the best one lies on top
    const numbers = Array.from({ length: steps }, (_, i) =>
      svg("text", { x: i * wide + 20 + box.width / 2, y: 14, class: "column" }, i + 1));
    const [width, height] = [steps * wide + 20, above + (Math.max(...rows) + 1) * tall];
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) $("tree").setAttribute(name, value);
    $("tree").replaceChildren(...numbers, ...lines, ...boxes);
    $("tree-frame").scrollLeft = this.written.length ? 0 : $("tree-frame").scrollWidth; // it grows to the right
    this.light(this.held);
  },

  // Where an arrow key leads: to what stood before, to what came of it, and up and down in its column.
  neighbour(key) {
    const seen = this.nodes.map((_, i) => i).filter(i => this.ends[i]), at = seen.includes(this.held) ? this.held : -1;
    if (at < 0) return seen[0];
    const column = seen.filter(i => this.nodes[i].step === this.nodes[at].step), row = column.indexOf(at);
    return { ArrowLeft: this.nodes[at].parent, ArrowRight: seen.find(i => this.nodes[i].parent === at),
             ArrowUp: column[row - 1], ArrowDown: column[row + 1], Home: column[0], End: column.at(-1) }[key];
  },

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.nodes.length) return;
    if (event.key === "Enter" && this.nodes[this.held]) return this.chosen(this.nodes[this.held]);
    if (!/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) return;
    event.preventDefault();
    const to = this.neighbour(event.key);
    if (to !== undefined && to !== null) this.hold(to);
  },

  described(i) {
    const { step, piece, p, total, score, kind, answer } = this.nodes[i];
    const text = this.branch(i).map(i => shown(this.nodes[i].piece)).join("").replaceAll("␣", " ").trim();
    const fate = { living: "goes on", dropped: "is dropped", finished: "is set aside" }[kind];
    return `Step ${step}, “${shown(piece)}”: ln p ${fixed(p)} (${percent(Math.exp(p))}). “${text}”: ln p ${fixed(total)}, `
      + `score ${score.toFixed(3)}; it ${fate}` + (answer === null ? "." : ` as answer ${answer + 1}.`);
  },

  // Mark a candidate with all before it, and say what it is.
  light(i) {
    const lit = this.branch(i);
    for (const element of $("tree").querySelectorAll("[data-node]"))
      element.classList.toggle("lit", lit.includes(Number(element.dataset.node)));
    const step = this.nodes[i]?.step;
    $("tree").querySelectorAll(".column").forEach((number, n) => number.classList.toggle("now", n + 1 === step));
    $("branch").textContent = step ? this.described(i) : "";
  },

  start() {
    this.later = eased(() => this.draw());
    $("dropped").onchange = () => this.draw();
    $("tree-frame").onkeydown = event => this.key(event);
  },
};

const fixed = p => p.toFixed(2).replace("-0.00", "0.00");

function svg(tag, attributes, textContent = "") {
  const element = Object.assign(document.createElementNS("http://www.w3.org/2000/svg", tag), { textContent });
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
