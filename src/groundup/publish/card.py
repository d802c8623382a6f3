"""README.md of an export: what the model is, how good, what of, how to load it, and what it cannot do."""

import dataclasses
import json

from groundup import __version__
from groundup.build import count_parameters
from groundup.config import ModelConfig
from groundup.files import write_whole
from groundup.publish.command import command, corpus_name
from groundup.publish.facts import Facts, Sampled
from groundup.publish.front import front_matter
from groundup.publish.verify import Verified
from groundup.publish.write import Export, load_lines
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.run.pairs import PairRun
from groundup.run.results import digits
from groundup.run.save import NO_CORPUS
from groundup.run.text import TextRun

LANGUAGES = {"en": "English", "fr": "French", "it": "Italian", "de": "German"}
README = "README.md"


def write_card(
    run: PairRun | TextRun,
    export: Export,
    facts: Facts,
    *,
    name: str | None,
    licence: str,
    verified: Verified | None,
    revision: str | None = None,
) -> None:
    """Write the card of an export that will be loaded by `name`, a repository on the Hub; None is its folder."""
    recipe = run.recipe
    title, name = (run.folder.name, str(export.folder)) if name is None else (name.rsplit("/", 1)[-1], name)
    parts = [
        front_matter(recipe, facts, title, licence=licence),
        f"# {title}\n",
        _what(run, export, facts),
        "## Use\n",
        _use(run, export, name, revision),
        *(["## Figures\n", _figures(facts)] if facts.results else []),
        "## Data\n",
        _data(recipe, facts),
        "## Training\n",
        _training(recipe, facts),
        *(["## What it looks at\n", _attention(run, facts)] if facts.attention else []),
        *(["## Samples\n", _samples(facts.samples)] if facts.samples else []),
        "## Limits\n",
        _limits(recipe, facts),
        "## Files\n",
        _files(export, verified),
    ]
    write_whole(export.folder / README, "\n".join(part.rstrip("\n") + "\n" for part in parts))


def _what(run: PairRun | TextRun, export: Export, facts: Facts) -> str:
    config, recipe = run.model.config, run.recipe
    names = [LANGUAGES.get(code, code) for code in facts.languages]
    what = {
        "translation": f"translates {names[0]} to {names[1]}" if len(names) == 2 else "translates",
        "dialogue": "replies in a conversation",
        "language": f"writes {names[0]} text" if len(names) == 1 else "writes text",
    }[recipe.task]
    begun = "the weights of another model" if isinstance(recipe, TextRecipe) and recipe.init_from else "nothing"
    code = "runs with the code beside it" if export.custom else f"is a {export.architecture}, which transformers has"
    return (
        f"A Transformer of {count_parameters(run.model):,} parameters that {what}. It was trained from {begun} with "
        f"[groundup](https://github.com/groundup-transformers/groundup) {__version__}, and {code}.\n\n"
        f"{_shape(config)}\n"
    )


def _shape(config: ModelConfig) -> str:
    sides = (
        f"{config.layers} layers"
        if config.encoder_layers is None
        else f"{config.encoder_layers} + {config.layers} layers"
    )
    return (
        f"{sides}, width {config.width}, {config.heads} heads, {config.mlp} {config.hidden} wide, {config.norm} norm "
        f"{'before' if config.norm_first else 'after'} each branch, {config.position} positions, context "
        f"{config.context}, vocabulary {config.vocab_size:,}."
    )


def _use(run: PairRun | TextRun, export: Export, name: str, revision: str | None) -> str:
    lines = [load_lines(export, name, revision=revision), ""]
    if isinstance(run, TextRun):
        prompt = run.opening("The ")
        lines += [
            f"batch = tokenizer({prompt!r}, return_tensors='pt')",
            "ids = model.generate(**batch, max_new_tokens=40, do_sample=True, temperature=0.8, top_p=0.95)",
            "print(tokenizer.decode(ids[0], skip_special_tokens=True))",
        ]
    else:
        text = "'Where is the station?'"
        if export.dialogue:
            lines.append("messages = [{'role': 'user', 'content': 'Hello, how are you?'}]")
            text = "tokenizer.apply_chat_template(messages, tokenize=False)"
        lines += [
            f"batch = tokenizer({text}, return_tensors='pt')",
            "ids = model.generate(**batch, num_beams=4)",
            f"print({'target' if export.separate else 'tokenizer'}.decode(ids[0], skip_special_tokens=True))",
        ]
    trust = (
        "\n`trust_remote_code=True` runs `modeling_groundup.py` of this folder: read it first, and name the `revision` "
        "that you have read. Without it transformers refuses to load the model.\n"
        if export.custom
        else "\nNo code of this folder is run.\n"
    )
    return "\n".join(["```python", *lines, "```", trust])


def _figures(facts: Facts) -> str:
    rows = ["| figure | value | 95% interval | search | on | of |", "| --- | --- | --- | --- | --- | --- |"]
    for result in facts.results:
        margin = "" if result.margin is None else f"± {result.margin:.{digits(result.metric)}f}"
        search = "" if result.num_beams is None else "greedy" if result.num_beams == 1 else f"{result.num_beams} beams"
        value = f"{result.value:.{digits(result.metric)}f}"
        rows.append(
            f"| {result.metric} | {value} | {margin} | {search} | {result.split} | {result.size:,} {result.unit} |"
        )
    signatures = dict.fromkeys(f"{one.metric}: `{one.signature}`" for one in facts.results if one.signature)
    return "\n".join([*rows, "", *(f"- {signature}" for signature in signatures)])


def _data(recipe: Recipe, facts: Facts) -> str:
    if recipe.data.corpus == NO_CORPUS:
        return "Not known: the model was trained in Python, and its data was not recorded."
    about = f": {facts.about}" if facts.about else ", a corpus of the author's own"
    split = (
        f"{recipe.data.valid:,} pairs for validation and {recipe.data.test:,} for the test were held out "
        f"(seed {recipe.data.split_seed}); no sentence stands in two parts, and published parts stay as published."
        if isinstance(recipe, PairRecipe) and not recipe.data.memorise
        else "Nothing was held out: the pairs were learnt by heart."
        if isinstance(recipe, PairRecipe)
        else f"The last {recipe.data.valid:.0%} was held out."
    )
    return f"`{corpus_name(recipe.data.corpus)}`{about}. Licence of the data: {facts.licence}. {split}"


def _training(recipe: Recipe, facts: Facts) -> str:
    lines = []
    if (line := command(recipe)) is not None:
        lines += ["```sh", line, "```", ""]
    said = facts.training
    if said:
        lines.append(
            f"{said['steps']:,} steps in {said['minutes']:g} minutes on {said['hardware']} (torch {said['torch']}), "
            f"{said['target_tokens']:,} tokens to foresee. The weights are those of step {said['best_step']:,}, with "
            f"the best validation loss, {said['best_validation_loss']:.4f}. Seed {recipe.train.seed}.\n"
        )
    if facts.loss:
        lines.append(f"![training and validation loss]({facts.loss})\n")
    settings = json.dumps(dataclasses.asdict(recipe.train))
    lines.append(f"<details><summary>All settings of the training</summary>\n\n```json\n{settings}\n```\n\n</details>")
    return "\n".join(lines)


def _attention(run: PairRun | TextRun, facts: Facts) -> str:
    what = "each written token at the source" if isinstance(run, PairRun) else "each token at those before it"
    seen = f"Every layer and head looking from {what}, while it reads “{_inline(facts.attended)}”."
    return f"{seen}\n\n![attention]({facts.attention})"


def _samples(samples: list[Sampled]) -> str:
    heads = {
        "good": "Among the best answers of the test, by chrF:",
        "bad": "Among the worst:",
        "drawn": "Texts drawn at temperature 0.8, top-p 0.95, after what is **bold**:",
        "likeliest": "The likeliest text, token by token, often repeats itself:",
        "": "Answers:",
    }
    lines: list[str] = []
    for kind in dict.fromkeys(one.kind for one in samples):
        lines += [heads[kind], ""]
        for one in (one for one in samples if one.kind == kind):
            if kind in ("drawn", "likeliest"):
                space = " " if one.written[:1].isspace() or one.given[-1:].isspace() else ""
                lines.append(f"> **{_inline(one.given)}**{space}{_inline(one.written)}\n")
                continue
            wanted = "" if one.wanted is None else f" (expected: {_inline(one.wanted)})"
            lines.append(f"- {_inline(one.given)} → **{_inline(one.written)}**{wanted}")
        lines.append("")
    return "\n".join(lines)


def _inline(text: str) -> str:
    """On one line, with nothing that Markdown would read."""
    plain = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in plain)


def _limits(recipe: Recipe, facts: Facts) -> str:
    lines = [
        "- It knows what its data says and nothing else, and it is small: check what it writes.",
        f"- Texts of more than {recipe.model.context:,} tokens do not fit.",
        "- Nobody has looked for bias or harm in what it writes. It repeats what is in its data.",
    ]
    if isinstance(recipe, PairRecipe):
        lines.append(
            f"- It was taught texts of at most {recipe.data.max_length} tokens; give it one sentence at a time."
        )
    if not facts.results:
        lines.append("- It has not been judged: there are no figures.")
    return "\n".join(lines)


def _files(export: Export, verified: Verified | None) -> str:
    code = (
        "The code is the package's own, joined into two files; `LICENSE` is its licence.\n\n" if export.custom else ""
    )
    if verified is None:
        return f"{code}This folder was not compared with the run that it was made from."
    return (
        f"{code}Compared with its run in a process without groundup: {verified.line.removeprefix('verified').strip()}."
    )
