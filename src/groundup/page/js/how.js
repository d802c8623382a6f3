// How this works: from what is seen here to the equation, and to the file of the package in which it stands.
const { width, layers, heads, encoder_layers, kv_heads, mlp, position, norm_first, vocab_size, context } = data.config;
const PAIRS = encoder_layers !== null, ANSWER = data.task === "dialogue" ? "talk" : "translate";
const LESSONS = [
  ["1. A text becomes numbers", "The text is cut into tokens: short words, and pieces of long ones. Each token is a number. "
    + `This model knows ${vocab_size.toLocaleString("en")} of them and reads ${context.toLocaleString("en")} at most.`,
    "text → tokens → ids", "text/bpe.py, text/tokenizer.py", "tokenizer.js, bpe.js", "tokens"],
  ["2. Each token becomes a point", `A table has a row of ${width} numbers for each token: its embedding. Training has moved these rows so that `
    + "tokens that are used alike have similar rows. " + (position === "rotary" ? "Where a token stands is told later, by turning pairs of numbers."
      : "A second row, for the place at which it stands, is added."),
    position === "rotary" ? "x = E[id]" : "x = E[id] + P[place]", "models/stack.py, nn/positions.py", "model.js, positions.js"],
  ["3. Tokens look at each other", "This is attention. Each token asks a question (query). Every token that it may see offers a key and a value. "
    + "Where query and key fit, much of the value flows. The numbers below the tokens are these shares, in percent. "
    + `Here ${heads} heads look at a time, each in its own way` + (kv_heads && kv_heads < heads ? `; groups of them share ${kv_heads} heads of keys and values.` : "."),
    "Attention(Q, K, V) = softmax(Q Kᵀ / √D) V", "nn/attend.py, nn/attention.py", "attention.js", PAIRS ? "look" : "write"],
  ["4. Each token thinks for itself", "After looking, each token goes through two layers of a small network. Both branches, "
    + "attention and network, only add to what was there before.",
    norm_first ? "x ← x + Attention(norm(x));  x ← x + MLP(norm(x))" : "x ← norm(x + Attention(x));  x ← norm(x + MLP(x))",
    "nn/block.py, nn/mlp.py, nn/norms.py", "attention.js, layers.js"],
  ["5. Again and again", PAIRS ? `The encoder does this ${encoder_layers} times with the source, the decoder ${layers} times with what is written so far. `
    + "The decoder has one step more: it looks at what the encoder made of the source (cross-attention)."
    : `This happens ${layers} times. A token sees only what stands before it, so that the model can learn to guess what comes next.`,
    PAIRS ? "answer = decoder(written so far, encoder(source))" : "next = model(all before)", PAIRS ? "models/seq2seq.py" : "models/causal_lm.py", "model.js"],
  ["6. What comes next", "The last row is compared with a row for every token. The better they fit, the likelier that token comes next. "
    + "The percentage at a token is this probability; a strong colour means that the model was unsure.",
    "p = softmax(W x)", "decode/generate.py, decode/choose.py", "choose.js", PAIRS ? ANSWER : "write"],
  PAIRS ? ["7. The best whole answer", "The likeliest next token is not always part of the likeliest answer. Beam search goes on with several "
    + "beginnings at a time. A long answer has a smaller probability than a short one, so that its ln p is divided by a power of its length.",
    "score = ln p(answer) / n^penalty", "decode/beam.py", "beam.js", "search"]
    : ["7. Chance", "Taking the likeliest token every time soon repeats itself. So tokens are drawn by chance. A temperature below 1 prefers likely tokens, "
      + "one above 1 evens them out; top k, top p and min p leave the unlikely ones out.", "p = softmax(logits / temperature)",
      "decode/choose.py, decode/filters.py", "choose.js", "write"],
];

const how = {
  start() {
    $("how").append(...LESSONS.map(lesson => this.article(...lesson)), this.sources());
  },

  article(title, text, equation, files, twin, place) {
    const article = make("article", "", { className: "card" }), where = make("p", "In the package: ", { className: "soft" });
    where.append(make("code", files), " · in this page: ", make("code", twin));
    article.append(make("h2", title), make("p", text), make("p", equation, { className: "equation" }), where);
    if (place && $(place)) article.append(make("button", "Show it", { onclick: () => app.show(place) }));
    return article;
  },

  // The engine as it runs in this page, module by module.
  sources() {
    const article = make("article", "", { className: "card" });
    article.append(make("h2", "The engine of this page"),
      make("p", "The model runs in plain JavaScript. Each file stands beside its twin in Python and does the same in the same words."));
    for (const part of $("engine").textContent.split("// ---- ").slice(1)) {
      const [name, ...lines] = part.split("\n"), details = make("details"), pre = make("pre");
      details.append(make("summary", name), pre);
      details.ontoggle = () => { pre.textContent = lines.join("\n"); };
      article.append(details);
    }
    return article;
  },
};
