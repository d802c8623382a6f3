"""Who may import whom: the arrows of the house, read from the source; and that `import groundup` stays quick."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import groundup

PACKAGE = Path(groundup.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Folder -> what its files may import of groundup. A folder that is in FREE stands above all others.
MAY = {
    "nn": {"nn"},
    "fast": {"fast", "nn", "machine"},
    "models": {"models", "nn", "config", "fast"},  # of fast one word, see test_heart.py
    "build": {"models", "config"},
    "look": {"look", "nn"},
    "text": {"text", "machine", "files", "nearest"},
    "measure": {"measure"},
    "page": {"page", "look", "models", "fast", "stock", "data", "text"},  # what a run is, it does not know
    "data": {"data", "batch", "text", "machine", "files", "nearest", "records", "phrasebook"},
    "phrasebook": {"phrasebook"},
    "decode": {"decode", "nn", "fast", "machine"},  # masks, caches, packed weights; what a model is, it does not know
    "training": {"training", "fast", "batch", "machine", "files", "nearest", "records"},
    # Of training the settings alone.
    "recipes": {"recipes", "config", "presets", "training", "files", "nearest", "records"},
    "run": {
        *(
            "run",
            "recipes",
            "data",
            "text",
            "models",
            "build",
            "stock",
            "config",
            "batch",
            "fast",
            "training",
            "decode",
            "measure",
            "look",
            "page",
        ),
        *("files", "nearest", "records"),
    },
    "serve": {"serve", "page", "run", "hub", "decode", "models", "data", "text", "recipes", "__version__"},
    "plan": {
        *(
            "plan",
            "recipes",
            "config",
            "presets",
            "models",
            "build",
            "training",
            "machine",
            "nearest",
            "bench",
            "batch",
        ),
    },
    "flow": {
        *("flow", "plan", "run", "recipes", "hub", "measure", "decode", "training", "models", "build", "data", "text"),
        *("config", "presets", "machine", "files", "batch", "records", "terminal", "doctor"),
    },
    "publish": {
        *("publish", "hub", "flow", "run", "recipes", "measure", "decode", "data", "text", "build", "config"),
        *("files", "records", "__version__"),
    },
    "comparisons": {
        *("comparisons", "flow", "run", "recipes", "data", "decode", "training", "models", "build", "presets"),
        *("machine", "files", "nearest", "batch", "records", "__version__"),
    },
    "tune": {
        *("tune", "comparisons", "flow", "plan", "run", "recipes", "training", "text", "config", "machine", "files"),
        *("batch", "records", "__version__"),
    },
    "bench": {
        *("bench", "hub", "decode", "training", "models", "build", "fast", "nn", "data", "text", "config", "presets"),
        *("machine", "batch", "files", "__init__", "__version__"),
    },
    "doctor": {"doctor"},  # torch alone: it examines anybody's models
    "stock": {"stock", "models", "build"},
    "hub": {"hub", "models", "nn", "config", "stock", "text", "build", "files", "records", "__version__"},
    "config": {"config", "nearest", "records"},
    "presets": {"presets", "config", "nearest"},
    "machine": {"machine"},
    "files": {"files"},
    "batch": {"batch"},
    "nearest": {"nearest"},
    "terminal": {"terminal"},
    "notebook": {"notebook"},
    "records": {"records"},
}
FREE = {"cli", "__init__", "__main__"}
# Where torch may stand at the top of a file.
TORCH = {
    *("nn", "fast", "models", "build.py"),
    *("look", "page", "decode", "training", "hub", "run", "flow", "comparisons", "bench", "plan", "publish", "serve"),
    *("doctor", "stock.py", "tune", "batch.py", "measure/multiple_choice.py", "measure/harness.py"),
    *("data/batches.py", "data/stream.py"),
}
CALLABLE = {"phrasebook/__init__.py", "doctor/__init__.py"}  # a package that is also a public function
NN_NEEDS_ONLY = {"torch", "groundup"}


def part(path: Path) -> str:
    """`nn` of nn/masks.py, `config` of config.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def imports(path: Path, *, at_import: bool = False) -> frozenset[str]:
    """Dotted names that a file imports; `at_import` leaves out functions and `if TYPE_CHECKING`."""
    found = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: imports are absolute here"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not (at_import and (lazy or typing)):
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(found)


def of_groundup(path: Path) -> set[str]:
    """The parts of groundup that a file imports."""
    dotted = [imported.split(".") for imported in imports(path)]
    return {parts[1] if len(parts) > 1 else "__init__" for parts in dotted if parts[0] == "groundup"}


def top_level(path: Path, *, at_import: bool = False) -> set[str]:
    return {imported.split(".")[0] for imported in imports(path, at_import=at_import)}


def test_this_test_reads_something():
    assert len(FILES) > 40
    assert {part(path) for path in FILES} == MAY.keys() | FREE, "a new part of the house needs its arrows here"
    assert of_groundup(PACKAGE / "nn" / "attention.py") == {"nn"}
    assert "torch" in top_level(PACKAGE / "nn" / "masks.py", at_import=True)


@pytest.mark.parametrize("path", [path for path in FILES if part(path) in MAY], ids=name)
def test_arrows(path: Path):
    assert of_groundup(path) <= MAY[part(path)]


def test_recipes_are_records():
    for path in (PACKAGE / "recipes").glob("*.py"):
        of_training = {one for one in imports(path) if one.startswith("groundup.training")}
        assert of_training <= {"groundup.training.settings.TrainSettings"}
    assert loaded_by("import groundup.recipes.table") == []


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Those that can be reached from themselves."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [*arrows[start]]
        while ahead:
            if (one := ahead.pop()) not in seen:
                seen.add(one)
                ahead += arrows.get(one, ())
        return seen

    return sorted(one for one in arrows if one in reached(one))


def file_of(dotted: str) -> str | None:
    """The file that an imported name lies in; None for names that `groundup` itself gives out."""
    parts = dotted.split(".")[1:]
    for end in range(len(parts), 0, -1):
        for path in (PACKAGE.joinpath(*parts[:end]).with_suffix(".py"), PACKAGE.joinpath(*parts[:end], "__init__.py")):
            if path.is_file():
                return name(path)
    return None


def test_no_circles():
    """Neither of packages nor of files, imports inside functions and for types included."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"], "they would be seen"
    files = {
        name(path): {file_of(one) for one in imports(path) if one.split(".")[0] == "groundup"} - {None, name(path)}
        for path in FILES
    }
    packages: dict[str, set[str]] = {}
    for path in FILES:
        packages.setdefault(part(path), set()).update(of_groundup(path) - {part(path)})
    assert circles(files) == []  # type: ignore[arg-type]
    assert circles(packages) == []


@pytest.mark.parametrize("path", [path for path in FILES if part(path) == "nn"], ids=name)
def test_blocks_need_torch_and_nothing_else(path: Path):
    assert top_level(path) <= NN_NEEDS_ONLY | sys.stdlib_module_names


@pytest.mark.parametrize("path", FILES, ids=name)
def test_torch_stands_only_where_it_may(path: Path):
    at_import = part(path) in {"cli", "__init__", "machine"}  # there it may be imported inside a function
    if part(path) not in TORCH and name(path) not in TORCH:
        assert "torch" not in top_level(path, at_import=at_import)
    if name(path) not in {"training/distributed.py", "training/slices.py"}:
        assert not [imported for imported in imports(path) if imported.startswith("torch.distributed")]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_house_rules(path: Path):
    assert path.stem not in {"utils", "helpers", "common", "base", "util", "misc", "helper"}
    if part(path) not in {"cli", "__main__"}:
        assert "cli" not in of_groundup(path), "nobody imports the command line"
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= 250, f"{length} lines"
    if path.name == "__init__.py" and path.parent != PACKAGE and name(path) not in CALLABLE:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) <= 1, "a subpackage's __init__ is a docstring: names live on top"


def loaded_by(code: str) -> list[str]:
    """Which of the slow libraries are in memory after running the code in a fresh interpreter."""
    slow = ("torch", "transformers", "matplotlib", "sacrebleu", "pooch", "optuna")
    report = f"{code}\nimport sys\nprint(*[name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split() if done.stdout.strip() else []


def test_groundup_is_imported_without_torch():
    assert loaded_by("import groundup; groundup.__version__; dir(groundup)") == []
    assert loaded_by("import groundup; groundup.preset('gpt2')") == []


def test_the_command_line_is_imported_without_torch():
    verbs = [f"groundup.cli.{path.stem}" for path in (PACKAGE / "cli").glob("*.py") if path.stem != "__init__"]
    assert "groundup.cli.main" in verbs
    assert loaded_by("import groundup.cli.main") == []
    assert "torch" not in loaded_by("; ".join(f"import {verb}" for verb in verbs))


def test_text_and_data_are_imported_without_torch():
    modules = [
        "groundup." + name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in FILES
        if part(path) in {"text", "measure", "data", "phrasebook"} and name(path) not in TORCH
    ]
    assert len(modules) > 15
    assert "torch" not in loaded_by("; ".join(f"import {module}" for module in modules))


def test_every_public_name_is_there():
    code = "import groundup\nfor name in groundup.__all__: getattr(groundup, name)"
    loaded_by(code)
    with pytest.raises(AttributeError, match="nonsense"):
        groundup.nonsense
