// The model works in a worker of its own, so that the page never freezes. It is made of a text in this page.
const engine = {
  asked: new Map(),
  number: 0,

  // Resolves when the model is there; an Error says why it is not.
  start() {
    const source = URL.createObjectURL(new Blob([$("engine").textContent], { type: "text/javascript" }));
    this.worker = new Worker(source);
    const ready = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data: message }) => {
        if ("ready" in message) message.ready ? resolve() : reject(new Error(message.error));
        else this.told(message);
      };
      this.worker.onerror = event => reject(new Error(event.message || "the browser did not start the model"));
    });
    this.worker.postMessage({ data, weights: $("weights").textContent.trim() });
    $("weights").textContent = ""; // the worker has it now
    return ready;
  },

  // Ask for something; told(step) after every step. Resolves to the result, or to null if it was stopped.
  ask(verb, options, told = () => {}) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject, told });
      this.worker.postMessage({ id, verb, options });
    });
  },

  told({ id, step, result, error }) {
    const { resolve, reject, told } = this.asked.get(id);
    if (step !== undefined) return told(step);
    this.asked.delete(id);
    error === undefined ? resolve(result) : reject(new Error(error));
  },

  // End what is being done, after the token at work.
  stop() { this.worker.postMessage({ stop: true }); },
};
