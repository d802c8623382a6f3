"""`groundup train` as torchrun starts it, here as the only rank: started again it goes on, and slices become files."""

import json
import socket
import sys

import pytest

SMALL = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --model.context 32 --data.batch 4 "
    "--tokenizer.vocab-size 300 --max-minutes None --train.warmup 2 --train.threads 1 --train.device cpu "
    "--train.validate-every 4 --train.save-every 4 --train.log-every 1 --train.steps 4"
).split()
TRAIN = ["train", "corpus", "text.txt", "--name", "mine", *SMALL]


@pytest.fixture
def started(monkeypatch):
    """Let this process look as if torchrun had started it, for the so-manieth time."""

    def start(again: int = 0, most: int = 0, **more: object):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        said = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        said |= {"TORCHELASTIC_RESTART_COUNT": again, "TORCHELASTIC_MAX_RESTARTS": most} | more
        for name, value in said.items():
            monkeypatch.setenv(name, str(value))

    return start


def test_started_again_it_goes_on_where_a_checkpoint_is_and_begins_anew_where_none_is(desk, cli, started):
    started()
    said = cli(*TRAIN)
    assert said.code == 0, said.err
    assert "training on 1 rank " in said.err
    assert "already there" in cli(*TRAIN).err
    started(again=1, most=2)
    said = cli(*TRAIN)
    assert said.code == 0, said.err
    assert "resumed at step 4" in said.err
    (desk / "runs" / "mine" / "checkpoints" / "latest").unlink()
    started(again=1, most=2)
    said = cli(*TRAIN)
    assert said.code == 0, said.err
    assert "resumed" not in said.err


def test_an_attempt_is_known_by_its_launch_whatever_this_machine_has_counted(desk, cli, started, monkeypatch):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["groundup", *arguments])
        return cli(*arguments)

    def killed(*_, **__):
        raise KeyboardInterrupt

    started(most=3, TORCHELASTIC_RUN_ID="job 7")
    with monkeypatch.context() as patch:
        patch.setattr("groundup.flow.score_text.score_ids", killed)
        assert call(*TRAIN).code == 130
    for other in (dict(TORCHELASTIC_RUN_ID="job 8"), dict(TORCHELASTIC_RUN_ID="job 8", again=1)):
        started(most=3, **other)  # started again after it was refused, it would go on with what is not its own
        assert "already there" in call(*TRAIN).err
    started(most=3, TORCHELASTIC_RUN_ID="job 7")
    assert "already there" in call(*TRAIN, "--train.lr", "0.1").err
    said = call(*TRAIN)  # another machine failed, so here nobody has counted
    assert said.code == 0, said.err
    assert "resumed at step 4" in said.err
    assert "already there" in call(*TRAIN).err, "it is finished"


def test_overwriting_with_restarts_leaves_nothing_that_could_be_mistaken_for_its_own(desk, cli, started, monkeypatch):
    assert cli(*TRAIN).code == 0
    started(most=2)

    def killed(*_, **__):
        raise KeyboardInterrupt

    before = cli("generate", "mine", "io").out
    with monkeypatch.context() as patch:
        patch.setattr("groundup.training.fit.train", killed)
        assert cli(*TRAIN, "--overwrite").code == 130
    assert cli("generate", "mine", "io").out == before != "", "the earlier run is there until the new one can be used"
    started(again=1, most=2)
    said = cli(*TRAIN, "--overwrite")
    assert said.code == 0, said.err
    assert "resumed" not in said.err


def test_the_same_launch_again_does_not_go_on_with_the_run_that_it_replaces(desk, cli, started, monkeypatch):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["groundup", *arguments])
        return cli(*arguments)

    def killed(*_, **__):
        raise KeyboardInterrupt

    anew = [*TRAIN, "--overwrite"]
    for _ in range(2):
        started(most=2, TORCHELASTIC_RUN_ID="mine")
        assert call(*anew).code == 0
    with monkeypatch.context() as patch:
        patch.setattr("groundup.training.fit.train", killed)
        assert call(*anew).code == 130
    assert cli("generate", "mine", "io").code == 0
    started(again=1, most=2, TORCHELASTIC_RUN_ID="mine")
    said = call(*anew)
    assert said.code == 0, said.err
    assert "resumed" not in said.err


def test_slices_that_a_killed_training_leaves_become_an_ordinary_run(desk, cli, started, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    started()
    with monkeypatch.context() as patch:
        patch.setattr("groundup.training.store.Store.load_best", killed)
        assert cli(*TRAIN, "--parallel", "fsdp").code == 130
    for name in ("RANK", "WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT"):
        monkeypatch.delenv(name)
    assert cli("generate", "mine", "Once").code == 2
    refused = cli("resume", "mine")
    assert "fsdp needs the processes that torchrun starts" in refused.err
    said = cli("resume", "mine", "--convert")
    assert (said.code, said.out) == (0, "steps turned into ordinary checkpoints: 4\n")
    assert cli("resume", "mine", "--convert").out.endswith(": none\n")
    assert cli("generate", "mine", "Once").code == 0
    said = cli("resume", "mine", "--parallel", "none", "--steps", "6")
    assert said.code == 0, said.err
    assert "resumed at step 4" in said.err
    recipe = json.loads((desk / "runs" / "mine" / "recipe.json").read_text())
    assert (recipe["train"]["steps"], recipe["train"]["parallel"]) == (6, "fsdp")


def test_the_plan_tells_the_tokens_of_a_step(desk, cli):
    said = cli(*TRAIN, "--train.batch-tokens", "1024", "--dry-run")
    assert "1,024 tokens a step" in said.out
    said = cli(*TRAIN, "--train.batch-tokens", "1000")
    assert said.code == 2
    assert "batch_tokens (1,000) must be a multiple of 32: windows of 32 tokens on 1 rank" in said.err
    assert not (desk / "runs" / "mine").exists()
