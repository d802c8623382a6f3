"""`groundup plan` from a person's side: what it prints adds up, tables have a row a number, mistakes cost one line."""

import re

import pytest


def figure(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1].replace(",", ""))


def test_a_plan_adds_up_and_says_what_it_assumes(cli):
    said = cli("plan", "gpt2", "--devices", "8", "--device", "a100", "--tokens", "10e9", "--price", "2.5")
    assert said.code == 0, said.err
    assert said.out.startswith("gpt2 on 8 x a100 in 1 node, ddp\n")
    speed = figure(said.out, r"([\d,]+) tokens/s")
    hours = figure(said.out, r"tokens: ([\d.]+) hours")
    device_hours = figure(said.out, r"([\d.,]+) device hours")
    assert hours == pytest.approx(10e9 / speed / 3600, rel=0.03)
    assert device_hours == pytest.approx(8 * 10e9 / speed / 3600, rel=0.01)
    assert figure(said.out, r"([\d,]+) at 2.5 each") == pytest.approx(2.5 * device_hours, rel=0.05)
    for assumption in ("312 TFLOP/s", "50% of the peak", "300 GB/s within a node of 8", "are not counted"):
        assert assumption in said.out


def test_several_numbers_make_a_table_whose_misfits_say_what_would_fit(cli):
    said = cli("plan", "llama2-7b", "--devices", "8", "64", "1000", "--context", "2048")
    rows = [line.split() for line in said.out.splitlines()[2:5]]
    assert [row[0] for row in rows] == ["8", "64", "1,000"]
    assert rows[1][1] == "fsdp"
    assert "too few for 1,000 devices; try --batch-tokens 2048000" in said.out
    recomputed = cli("plan", "llama2-7b", "--devices", "8", "64", "--recompute")
    assert "needs" not in recomputed.out


def test_this_machine_is_measured(cli):
    said = cli("plan", "shakespeare-char", "--device", "cpu")
    assert "(measured just now)" in said.out
    assert "2.0 minutes" in said.out
    assert figure(said.out, r"([\d,]+) tokens/s") > 10


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["gpt2-124n"], "no recipe or preset 'gpt2-124n'; did you mean"),
        (["gpt2", "--device", "h10"], "no data sheet of a device 'h10'; did you mean 'h100'?"),
        (["gpt2", "--devices", "0"], "devices (0,) must be at least 1"),
        (["gpt2", "--micro-batch", "0"], "micro_batch (0) must be at least 1; try --micro-batch 1"),
        (["gpt2", "--price", "-1"], "price (-1.0) must be above 0"),
        (["gpt2", "--efficiency", "40"], "efficiency (40.0) is a share, at most 1"),
        (["gpt2", "--batch-tokens", "100"], "a step of 100 tokens holds no text of 1,024; try --batch-tokens 1024"),
        (
            ["gpt2", "--devices", "3"],
            "batch_tokens (524,288) must be a multiple of 3,072: windows of 1,024 tokens on 3 ranks; try 2 ranks, "
            "or --batch-tokens 522240 or 525312",
        ),
        (["gpt2-tiny", "--devices", "5"], "try 4 ranks, or --batch-tokens 7680 or 8960"),
        (["gpt2", "--precision", "float32"], "leave --precision float32 out"),
        (["gpt3-175b"], "it fits with --devices 256 --parallel fsdp --recompute --micro-batch 1"),
    ],
)
def test_a_mistake_is_one_line(cli, arguments: list[str], line: str):
    said = cli("plan", *arguments)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert line in said.err
