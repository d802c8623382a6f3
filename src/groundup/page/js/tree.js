// The tree of a beam search, drawn while it grows: a column a step, the likeliest first.
const tree = {
  nodes: [], living: [], written: [], held: null, chosen: () => {}, // chosen(ids): told of a candidate that was clicked

  clear() {
    Object.assign(this, { nodes: [], living: [], held: null, written: [] });
    $("search").hidden = true;
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
    this.held = this.nodes.findIndex(node => node.answer === 0);
    this.written = this.held < 0 ? [] : this.branch(this.held);
    this.later();
  },

  branch(i) { return i === null || i < 0 ? [] : [...this.branch(this.nodes[i].parent), i]; },

  draw() {
    const tall = 26, wide = 96, box = { width: 82, height: 20 }, above = 24, rows = [0], lines = [], boxes = [], ends = [];
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
      group.onclick = () => { this.light(this.held = i); this.chosen(node); };
      boxes.push(group);
    });
    lines.sort((one, other) => one.matches(".best") - other.matches(".best")); // the best one lies on top
    const numbers = Array.from({ length: steps }, (_, i) =>
      svg("text", { x: i * wide + 20 + box.width / 2, y: 14, class: "column" }, i + 1));
    $("tree").setAttribute("width", steps * wide + 20);
    $("tree").setAttribute("height", above + (Math.max(...rows) + 1) * tall);
    $("tree").replaceChildren(...numbers, ...lines, ...boxes);
    const frame = $("tree").parentElement;
    frame.scrollLeft = this.written.length ? 0 : frame.scrollWidth; // it grows to the right
    this.light(this.held);
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
    $("branch").textContent = i === null || i < 0 ? "" : this.described(i);
  },

  start() {
    this.later = eased(() => this.draw());
    $("dropped").onchange = () => this.draw();
  },
};

const fixed = p => p.toFixed(2).replace("-0.00", "0.00");

function svg(tag, attributes, textContent = "") {
  const element = Object.assign(document.createElementNS("http://www.w3.org/2000/svg", tag), { textContent });
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
