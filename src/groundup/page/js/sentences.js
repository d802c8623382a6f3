// Cut text into sentences, and join their translations: the twin of run/sentences.py.
// A pattern there gives nothing back that it has taken. Here a look at what follows says the same.
const CLOSE = String.raw`["'”“’‘»«›‹)\]}」』）】》〉]`, CLOSING = `${CLOSE}*(?!${CLOSE})`;
const QUOTE = String.raw`[ \u00a0\u202f]?[»›]`; // « Viens. » Elle
const END = new RegExp(String.raw`(?<![.!?…])[.!?…]+(?![.!?…])${CLOSING}(?:${QUOTE}|(?!${QUOTE}))(?=\p{White_Space})`
  + String.raw`|(?<=\p{Script=Greek});${CLOSING}(?=\p{White_Space})|\u037e${CLOSING}`
  + String.raw`|[。！？｡।॥۔؟։።፧\u17d4\u17d5။།]+${CLOSING}|[\r\n]+`, "gu");
const BLANK = /[\p{White_Space}\x1c-\x1f]/u; // what Python's strip() takes

// Cut at line breaks and at the ends of sentences: after . ! ? … before a space, after 。！？ । ؟ ።.
export function sentences(text) {
  const ends = Array.from(text.matchAll(END), found => found.index + found[0].length);
  return [0, ...ends].map((first, i) => strip(text, first, ends[i] ?? text.length)).filter(part => part);
}

function strip(text, first, end) {
  while (first < end && BLANK.test(text[first])) first++;
  while (end > first && BLANK.test(text[end - 1])) end--;
  return text.slice(first, end);
}

// Join sentences to one text, with spaces between them if their script uses spaces.
export const joined = texts => texts.map((text, i) =>
  text + (i === texts.length - 1 || /[。！？｡」』）】》〉]$/u.test(text) ? "" : " ")).join("");
