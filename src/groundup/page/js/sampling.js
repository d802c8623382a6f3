// How the next token is chosen: the sliders of a language model or a conversation.
const SLIDERS = [ // name, label, least, most, step, at first; off: the value at which it changes nothing
  ["temperature", "Temperature", 0, 2, 0.05, 0.8, "0: always the likeliest token. Low: safe. High: wild."],
  ["top_k", "Top k", 0, 100, 1, 0, "Only the k likeliest tokens; 0: all."],
  ["top_p", "Top p", 0.05, 1, 0.05, 1, "Only the likeliest tokens that together hold this much; 1: all."],
  ["min_p", "Min p", 0, 0.5, 0.01, 0, "Only tokens at least this share as likely as the likeliest; 0: all."],
];

// Controls in `place`; told() when one moves. The value has settings(), read() for the link, and restore(state).
function samplingControls(place, told, first = {}) {
  const details = make("details", "", { className: "sampling" }), bar = make("div", "", { className: "bar" });
  const inputs = {};
  for (const [name, label, min, max, step, value, title] of SLIDERS) {
    const input = make("input", "", { type: "range" }), output = make("output"), box = make("label", label, { className: "slide", title });
    Object.assign(input, { min, max, step });
    input.value = first[name] ?? value;
    const update = () => { output.value = input.value; };
    input.oninput = () => { update(); told(); };
    update();
    box.append(input, output);
    bar.append(box);
    inputs[name] = { input, update, min, max };
  }
  const seed = make("input", "", { type: "number", min: 0, max: 2 ** 32 - 1, step: 1 });
  const box = make("label", "Seed", { className: "slide", title: "The same seed draws the same tokens; empty: other ones each time." });
  seed.onchange = told;
  box.append(seed);
  bar.append(box);
  details.append(make("summary", "How a token is chosen"), bar);
  place.append(details);
  const value = name => inputs[name].input.valueAsNumber;
  return {
    settings: () => ({
      temperature: value("temperature"), top_k: value("top_k") || null, top_p: value("top_p") < 1 ? value("top_p") : null,
      min_p: value("min_p") || null, seed: seed.value === "" ? null : seed.valueAsNumber,
    }),
    read: () => Object.fromEntries([...Object.keys(inputs).map(name => [name, value(name)]), ["seed", seed.value]]),
    restore(state) {
      for (const [name, { input, update, min, max }] of Object.entries(inputs)) {
        input.value = asNumber(state?.[name], min, max, value(name));
        update();
      }
      if (/^\d{0,10}$/.test(state?.seed)) seed.value = state.seed;
    },
  };
}
