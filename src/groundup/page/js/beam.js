// Beam search: the likeliest whole answer instead of the likeliest next token. The twin of decode/beam.py and
// decode/hypotheses.py. A hypothesis of n tokens has the score ln p / divisor(n), the end token included.
import { largest, logSoftmax } from "./tensor.js";

export const DIVISORS = {
  average: (n, penalty) => n ** penalty, // Hugging Face's
  gnmt: (n, penalty) => ((5 + n) / 6) ** penalty, // Wu et al. 2016, section 7
};

// Yields, after each step, { n, branches }: the candidates, best first, and what became of each ("living", "finished",
// "dropped"). Returns the finished hypotheses { ids, score, logprob }, best first.
export function* beamSearch(model, state, ids, { width, limit, eos, ...ranking }) {
  const V = model.V, score = scorer(ranking), finished = [];
  let living = [{ ids: [], total: 0 }];
  let logits = model.step(ids, state); // the prompt is read once, then it belongs to every beam
  for (let n = 1; ; n++) {
    const branches = judge(candidates(logits, living, V, 2 * width), { n, width, limit, eos });
    for (const one of branches) if (one.kind === "finished") setAside(finished, living, one, score, width);
    let going = branches.filter(one => one.kind === "living");
    if (!going.length || hopeless(finished, going[0].total, n, width, limit, score, ranking)) {
      for (const one of going) one.kind = "dropped";
      going = [];
    }
    yield { n, branches };
    if (!going.length) return finished;
    state.reorder(going.map(one => one.parent));
    living = going.map(one => ({ ids: [...living[one.parent].ids, one.token], total: one.total }));
    logits = model.step(going.map(one => one.token), state);
  }
}

// What hypotheses are ranked by: (ln p, tokens) -> score.
export function scorer({ length_penalty = 1, divisor = "average" }) {
  return (total, n) => total / DIVISORS[divisor](n, length_penalty);
}

// The `many` likeliest continuations of all living hypotheses, best first. The logits (B, V) become totals.
function candidates(logits, living, V, many) {
  living.forEach(({ total }, b) => {
    logSoftmax(logits, b * V, V);
    for (let v = b * V; v < b * V + V; v++) logits[v] += total;
  });
  return largest(logits, many, 0, living.length * V).map(at =>
    ({ total: logits[at], parent: Math.floor(at / V), token: at % V })).filter(one => one.total > -Infinity);
}

// Those that end among the first `width` are finished; of the others the first `width` live.
function judge(found, { n, width, limit, eos }) {
  let living = 0;
  return found.map((one, place) => {
    const ends = one.token === eos || n === limit;
    const kind = (ends ? place < width : living < width) ? ends ? "finished" : "living" : "dropped";
    if (!ends) living++;
    return { ...one, kind };
  });
}

function setAside(finished, living, { parent, token, total }, score, width) {
  const ids = [...living[parent].ids, token];
  finished.push({ ids, score: score(total, ids.length), logprob: total });
  finished.sort((a, b) => b.score - a.score);
  finished.splice(width);
}

// Whether the living, of n tokens and with totals up to `best`, cannot beat what is finished.
function hopeless(finished, best, n, width, limit, score, { early_stopping = false, length_penalty = 1 }) {
  if (finished.length < width) return false;
  const favourable = early_stopping === "never" && length_penalty > 0 ? limit : n;
  return early_stopping === true || score(best, favourable) <= finished.at(-1).score;
}
