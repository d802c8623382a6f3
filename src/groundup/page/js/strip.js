// Tokens as boxes in a row, and lists of what else was likely.

const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;

// tokens: { text, small, shade, title, classes, label, choose }; now: the place that is chosen.
function drawStrip(strip, tokens, now = -1) {
  const hadFocus = strip.contains(document.activeElement), words = tokens.filter(({ text }) => !/^<.*>$/.test(text));
  strip.dir = RIGHT_TO_LEFT.test(words.map(({ text }) => text).join("")) ? "rtl" : "ltr";
  strip.replaceChildren(...tokens.map((token, i) => {
    const box = make(token.choose ? "button" : "span", shown(token.text), { className: "token", dir: "auto" });
    box.append(make("small", token.small ?? ""));
    box.style.setProperty("--shade", token.shade ?? 0);
    if (token.shade > 0.7) box.classList.add("strong");
    if (token.classes) box.classList.add(...token.classes);
    if (token.title) box.title = token.title;
    if (token.choose) {
      Object.assign(box, { tabIndex: i === now || now < 0 && i === 0 ? 0 : -1, onclick: token.choose });
      if (token.label) box.setAttribute("aria-label", token.label);
    }
    if (i === now) {
      box.classList.add("now");
      box.setAttribute("aria-current", "step");
    }
    return box;
  }));
  if (hadFocus) (strip.querySelector("[aria-current]") ?? strip.querySelector("button"))?.focus();
}

// What could stand at a place, likeliest first. options: { id, piece, p, drawn }; the pale bar is the model's
// probability, the strong one inside it what the settings make of it.
function drawOptions(list, options, chosen, choose) {
  list.replaceChildren(...options.map(({ id, piece, p, drawn }) => {
    const item = make("li"), button = make("button", "", { onclick: () => choose(id), className: id === chosen ? "chosen" : "" });
    const bar = make("i");
    bar.style.setProperty("--share", `${100 * p}%`);
    if (drawn !== undefined) bar.style.setProperty("--drawn", `${100 * drawn}%`);
    button.append(make("b", shown(piece)), bar, make("span", percent(p)));
    button.setAttribute("aria-label", `${piece}, ${percent(p)}${id === chosen ? ", chosen" : ""}: take this one`);
    item.append(button);
    return item;
  }));
}

// How unsure the model was of a token, as a shade.
const doubt = p => 0.75 * (1 - p) ** 1.5;
