"""Make page.webp, the picture of the README that moves: somebody types a sentence into the page of the demo.

    groundup demo && python docs/images/make.py runs/demo

It needs Chromium and playwright (the extra dev), and Pillow, which matplotlib brings.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import groundup as gu

SENTENCE = "I did not give it to her."
SIZE = {"width": 1280, "height": 820}
WIDTH = 920  # of the picture
OUT = Path(__file__).with_name("page.webp")


def film(page: Any) -> list[tuple[Image.Image, int]]:
    """Pictures, each with the milliseconds that it stands."""
    shots: list[tuple[Image.Image, int]] = []

    def shoot(milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        height = round(picture.height * WIDTH / picture.width)
        shots.append((picture.resize((WIDTH, height), Image.Resampling.LANCZOS), milliseconds))

    page.wait_for_function("document.querySelector('#stop').disabled")  # it has answered its first example: it is warm
    page.locator("#source").fill("")
    page.evaluate("translate.clear(); document.querySelector('#answer').replaceChildren()")
    shoot(600)
    for end in range(3, len(SENTENCE) + 3, 3):
        page.locator("#source").fill(SENTENCE[:end])
        shoot(130)
    page.locator("#go").click()
    page.wait_for_selector("#answer-tokens button, #answer-tokens [tabindex]")
    page.wait_for_function("document.querySelector('#stop').disabled")
    page.wait_for_timeout(500)
    shoot(1600)
    while page.locator("#look-next").is_enabled():  # one token after the other: where did the model look?
        page.locator("#look-next").click()
        page.wait_for_timeout(100)
        shoot(900)
    page.locator("#search").scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    shoot(2600)
    return shots


def main(run: str) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = gu.load(run).page(Path(folder) / "page.html", examples=["She never drinks coffee.", SENTENCE])
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
        shots = film(page)
        browser.close()
    first, *rest = [picture for picture, _ in shots]
    first.save(
        OUT, save_all=True, append_images=rest, duration=[stands for _, stands in shots], loop=0, quality=72, method=6
    )
    print(f"{OUT}  {len(shots)} pictures, {OUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
