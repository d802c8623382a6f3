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
  const at = strip.children[now]; // a long strip scrolls within itself
  if (at && strip.scrollHeight > strip.clientHeight) strip.scrollTop = at.offsetTop - strip.offsetTop - strip.clientHeight / 2;
  if (hadFocus) (strip.querySelector("[aria-current]") ?? strip.querySelector("button"))?.focus();
}

// What could stand at a place, likeliest first. options: { id, piece, p, drawn }; the pale bar is the model's
// probability, the strong one inside it what the settings make of it. take(id): what choosing one does, if it can be.
function drawOptions(list, options, chosen, take) {
  list.replaceChildren(...options.map(option => {
    const { id, piece, p, drawn } = option, item = make("li"), bar = make("i"), is = chosen(option);
    const row = take ? make("button", "", { onclick: () => take(id) }) : make("div");
    row.classList.toggle("chosen", is);
    bar.style.setProperty("--share", `${100 * p}%`);
    if (drawn !== undefined) bar.style.setProperty("--drawn", `${100 * drawn}%`);
    row.append(make("b", shown(piece)), bar, make("span", percent(p)));
    if (take) row.setAttribute("aria-label", `${piece}, ${percent(p)}${is ? ", chosen" : ""}: take this one`);
    item.append(row);
    return item;
  }));
}

// How unsure the model was of a token, as a shade.
const doubt = p => 0.75 * (1 - p) ** 1.5;
