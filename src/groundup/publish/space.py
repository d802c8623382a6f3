"""A static Space: the page that runs the model in the browser, and the few lines by which the Hub shows it."""

import json
from pathlib import Path

from groundup.files import write_whole
from groundup.publish.inputs import inputs_for
from groundup.run.page import write_page
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun

PAGE = "index.html"
EXAMPLES = 5


def write_space(run: PairRun | TextRun, folder: Path, *, model: str, licence: str) -> None:
    """Write the page and its README.md. ValueError for a model that is too large for a page."""
    folder.mkdir(parents=True)
    write_page(run, folder / PAGE, examples=inputs_for(run, EXAMPLES).texts)
    title = model.split("/")[1]
    values = {
        "title": title,
        "emoji": "📖",
        "colorFrom": "blue",
        "colorTo": "yellow",
        "sdk": "static",
        "app_file": PAGE,
        "license": licence,
        "models": [model],
        "short_description": f"{title} in your browser, nothing is sent",
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    link = f"[{model}](https://huggingface.co/{model})"
    about = (
        f"# {title}\n\nThe model {link} as one HTML file, made with groundup. It runs in the browser, and what you "
        "type stays there.\n"
    )
    write_whole(folder / "README.md", "\n".join(["---", *lines, "---", "", about]))
