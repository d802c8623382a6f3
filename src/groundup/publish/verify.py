"""Compare an export with its run where nobody has our code: a fresh process that cannot import groundup.

Every tensor equals the file, logits agree within TOLERANCE, greedy and beam tokens are the run's, with and without a
cache, and tokenizers give the run's ids, on hard strings too. What was found stands in verified.json beside the export.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from groundup.data.normalise import normalise_sentence
from groundup.files import write_whole
from groundup.hub.tokenizer import TARGET
from groundup.publish.inputs import Inputs, hard_strings, inputs_for
from groundup.publish.write import Export
from groundup.records import read_json
from groundup.run.chat import Conversation, Turn
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun

TOLERANCE = 1e-5
"""Of a logit, absolute, or relative where it is larger than 1."""
BEAMS = 4
FEW = 16
"""Inputs whose logits are compared, and that are answered without a cache, too."""
NEW_TOKENS = 24
MINUTES = 10
CHATS = [["Hello, how are you?"], ["Hello.", "Hi, what can I do for you?", "I want a table for two."]]
FILE = "verified.json"
ELSEWHERE = Path(__file__).with_name("elsewhere.py")


@dataclass(frozen=True)
class Verified:
    """What was compared, and where it differs."""

    inputs: int
    origin: str
    transformers: str
    torch: str
    architecture: str
    tensors: int
    logits: float
    """The largest difference."""
    strings: int
    num_beams: int
    differences: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """All of it in one line."""
        with_what = f"transformers {self.transformers}"
        if self.differences:
            return f"not verified with {with_what}: {'; '.join(self.differences)}"
        return (
            f"verified     {with_what}: {self.tensors} tensors, logits within {self.logits:.1g}, greedy and "
            f"{self.num_beams} beams on {self.inputs} {self.origin}, cached as uncached, {self.strings} strings"
        )


def verify(run: PairRun | TextRun, export: Export, *, count: int) -> Verified:
    """Compare on `count` inputs, write verified.json beside the export and give it back.

    ValueError where transformers is not installed, or where the folder cannot be loaded at all.
    """
    inputs = inputs_for(run, count)
    expected = _expected(run, inputs)
    with tempfile.TemporaryDirectory() as place:
        said, logits = _asked_elsewhere(export, expected, Path(place))
    gap, differences = _compare(expected, said, logits)
    verified = Verified(
        inputs=len(inputs.texts),
        origin=inputs.origin,
        transformers=said["transformers"],
        torch=said["torch"],
        architecture=said["class"],
        tensors=said["tensors"]["equal"],
        logits=gap,
        strings=sum(map(len, expected["strings"].values())),
        num_beams=BEAMS,
        differences=differences,
    )
    write_whole(export.folder / FILE, json.dumps(asdict(verified), indent=2) + "\n")
    return verified


def read_verified(folder: Path) -> Verified:
    """What stands beside the export; ValueError where it was not verified."""
    if not (folder / FILE).is_file():
        raise ValueError(f"{folder} has no {FILE}: it was not verified")
    return Verified(**read_json(folder / FILE))


@torch.inference_mode()
def _expected(run: PairRun | TextRun, inputs: Inputs) -> dict[str, Any]:
    """What the run computes."""
    texts, few = inputs.texts, inputs.texts[:FEW]
    limit = min(NEW_TOKENS, run.model.config.context // 2)
    if isinstance(run, TextRun):
        rows = [run.tokenizer.encode(text) for text in few]
        strings = {"source": [*few, *hard_strings(run.tokenizer)]}
        return {
            "texts": texts,
            "strings": strings,
            "chats": [],
            "ids": {"source": [run.tokenizer.encode(text) for text in strings["source"]]},
            "chat": [],
            "max_new_tokens": limit,
            "greedy": [one.ids for (one,) in run.generate_batch(texts, max_new_tokens=limit)],
            "beams": [best[0].ids for best in run.search(texts, num_beams=BEAMS, max_new_tokens=limit)],
            "decoder": None,
            "logits": [run.model(torch.tensor([ids]))[0] for ids in rows],
        }
    sides = {"source": (run.source, run.marks.source_eos)}
    if run.source is not run.target:
        sides["target"] = (run.target, run.marks.eos)
    strings = {"source": [*few, *hard_strings(run.source)], "target": hard_strings(run.target)}
    strings = {side: strings[side] for side in sides}
    greedy = [best[0].ids for best in run.answers(texts, max_new_tokens=limit)]
    decoder = [[run.marks.bos, *ids[:-1]] for ids in greedy[:FEW]]
    chats = CHATS if run.recipe.task == "dialogue" else []
    talk = Conversation(run)
    return {
        "texts": texts,
        "strings": strings,
        "chats": chats,
        "ids": {
            side: [[*tokenizer.encode(normalise_sentence(text)), end] for text in strings[side]]
            for side, (tokenizer, end) in sides.items()
        },
        "chat": [talk.ids([Turn("", turn) for turn in (turns if talk.remembers else turns[-1:])]) for turns in chats],
        "max_new_tokens": limit,
        "greedy": greedy,
        "beams": [best[0].ids for best in run.answers(texts, max_new_tokens=limit, num_beams=BEAMS)],
        "decoder": decoder,
        "logits": [
            run.model(torch.tensor([run.source_ids(text)]), torch.tensor([ids]))[0]
            for text, ids in zip(few, decoder, strict=True)
        ],
    }


def _asked_elsewhere(export: Export, expected: dict[str, Any], place: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What the other process says. ValueError in one line where it fails."""
    folder = export.folder.resolve()
    tokenizers = {"source": str(folder)} | ({"target": str(folder / TARGET)} if export.separate else {})
    question = {
        key: value for key, value in expected.items() if key not in ("ids", "chat", "greedy", "beams", "logits")
    }
    question |= dict(folder=str(folder), auto=export.auto, custom=export.custom, tokenizers=tokenizers)
    question |= dict(few=FEW, num_beams=BEAMS, threads=torch.get_num_threads())
    files = [place / "question.json", place / "answer.json", place / "logits.safetensors"]
    files[0].write_text(json.dumps(question), encoding="utf-8")
    # Nothing is fetched, and the code of the folder is copied aside, not among the user's models.
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(place / "home")}
    command = [sys.executable, str(ELSEWHERE), *map(str, files)]
    how: dict[str, Any] = dict(capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, cwd=place)
    try:
        done = subprocess.run(command, timeout=60 * MINUTES, **how)
    except subprocess.TimeoutExpired:
        raise ValueError(f"to verify {export.folder} took over {MINUTES} minutes; try fewer --inputs") from None
    if done.returncode:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
        if "No module named 'transformers'" in last:
            raise ValueError("an export is verified with transformers: pip install 'groundup[hub]', or --inputs 0")
        raise ValueError(f"{export.folder} cannot be loaded in a process without groundup: {last.strip()}")
    return read_json(files[1]), load_file(files[2])


def _compare(expected: dict[str, Any], said: dict[str, Any], logits: dict[str, Tensor]) -> tuple[float, list[str]]:
    """The largest difference of a logit, and all that differs, in words."""
    tensors = said["tensors"]
    differ = [f"tensor {name} differs from the file" for name in tensors["differ"]]
    differ += [f"tensor {name} is in no file" for name in tensors["missing"]]
    gap = 0.0
    for n, ours in enumerate(expected["logits"]):
        theirs = logits[str(n)]
        same = theirs.shape == ours.shape
        off = ((theirs - ours).abs() / ours.abs().clamp(min=1)).max().item() if same else torch.inf
        gap = max(gap, off) if off == off else off
    if not gap <= TOLERANCE:
        differ.append(f"logits differ by {gap:.2g}, more than {TOLERANCE:g}")
    for what, ours, theirs in (
        ("greedy tokens", expected["greedy"], said["greedy"]),
        (f"tokens of {BEAMS} beams", expected["beams"], said["beams"]),
        ("tokens without a cache", expected["greedy"][: len(said["uncached"])], said["uncached"]),
        ("ids of a conversation", expected["chat"], said["chat"]),
        *((f"ids of the {side} tokenizer", expected["ids"][side], said["ids"][side]) for side in expected["ids"]),
    ):
        if wrong := _unequal(ours, theirs):
            differ.append(f"{what} differ on {len(wrong)} of {len(ours)} (the first is number {wrong[0] + 1})")
    return gap, differ


def _unequal(ours: Sequence[list[int]], theirs: Sequence[list[int]]) -> list[int]:
    rows = max(len(ours), len(theirs))
    return [n for n in range(rows) if ours[n : n + 1] != theirs[n : n + 1]]
