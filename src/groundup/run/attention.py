"""What a run looks at while it answers: pictures of every layer and head, and a page to step through."""

import re
from pathlib import Path

from torch import Tensor

from groundup.decode.choose import Beams
from groundup.look.beams import Watched, beam_tree
from groundup.look.draw import draw_attention
from groundup.look.page import Panel, write_attention_page
from groundup.look.record import Maps, layer_weights, record_attention
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.text.tokenizer import Tokenizer

CANDIDATES = 5


def look_at_pair(run: PairRun, sentence: str, folder: Path, *, num_beams: int = 1) -> list[Path]:
    """Answer the sentence, record one teacher-forced pass over the answer, and write page.html and a PNG per panel.

    With more than one beam the page also shows the tree of the search.
    """
    watched = Watched()
    by = Beams(num_beams)
    answers = run.answers([sentence], by, num_return_sequences=num_beams, watch=watched)[0]
    if not answers:
        raise ValueError("an empty sentence has nothing to look at")
    answer = answers[0]
    with record_attention(run.model) as maps:
        probabilities = run.probabilities(sentence, answer.ids)
    source = run.source_pieces(sentence)
    written = run.target.pieces(answer.ids)
    read = [*run.target.pieces([run.marks.bos]), *written[:-1]]
    panels = [
        Panel("cross", written, source, layer_weights(maps, "decoder.blocks.*.cross")),
        Panel("encoder", source, source, layer_weights(maps, "encoder.blocks.*.attention")),
        Panel("decoder", written, read, layer_weights(maps, "decoder.blocks.*.attention")),
    ]
    tree = beam_tree(
        watched.steps,
        answers=[found.ids for found in answers],
        pieces=run.target.pieces,
        score=by.score,
    )
    return _write(
        folder,
        f"{run.folder.name}: {sentence} → {answer.text}",
        panels,
        source_text=sentence,
        output_text=answer.text,
        candidates=_candidates(probabilities, run.target),
        beams=tree if num_beams > 1 else None,
    )


def look_at_text(run: TextRun, prompt: str, folder: Path, *, max_new_tokens: int = 40) -> list[Path]:
    """Write on greedily after the prompt, record one pass over all of it, and write page.html and a PNG."""
    prompt_ids = run.prompt_ids(prompt)
    writing = run.generate(prompt, max_new_tokens=max_new_tokens)
    text = prompt + "".join(writing)
    ids = [*prompt_ids, *writing.written.ids]  # its own: the text has other spellings, and half characters none
    with record_attention(run.model) as maps:
        probabilities = run.probabilities(ids[:-1])
    pieces = run.tokenizer.pieces(ids)
    panels = [Panel("decoder", pieces[1:], pieces[:-1], _self_weights(maps))]
    title = f"{run.folder.name}: {text[:80]}"
    candidates = _candidates(probabilities, run.tokenizer)
    return _write(folder, title, panels, source_text=None, output_text=text, candidates=candidates)


def _self_weights(maps: Maps) -> Tensor:
    return layer_weights(maps, "stack.blocks.*.attention")


def _candidates(probabilities: Tensor, tokenizer: Tokenizer) -> list[list[tuple[str, float]]]:
    best = probabilities.topk(min(CANDIDATES, probabilities.shape[-1]), dim=-1)
    steps = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    # What cannot come is no candidate: an id without a token has no piece.
    return [[(tokenizer.pieces([id])[0], p) for id, p in zip(*step, strict=True) if p > 0] for step in steps]


def _write(folder: Path, title: str, panels: list[Panel], **page) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "page.html"]
    write_attention_page(written[0], title=title, panels=panels, **page)
    for panel in panels:
        path = folder / f"{panel.name}.png"
        draw_attention(panel.weights, queries=panel.queries, keys=panel.keys, path=path, title=f"{panel.name}: {title}")
        written.append(path)
    return written


def folder_name(text: str) -> str:
    """A short file name that reminds of the text."""
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")[:40] or "text"
