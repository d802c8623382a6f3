// Small things that all views use. Text goes into the page as text, never as markup.
const $ = id => document.getElementById(id);
const make = (tag, textContent = "", more = {}) => Object.assign(document.createElement(tag), { textContent, ...more });
const data = JSON.parse($("data").textContent);

const shade = weight => Math.min(1, weight) ** 0.7;
const percent = p => p > 0 && p < 0.001 ? "<0.1%" : (100 * p).toFixed(p < 0.1 ? 1 : 0) + "%";
const shown = piece => piece.replaceAll("\n", "⏎").replaceAll("\t", "⇥") || "∅";
const many = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;

// Say something below the title; an error stands out.
function say(text, error = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", error);
}

// At most one call an image of the screen, the last one.
function eased(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
}

// A slider and the number beside it; told(value) when it moves.
function slider(id, told = () => {}, format = String) {
  const input = $(id), update = () => { $(`${id}-out`).value = format(input.valueAsNumber); };
  input.oninput = () => { update(); told(input.valueAsNumber); };
  update();
  return { get value() { return input.valueAsNumber; }, set value(value) { input.value = value; update(); } };
}

// Texts that the page proposes; one alone is there already.
function examples(id, told) {
  $(id).hidden = data.examples.length < 2;
  $(id).append(...data.examples.slice(0, 6).map(text => make("button", text, { dir: "auto", onclick: () => told(text) })));
}

// Arrow keys go from one element of a group to the next, as in a text: the group is one stop of the Tab key.
function arrows(group, choose) {
  group.addEventListener("keydown", event => {
    const all = [...group.querySelectorAll("button, [role=button]")], at = all.indexOf(document.activeElement);
    const back = getComputedStyle(group).direction === "rtl" ? "ArrowRight" : "ArrowLeft", on = back === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const to = { [back]: at - 1, [on]: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[Math.max(0, Math.min(all.length - 1, to))];
    next.focus();
    choose?.(next);
  });
}

// The state of the page as the end of its address: a link to it shows the same again.
const LONGEST_LINK = 30000; // characters; longer ones are cut by what people send links with
const link = {
  read() {
    try {
      const state = JSON.parse(decodeURIComponent(location.hash.slice(1)));
      return state && typeof state === "object" && !Array.isArray(state) ? state : {};
    } catch {
      return {};
    }
  },
  write(state) {
    const end = "#" + encodeURIComponent(JSON.stringify(state));
    try {
      history.replaceState(null, "", end.length < LONGEST_LINK ? end : "#");
    } catch {
      // in a frame without an address of its own
    }
  },
};
const asText = (value, otherwise = "") => typeof value === "string" ? value : otherwise;
const asNumber = (value, least, most, otherwise) =>
  typeof value === "number" && value >= least && value <= most ? value : otherwise;
