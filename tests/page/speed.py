"""How fast the page of a run is, in headless Chromium: python tests/page/speed.py RUN [RUN ...]

Prints the median of six, and the best of them: other programs on the machine make it slower, never faster. A figure is
worth quoting only where the load (the last line) is that of this program alone.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import groundup as gu

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TIMES = 6
SENTENCE = "The old lawyer has lost the key to her house."
TOKENS = 200
COUNT = """async ([verb, options]) => {
  let n = 0;
  const began = performance.now();
  await engine.ask(verb, options, step => { n += "read" in step ? 0 : 1; });
  return n / (performance.now() - began) * 1000;
}"""


def measure(browser: Any, path: Path, *, language: bool) -> dict[str, float]:
    """Open the page once: seconds to its first answer, then steps a second for each way of answering."""
    page = browser.new_page()
    began = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    found: dict[str, float] = {}
    if language:
        page.wait_for_selector("body[data-ready]")
        found["s until the model is there"] = time.perf_counter() - began
        ids = page.evaluate("async () => (await engine.ask('prompt', { text: '' })).tokens.map(({ id }) => id)")
        found["tokens/s"] = page.evaluate(COUNT, ["write", dict(ids=ids, max=TOKENS)])
    else:
        page.wait_for_selector("#look:not([hidden])")
        found["s until the first answer"] = time.perf_counter() - began
        for name, beams in (("greedy, tokens/s", 1), ("4 beams, steps/s", 4)):
            page.evaluate(COUNT, ["answer", dict(text=SENTENCE, beams=beams)])  # what the browser compiles at first
            found[name] = page.evaluate(COUNT, ["answer", dict(text=SENTENCE, beams=beams)])
    page.close()
    return found


def main(names: list[str]) -> None:
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=root)
        for name in names:
            run = gu.load(name)
            language = run.recipe.task == "language"
            for precision in ("float16", "int8"):
                path = run.page(
                    Path(folder) / f"{precision}.html", precision=precision, examples=[SENTENCE], overwrite=True
                )
                rows = [measure(browser, path, language=language) for _ in range(TIMES)]
                print(f"{run.folder.name}, {precision}: {path.stat().st_size / 1e6:.1f} MB")
                for what in rows[0]:
                    values = [row[what] for row in rows]
                    best = min(values) if what.startswith("s ") else max(values)
                    print(f"  {what}: {statistics.median(values):.3g} ({best:.3g})")
        print(f"Chromium {browser.version}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
