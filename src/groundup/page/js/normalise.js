// One spelling for each thing, as the sentences of the training were read: the twin of data/normalise.py and
// data/dialogue.py.

const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, NOTHING = /[\u00ad\u200b\u2060\ufeff]/g;
const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/; // where Python splits

export function normalise(text) {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  const plain = text.replace(SPACES, " ").replace(NOTHING, "").replace(/[‘’‚‛]/g, "'").replace(/[“”„‟]/g, '"');
  return plain.normalize("NFC");
}

// One sentence on one line, every run of blanks a single space.
export const normaliseSentence = text => normalise(text).split(BLANKS).filter(word => word).join(" ");

export const SIGN = "␞"; // stands between the turns of a conversation

const REPAIRS = [
  [/\.(?: \.)+/gu, "..."],
  [/(?<=\p{L}) ?' ?(s|t|m|d|re|ve|ll)(?![\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}])/giu, (_, end) => `'${end.toLowerCase()}`],
  [/(?<=\p{L}) ' (?=\p{L})/gu, "'"],
  [/(?<=\P{White_Space}) +(?=(?:\.{2,}|[.,!?;:])(?:\p{White_Space}|$))/gu, ""],
  [/(?<=\p{Ll}[.!?])(?=\p{Lu}\p{Ll})/gu, " "],
];

// One turn as people write it: on one line, without the sign between turns, its spacing repaired.
export function plainTurn(text) {
  return REPAIRS.reduce((turn, [found, better]) => turn.replace(found, better), normaliseSentence(text.replaceAll(SIGN, " ")));
}

export const joinTurns = turns => turns.filter(turn => turn).join(` ${SIGN} `);
