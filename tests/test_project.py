"""What stands in several files of the project at once is the same in all of them."""

import re
import tomllib
from pathlib import Path

import yaml

import groundup

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
PINNED = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line
)


def read_yaml(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_version_stands_in_one_place():
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    source = ROOT / PYPROJECT["tool"]["hatch"]["version"]["path"]
    assert source.samefile(groundup.__file__)
    found = re.findall(r'^__version__ = "(.+)"$', source.read_text(encoding="utf-8"), re.MULTILINE)
    assert found == [groundup.__version__]  # what hatch looks for


def test_the_last_release_is_in_the_change_log_and_the_citation():
    releases = re.findall(r"^## (\S+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    citation = read_yaml("CITATION.cff")
    assert releases[0] == (str(citation["version"]), str(citation["date-released"]))
    assert groundup.__version__.startswith(releases[0][0])  # 0.2.0.dev0 comes after 0.1.0, and says so here
    assert citation["license"] == PROJECT["license"]


def test_one_address_for_the_project():
    home = PROJECT["urls"]["Homepage"]
    assert all(url.startswith(home) for url in PROJECT["urls"].values())
    assert read_yaml("CITATION.cff")["repository-code"] == home
    for name in re.findall(r"/(?:tree|blob)/main/(\S+)", " ".join(PROJECT["urls"].values())):
        assert (ROOT / name).exists()


def test_the_workflow_tries_every_python_that_is_promised():
    matrix = read_yaml(".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"]
    promised = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    assert matrix["python"] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_the_workflow_checks_what_make_test_checks():
    jobs = read_yaml(".github/workflows/test.yml")["jobs"]
    commands = " ".join(step["run"] for job in jobs.values() for step in job["steps"] if "run" in step)
    targets = re.findall(r"^\t\$\(BIN\)/(.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for command in ("ruff check .", "ruff format --check .", "pyright", "python -m pytest -n 2 -m 'not slow'"):
        assert command in targets, "`make test` changed; change the workflow, and this list, with it"
        assert command.replace("'", '"') in commands


def test_pre_commit_lints_with_the_pinned_ruff():
    revisions = {repo["repo"].rsplit("/", 1)[-1]: repo["rev"] for repo in read_yaml(".pre-commit-config.yaml")["repos"]}
    assert revisions["ruff-pre-commit"] == f"v{PINNED['ruff']}"


def test_type_checkers_may_read_the_annotations():
    assert Path(groundup.__file__).with_name("py.typed").is_file()
    assert "Typing :: Typed" in PROJECT["classifiers"]
