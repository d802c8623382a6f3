"""`results.json`: the final figures of a run, each with everything needed to quote it."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One figure with its circumstances."""

    metric: str
    """bleu, chrf, exact-match, perplexity, bits-per-byte, loss."""
    value: float
    split: str
    """What it was measured on: test, validation, train, or a file."""
    size: int
    """Pairs, or characters of text."""
    seed: int
    """Of the training."""
    seconds: float
    """What the measuring took."""
    signature: str | None = None
    """sacreBLEU's, or the exact convention of the figure."""
    num_beams: int | None = None

    def __str__(self) -> str:
        beams = "" if self.num_beams is None else ("  greedy" if self.num_beams == 1 else f"  {self.num_beams} beams")
        return f"{self.metric:13} {self.value:.{self.digits}f}{beams}  on {self.split} ({self.size:,})"

    @property
    def digits(self) -> int:
        """Decimals worth printing."""
        return 2 if self.metric in ("bleu", "chrf", "exact-match", "perplexity") else 4


def save_results(path: Path, results: list[Result], *, training: dict) -> None:
    """Write the figures and how the training went, replacing the file whole."""
    record = {
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "training": training,
        "results": [asdict(result) for result in results],
    }
    aside = path.with_suffix(".json.tmp")
    aside.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)
