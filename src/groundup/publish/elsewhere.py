"""Runs by itself, in a process that cannot import groundup: load a folder as anybody does, and say what it computes.

    python elsewhere.py QUESTION.json ANSWER.json LOGITS.safetensors

`verify` writes the question and reads the two answers. Nothing here knows our package.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.modules["groundup"] = None  # type: ignore[assignment]  # an import of it fails

import safetensors.torch
import torch
import transformers
from torch import Tensor
from transformers import AutoTokenizer


def main(question: str, answer: str, logits: str) -> None:
    """Answer everything that is asked."""
    asked = json.loads(Path(question).read_text(encoding="utf-8"))
    torch.set_num_threads(asked["threads"])
    transformers.utils.logging.disable_progress_bar()
    auto = getattr(transformers, asked["auto"])
    model = auto.from_pretrained(asked["folder"], trust_remote_code=asked["custom"]).eval()
    trust = dict(trust_remote_code=asked["custom"])
    tokenizers = {side: AutoTokenizer.from_pretrained(folder, **trust) for side, folder in asked["tokenizers"].items()}
    said = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "class": type(model).__name__,
        "tensors": compare_tensors(model, Path(asked["folder"])),
        "ids": {name: [tokenizers[name](text).input_ids for text in asked["strings"][name]] for name in tokenizers},
        "chat": [chat_ids(tokenizers["source"], turns) for turns in asked["chats"]],
    }
    rows = [tokenizers["source"](text).input_ids for text in asked["texts"]]
    limits = dict(max_new_tokens=asked["max_new_tokens"], do_sample=False)
    said["greedy"] = written(model, rows, num_beams=1, **limits)
    said["beams"] = written(model, rows, num_beams=asked["num_beams"], **limits)
    few = rows[: asked["few"]]
    said["uncached"] = written(model, few, num_beams=1, use_cache=False, **limits)
    safetensors.torch.save_file(forward(model, few, asked["decoder"]), logits)
    Path(answer).write_text(json.dumps(said), encoding="utf-8")


def compare_tensors(model, folder: Path) -> dict:
    """How many tensors of the file the model has as they are there; which differ; which parameters no file names."""
    stored: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        stored |= safetensors.torch.load_file(file)
    loaded = model.state_dict()
    differ = [name for name, tensor in stored.items() if name not in loaded or not torch.equal(loaded[name], tensor)]
    known = {loaded[name].data_ptr() for name in stored if name in loaded}
    computed = model._keys_to_ignore_on_save or []  # sinusoids, which the class makes itself
    learned = [(name, tensor) for name, tensor in model.named_parameters() if name not in computed]
    missing = [name for name, tensor in learned if tensor.data_ptr() not in known]
    return {"equal": len(stored) - len(differ), "of": len(stored), "differ": differ[:5], "missing": missing[:5]}


def padded(rows: list[list[int]], *, left: bool) -> tuple[Tensor, Tensor]:
    """Ids and mask, (B, T) each."""
    T = max(map(len, rows))
    fill = [[0] * (T - len(row)) for row in rows]
    ids = [gap + row if left else row + gap for gap, row in zip(fill, rows, strict=True)]
    ones = [[1] * len(row) for row in rows]
    mask = [gap + one if left else one + gap for gap, one in zip(fill, ones, strict=True)]
    return torch.tensor(ids), torch.tensor(mask)


def written(model, rows: list[list[int]], **how) -> list[list[int]]:
    """What it writes after, or in answer to, each of the rows, eight at a time and padded."""
    translates = model.config.is_encoder_decoder
    ends = model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
    found = []
    for first in range(0, len(rows), 8):
        some = rows[first : first + 8]
        ids, mask = padded(some, left=not translates)
        begun = 1 if translates else ids.shape[1]
        with torch.no_grad():
            answers = model.generate(input_ids=ids, attention_mask=mask, **how)[:, begun:].tolist()
        found += [until_end(answer, ends) for answer in answers]
    return found


def until_end(ids: list[int], ends: set[int]) -> list[int]:
    """Up to and with the end token; what follows is padding."""
    stop = next((n for n, id in enumerate(ids, 1) if id in ends), len(ids))
    return ids[:stop]


@torch.no_grad()
def forward(model, rows: list[list[int]], decoder: list[list[int]] | None) -> dict[str, Tensor]:
    """The logits of each row, read in one padded batch: of a translation those of its decoder ids."""
    ids, mask = padded(rows, left=False)
    more = {} if decoder is None else {"decoder_input_ids": padded(decoder, left=False)[0]}
    logits = model(input_ids=ids, attention_mask=mask, **more).logits
    return {str(n): logits[n, : len(row)].float().clone() for n, row in enumerate(decoder or rows)}


def chat_ids(tokenizer, turns: list[str]) -> list[int]:
    """What the model reads of a conversation, by the template that stands in the folder."""
    roles = ["user" if (len(turns) - n) % 2 else "assistant" for n in range(len(turns))]
    messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=True)]
    return tokenizer(tokenizer.apply_chat_template(messages, tokenize=False)).input_ids


if __name__ == "__main__":
    main(*sys.argv[1:])
