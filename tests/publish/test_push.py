"""`groundup push`: to a stand-in for the Hub, with the real client, and down again where nobody has our code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from standin import TOKEN, Hub, Repository, standing_in

from groundup.cli.main import main
from groundup.publish.push import check_name, push

huggingface_hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
DOWNLOAD = """
import sys
sys.modules["groundup"] = None
from transformers import AutoModelForCausalLM, AutoTokenizer
name, revision = sys.argv[1:]
options = dict(revision=revision) if revision else {}
model = AutoModelForCausalLM.from_pretrained(name, trust_remote_code=True, **options)
tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=True, **options)
batch = tokenizer("Where is", return_tensors="pt")
print(model.generate(**batch, max_new_tokens=9, do_sample=False)[0].tolist())
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A stand-in that the client of this process talks to."""
    from huggingface_hub import constants

    with standing_in() as hub:
        for name, value in (
            ("ENDPOINT", hub.url),
            ("HF_HUB_OFFLINE", False),
            ("HF_HUB_DISABLE_XET", True),
            ("HF_TOKEN_PATH", str(tmp_path / "token")),
        ):
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Something to send, with two large files."""
    place = tmp_path / "folder"
    place.mkdir()
    for n in (1, 2):
        (place / f"model-0000{n}-of-00002.safetensors").write_bytes(bytes([n]) * 5000)
    (place / "verified.json").write_text("{}")
    (place / "README.md").write_text("# A model\n")
    return place


def downloaded(hub: Hub, name: str, place: Path, revision: str = "") -> str:
    """What a process without groundup says that has fetched the model from the hub."""
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    environment |= {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(place / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": TOKEN,
    }
    done = subprocess.run(
        [sys.executable, "-c", DOWNLOAD, name, revision], capture_output=True, text=True, env=environment, cwd=place
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_there_and_back(hub: Hub, runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One commit, private, tagged; the model that comes down writes what the run writes. Nowhere a token."""
    run = runs("modern")
    main(["push", str(run.folder.path), "ann/tiny", "--private", "--tag", "v1", "--inputs", "3"])
    said = capsys.readouterr()
    assert "verified " in said.out
    assert TOKEN not in said.out + said.err
    there = hub.repositories["ann/tiny"]
    assert there.private
    assert len(there.commits) == 2, "the empty one, and ours"
    tree = there.commits[there.tags["v1"]]
    assert there.branches["main"] == there.tags["v1"]
    assert {"README.md", "LICENSE", "config.json", "model.safetensors", "verified.json"} <= tree.keys()
    assert {"modeling_groundup.py", "configuration_groundup.py", "tokenizer.json"} <= tree.keys()
    assert not any(TOKEN.encode() in content for _, content in tree.values())
    card = tree["README.md"][1].decode()
    assert "from_pretrained('ann/tiny', trust_remote_code=True, revision='v1')" in card
    prompt = run.tokenizer.encode("Where is")
    ours = [*prompt, *run.generate_batch(["Where is"], max_new_tokens=9)[0][0].ids]
    assert downloaded(hub, "ann/tiny", tmp_path, "v1") == str(ours)


def test_a_dry_run_lists_and_sends_nothing(hub: Hub, runs, capsys: pytest.CaptureFixture[str]):
    main(["push", str(runs("gpt2").folder.path), "ann/tiny", "--dry-run", "--inputs", "2"])
    said = capsys.readouterr().out
    assert "model.safetensors" in said
    assert "nothing was sent" in said
    assert hub.asked == []


def test_a_second_push_replaces_the_first(hub: Hub, folder: Path):
    """Files of ours that are gone go; what somebody else put beside them stays."""
    push(folder, "ann/tiny")
    there = hub.repositories["ann/tiny"]
    there.commits[there.branches["main"]]["notes.md"] = "0" * 40, b"mine"
    (folder / "model-00002-of-00002.safetensors").unlink()
    push(folder, "ann/tiny", revision="next")
    assert "model-00002-of-00002.safetensors" in there.commits[there.branches["main"]]
    push(folder, "ann/tiny")
    tree = there.commits[there.branches["main"]]
    assert "model-00002-of-00002.safetensors" not in tree
    assert {"notes.md", "model-00001-of-00002.safetensors", "README.md"} <= tree.keys()


def test_after_a_cut_the_same_command_goes_on(hub: Hub, folder: Path):
    hub.cut_after = 1
    with pytest.raises(ValueError, match="run the same command again"):
        push(folder, "ann/tiny")
    there = hub.repositories["ann/tiny"]
    assert there.commits[there.branches["main"]] == {}, "nothing is half there"
    assert len(hub.large) == 1
    hub.cut_after = None
    push(folder, "ann/tiny")
    assert hub.uploads == 2, "what had arrived was not sent again"
    assert len(there.commits[there.branches["main"]]) == 4


def refused(folder: Path, repo: str = "ann/tiny", **options) -> str:
    with pytest.raises(ValueError) as error:
        push(folder, repo, **options)
    said = str(error.value)
    assert "\n" not in said
    assert TOKEN not in said
    return said


def test_without_a_right_token(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    assert "does not know this token" in refused(folder)
    monkeypatch.delenv("HF_TOKEN")
    assert "hf auth login" in refused(folder)
    assert hub.repositories == {}


def test_without_permission_or_with_a_name_that_is_taken(hub: Hub, folder: Path):
    assert "bob is somebody else" in refused(folder, "bob/tiny")
    hub.repositories["ann/other"] = Repository(False)
    hub.repositories["ann/other"].commits["0" * 40]["model.safetensors"] = "0" * 64, b""
    assert "holds another model" in refused(folder, "ann/other")
    hub.repositories["ann/open"] = Repository(False)
    assert "everybody can read it" in refused(folder, "ann/open", private=True)
    push(folder, "team/tiny", tag="v1")
    assert "has a tag 'v1' already" in refused(folder, "team/tiny", tag="v1")
    hub.may_write = False
    assert "may not write to ann/tiny" in refused(folder)
    assert hub.repositories.keys() == {"ann/other", "ann/open", "team/tiny"}


def test_without_a_network(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refused(folder)


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "ann/my model", "ann/-x", "", "ann/", "ann/x..y"])
def test_wrong_names(name: str):
    with pytest.raises(ValueError, match="no name for a repository"):
        check_name(name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing", "ann/tiny"], "no run called 'nothing'"),
        (["nothing", "tiny"], "no name for a repository"),
        (["nothing", "ann/tiny", "--space", "ann/page"], "no page for a Space"),
        (["nothing", "ann/tiny", "--inputs", "0"], "must be at least 1"),
        (["nothing", "ann/tiny", "--format", "both"], "--format"),
        (["nothing"], "OWNER/NAME"),
    ],
)
def test_mistakes(tmp_path: Path, monkeypatch, capsys, arguments: list[str], words: str):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["push", *arguments])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert words.lower() in said.lower()
    assert said.count("\n") == 1
