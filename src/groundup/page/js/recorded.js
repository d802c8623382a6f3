// An output that was recorded: its attention, the likeliest tokens at each step, and the tree of its search.
const recorded = {
  start() {
    const { source, output, prompt: given, panels, candidates, beams } = data;
    $("said").hidden = !source && !output;
    $("said-source").textContent = source ?? "";
    $("said-output").textContent = output ?? "";
    $("look-how").open = true;
    const steps = candidates?.map(step => step.map(([piece, p]) => ({ piece, p })));
    attention.start();
    tree.start();
    attention.chosen = t => tree.follow(t);
    tree.chosen = node => tree.written.includes(tree.held) && attention.place === "output" && attention.go(node.step - 1);
    if (beams) tree.grown(beams.map(({ token, logprob, ...node }) => ({ ...node, piece: token, p: logprob })));
    attention.show({ panels: panels.map(unpacked), steps, given });
    if (beams && attention.place === "output") tree.follow(0);
    document.addEventListener("keydown", event => this.key(event));
  },

  // The arrow keys step through the tokens, wherever they are pressed.
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, #tree-frame")) return;
    const now = attention.step[attention.place];
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: Infinity }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    attention.go(to);
  },
};

// Thousandths -> weights (L, H, T, S). A row begins with its first visible key; one that is visible never has the weight 0.
function unpacked({ name, queries, keys, weights: layers }) {
  const [L, H, T, S] = [layers.length, layers[0].length, queries.length, keys.length];
  const weights = new Float32Array(L * H * T * S);
  layers.forEach((heads, l) => heads.forEach((rows, h) => rows.forEach(([first, ...row], t) => {
    const at = ((l * H + h) * T + t) * S + first;
    row.forEach((thousandths, i) => { weights[at + i] = thousandths / 1000 || 1e-6; });
  })));
  return { name, queries, keys, L, H, T, S, weights };
}
recorded.start();
