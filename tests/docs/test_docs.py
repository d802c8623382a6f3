"""README, docs and the other pages: what they show runs, what they name is there, what they count is so."""

import contextlib
import functools
import inspect
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import tyro

import groundup as gu
from groundup.cli.main import VERBS, main
from groundup.data import catalogue
from groundup.recipes.recipe import save_recipe
from groundup.recipes.table import RECIPES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    page: str
    kind: str
    text: str


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(kind: str | None = None) -> list[Block]:
    """The code blocks of all pages, or those of a kind: sh, python, text."""
    found = [
        Block(page.relative_to(ROOT).as_posix(), info, body)
        for page in PAGES
        for info, body in FENCE.findall(text_of(page))
    ]
    return [block for block in found if kind in (None, block.kind)]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", text_of(page))


def commands() -> list[tuple[str, str]]:
    """(page, command): lines of `sh` blocks, those behind a "$ " in `text` blocks, and `groundup ...` in sentences.

    A line that ends in a backslash goes on in the next one.
    """
    found = []
    for block in blocks("sh"):
        lines = block.text.replace("\\\n", " ").splitlines()
        found += [(block.page, line.strip()) for line in lines if line.strip() and not line.strip().startswith("#")]
    for block in blocks("text"):  # a command and what it prints
        found += [(block.page, line[2:]) for line in block.text.splitlines() if line.startswith("$ ")]
    for page in PAGES:
        inline = re.findall(r"`(groundup [^`]+)`", prose(page).replace("\n", " "))
        found += [(page.relative_to(ROOT).as_posix(), command) for command in inline]
    return found


CODE_FILES = {path.relative_to(ROOT / "src" / "groundup").as_posix() for path in (ROOT / "src").rglob("*.py")}
IDS = [page.relative_to(ROOT).as_posix() for page in PAGES]
PACKAGE = ROOT / "src" / "groundup"
MADE = ("mine.py", "modeling_groundup.py", "your_recipe.py")
"""Files that the reader, or a command, writes."""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_files_of_the_package_that_a_page_names_are_there(page: Path):
    """`nn/masks.py` is a path in the package or in the repository; `masks.py` alone is any file of that name."""
    if page.name == "CHANGELOG.md":
        return  # it tells what was
    for name in re.findall(r"`([\w./-]+\.(?:py|md|sh|sbatch|toml|yml))`", text_of(page)):
        if "/" in name:
            assert name in CODE_FILES or (ROOT / name).exists() or (page.parent / name).exists(), f"{page.name}: {name}"
        elif name.endswith(".py") and name not in MADE:
            known = {Path(source).name for source in CODE_FILES} | {path.name for path in ROOT.glob("examples/*.py")}
            assert name in known, f"{page.name}: {name}"


def test_every_block_says_what_it_is():
    """So that those which can run are run: sh and python; output, layouts and formulas are text."""
    kinds = Counter(block.kind for block in blocks())
    executed = re.compile(
        r"\{(code-cell\} python|literalinclude\} \S+|toctree\}|eval-rst\}|verbs\})"
    )  # test_handbook.py
    assert {kind for kind in kinds if not executed.fullmatch(kind)} <= {"sh", "python", "text"}, kinds
    assert kinds["sh"] > 5
    assert kinds["python"] >= 1


COMMANDS = sorted(set(commands()))
GROUNDUP = sorted({(page, line) for page, line in COMMANDS if re.search(r"(^|[/ ])groundup [a-z-]", line)})
MAKE = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


class Understood(BaseException):
    """Raised where a verb has read its arguments and would begin to work."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages speak of as if it were there: models in Hugging Face's format."""
    desk = tmp_path_factory.mktemp("desk")
    tokenizer = gu.Tokenizer.train_from_texts(["a text"], vocab_size=260, pattern="gpt2")
    model = gu.CausalLM(gu.preset("gpt2-tiny", vocab_size=tokenizer.vocab_size, context=8, width=8, heads=1, layers=1))
    for name in ("folder", "a-model"):
        gu.to_hub(model, desk / name, tokenizer=tokenizer)
    (desk / "examples").mkdir()
    (desk / "exercises").mkdir()
    for name in ("mine.py", "examples/own_norm.py", "exercises/your_recipe.py"):  # recipes, with a COMPARISON
        shutil.copy(ROOT / "examples" / "own_norm.py", desk / name)
    (desk / "runs" / "mine").mkdir(parents=True)
    save_recipe(gu.find_recipe("demo"), desk / "runs" / "mine" / "recipe.json")
    return desk


@pytest.fixture
def only_parse(monkeypatch: pytest.MonkeyPatch, desk: Path) -> None:
    """tyro reads the arguments as always, and then stops."""
    monkeypatch.chdir(desk)
    read = tyro.cli

    def stop(what, **options):
        if inspect.isfunction(what):

            @functools.wraps(what)
            def wanted(*_, **__):
                raise Understood

            read(wanted, **options)
        read(what, **options)
        raise Understood

    monkeypatch.setattr(tyro, "cli", stop)


def arguments(line: str) -> list[str]:
    """What `groundup` gets of a command as people write it: without redirections, comments, and brackets that say "if
    you like"; of 0|1|2 the first."""
    line = re.sub(r"\[([^\[\]]*)\]", "", line.split(" && ")[-1])
    line = re.sub(r"(\w+)(\|\w+)+", r"\1", line)
    words = shlex.split(re.split(r"\s[<>|]\s", line)[0], comments=True)
    at = next(i for i, word in enumerate(words) if word.rsplit("/", 1)[-1] == "groundup")
    return [word for word in words[at + 1 :] if word not in ("...", "…")]


@pytest.mark.parametrize(("page", "line"), GROUNDUP, ids=[line[:60] for _, line in GROUNDUP])
@pytest.mark.usefixtures("only_parse")
def test_groundup_understands(page: str, line: str, capsys: pytest.CaptureFixture[str]):
    words = arguments(line)
    assert words[0] in {*VERBS, "--help", "--version"}, f"{page}: {line}"
    words = ["corpus" if word == "RECIPE" else word for word in words]
    if words[1:] and words[1].startswith("--"):  # "`groundup generate --precision int8`" is about the flag
        words.insert(1, "demo")
    code = said_by(words)
    err = capsys.readouterr().err
    only_named = not any(word.startswith("-") for word in words) and re.search(r" (is|are) missing", err)
    assert code == 0 or only_named, f"{page}: {line}\n{err}"


def said_by(words: list[str]) -> int:
    """The exit code of a command, 0 if it would have begun to work."""
    try:
        main(words)
    except Understood:
        return 0
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[line[:60] for _, line in COMMANDS])
def test_what_other_programs_are_asked_for_is_there(page: str, line: str):
    words = shlex.split(line.removeprefix("$ "), comments=True)
    assert words, line
    for target in re.findall(r"\bmake ([a-z-]+)", line.split("#")[0]):
        assert target in MAKE, f"{page}: make {target}"
    for file in re.findall(r"\b((?:docs|examples|tests)/[\w./-]+)", line):
        assert (ROOT / file).exists(), f"{page}: {file}"


def test_this_test_reads_something():
    assert len(GROUNDUP) > 40
    assert len({page for page, _ in GROUNDUP}) >= 4


@pytest.mark.usefixtures("only_parse")
def test_a_wrong_flag_would_be_seen(capsys: pytest.CaptureFixture[str]):
    assert said_by(["translate", "fra-eng", "Hello.", "--num-beams", "4"]) == 0
    assert said_by(["translate", "fra-eng", "Hello.", "--num-beemes", "4"]) == 2
    assert "--num-beams" in capsys.readouterr().err


def test_the_page_of_recipes_names_every_verb_and_recipe():
    page = text_of(ROOT / "docs" / "recipes.md")
    assert [verb for verb in VERBS if f"groundup {verb}" not in page] == []
    assert [recipe for recipe in RECIPES if recipe not in page] == []


def test_the_readme_is_read_in_two_minutes_and_leads_to_the_rest():
    readme = text_of(ROOT / "README.md")
    assert len(readme.splitlines()) <= 120
    leads = set(re.findall(r"\]\(docs/([\w/-]+)\.md", readme))
    assert {"index", "recipes", "commands", "python", "corpora", "reading", "architecture", "results"} <= leads


def test_the_reading_order_counts_its_lines():
    page = text_of(ROOT / "docs" / "reading.md")
    rows = re.findall(r"^\| `([\w/]+\.py)` \| (\d+) \|", page, re.MULTILINE)
    assert len(rows) > 10
    counted = {name: len(text_of(PACKAGE / name).splitlines()) for name, _ in rows}
    assert {name: int(lines) for name, lines in rows} == counted, "write these numbers into docs/reading.md"
    (total,) = re.findall(r"^\| together \| ([\d,]+) \|", page, re.MULTILINE)
    assert int(total.replace(",", "")) == sum(counted.values())


@pytest.fixture(scope="module")
def with_a_demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which runs/demo is a tiny translator."""
    folder = tmp_path_factory.mktemp("demo")
    pairs = "".join(f"{n} dogs and {m} cats\t{n} cani e {m} gatti\n" for n in range(8) for m in range(8))
    (folder / "pairs.tsv").write_text(pairs, encoding="utf-8")
    small = (
        "--model.width 32 --model.heads 2 --model.layers 1 --model.encoder-layers 1 --model.mlp-width 64 "
        "--tokenizer.vocab-size 300 --data.batch-tokens 256 --data.valid 4 --data.test 4 --max-minutes None "
        "--train.steps 4 --train.warmup 1 --train.threads 1"
    )
    with contextlib.chdir(folder):
        main(["train", "translation", "pairs.tsv", "--name", "demo", *small.split()])
    return folder


PYTHON = [(block.page, block.text) for block in blocks("python")]
SMALLER = {"steps=200": "steps=21", "2_000_000": "100_000", "vocab_size=2048": "vocab_size=600"}


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=[page for page, _ in PYTHON])
def test_python_runs(page: str, code: str, with_a_demo_run: Path, capsys: pytest.CaptureFixture[str]):
    for large, small in SMALLER.items():
        code = code.replace(large, small)
    with contextlib.chdir(with_a_demo_run):
        exec(compile(code, page, "exec"), {"__name__": "__main__"})
    if page == "README.md":
        said = capsys.readouterr().out.strip()
        assert re.search(r"^step 20  loss \d\.\d+  lr \S+  grad \S+  \S+ tok/s$", said, re.MULTILINE), said


def test_of_every_corpus_it_is_said_where_it_comes_from():
    rows = [line.split(" | ") for line in text_of(ROOT / "docs" / "corpora.md").splitlines() if " | " in line]
    told = {name: row for row in rows for name in re.findall(r"`([\w-]+)`", row[0]) if len(row) == 4}
    for name, corpus in catalogue.SOURCES.items():
        origin, licence = told[name][2], told[name][3].removesuffix(" |")
        assert corpus.origin in origin.replace("https://", ""), name
        assert corpus.licence == licence, name
