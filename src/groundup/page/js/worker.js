// The worker: answers questions of the page one after the other. Between two steps it listens, so that "stop" works
// within a token.
import { bytesOf } from "./weights.js";
import { loadRun } from "./run.js";

let run = null, stopped = false, queue = Promise.resolve();

// What can be asked. A generator tells of every step.
const VERBS = {
  *answer({ text, prefixText, ...options }) {
    const prefix = prefixText === undefined ? options.prefix : run.prefixIds(prefixText);
    return yield* run.answers(text, { ...options, prefix });
  },
  *reply({ turns, ...options }) {
    const { text, forgotten } = run.heard(turns);
    return { answers: yield* run.answers(text, options), text, forgotten };
  },
  *write({ ids, ...options }) { return yield* run.write(ids, options); },
  parts: ({ text }) => run.parts(text),
  look: ({ ids, text }) => run.look(ids, text),
  ahead: ({ ids, ...options }) => run.ahead(ids, options),
  *read({ ids, from }) { yield* run.read(ids, from); },
  prompt: ({ text }) => run.prompt(text),
  tokens: ({ text, side }) => run.tokens(text, side),
};

// A pause in which messages come in; timers would cost four milliseconds each.
const channel = new MessageChannel();
const pause = () => new Promise(resolve => { channel.port1.onmessage = resolve; channel.port2.postMessage(0); });

async function answer({ id, verb, options }) {
  stopped = false;
  try {
    let result = VERBS[verb](options);
    if (result?.next) {
      const steps = result;
      for (;;) {
        const { done, value } = steps.next();
        result = value;
        if (done) break;
        postMessage({ id, step: value });
        await pause();
        if (stopped) { result = null; break; }
      }
    }
    postMessage({ id, result, stopped });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
}

onmessage = ({ data: message }) => {
  if (message.stop) stopped = true;
  else if (message.data) {
    try {
      run = loadRun(message.data, bytesOf(message.weights));
      postMessage({ ready: true });
    } catch (error) {
      postMessage({ ready: false, error: error.message });
    }
  } else queue = queue.then(() => answer(message));
};
