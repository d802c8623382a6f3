"""The display follows the stream, the metrics have no doubles, the picture is a picture."""

import io
import json
import re
from dataclasses import replace

import pytest

from groundup.training.flops import Yardstick
from groundup.training.log import Bar, Lines, Metrics, clock, duration, read_metrics, show
from groundup.training.loop import Step
from groundup.training.plot import draw_losses

STEP = Step(n=50, loss=5.3121, lr=1.5e-4, grad_norm=0.829, tokens=4100, seconds=0.1, progress=0.25)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    with show(stream, steps=200) as display:
        assert isinstance(display, Lines)
        display.tick(STEP)
        display.log(STEP)
        display.valid(50, 5.25, best=True)
    assert stream.getvalue().splitlines() == [
        "step 50  loss 5.312  lr 1.5e-04  grad 0.83  41k tok/s  100 ms   25%",
        "step 50  validation loss 5.250  (best so far)",
    ]


MFU = Yardstick(per_token=1e9, peak=1e14, unit="MFU", note="100% MFU is 100 TFLOP/s")


def test_a_logged_step_stands_for_several_and_says_what_one_took_and_what_share_of_the_peak():
    stream = io.StringIO()
    with show(stream, steps=200) as display:
        display.set_yardstick(MFU)
        for seconds in (1.0, 3.0):
            display.tick(replace(STEP, seconds=seconds))
        display.log(replace(STEP, tokens=160_000, seconds=4.0))  # 40,000 a second of 1 GFLOP each: 40 TFLOP/s
        display.tick(replace(STEP, seconds=0.5))
        display.log(replace(STEP, tokens=20_000, seconds=0.5))
    said, first, second = stream.getvalue().splitlines()
    assert said == "100% MFU is 100 TFLOP/s"
    assert "  40% MFU  2.00 s " in first
    assert "  40% MFU  500 ms " in second


def test_the_longest_line_fits_a_terminal(monkeypatch):
    """A step of the largest run there is: figures of full length, two days to go."""
    now = iter([0.0, 1000.0])
    monkeypatch.setattr("groundup.training.log.time.perf_counter", lambda: next(now))
    step = Step(n=19073, loss=10.939, lr=8.4e-07, grad_norm=14.2035, tokens=524_288, seconds=128.4, progress=0.0057)
    stream = io.StringIO()
    with show(stream, steps=19073) as display:
        display.set_yardstick(replace(MFU, unit="of peak"))
        display.tick(replace(step, progress=0.0))
        display.log(step)
    line = stream.getvalue().splitlines()[-1]
    assert re.search(r"  128 s    1%  48:\d\d:\d\d to go$", line), line
    assert len(line) <= 100, line


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [(0.0854, "85 ms", "0:00"), (0.997, "1.00 s", "0:01"), (9.123, "9.12 s", "0:09"), (99.9, "100 s", "1:40")],
)
def test_times(seconds, short, long):
    assert (duration(seconds), clock(seconds)) == (short, long)
    assert clock(3599.7) == "1:00:00"


def test_a_bar_with_every_figure_on_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with show(stream, steps=200) as display:
        assert isinstance(display, Bar)
        display.set_yardstick(MFU)
        display.note("training on [cpu]")
        display.log(STEP)
        display.valid(50, 5.25, best=True)
        display.tick(STEP)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    for part in (
        "training on [cpu]",
        "step 50/200",
        "loss 5.312",
        "lr 1.5e-04",
        "grad 0.83",
        "41k tok/s",
        "100% MFU is 100 TFLOP/s",
        "41% MFU",
        "validation 5.250 (best)",
    ):
        assert part in text


def test_metrics_are_on_the_disk_at_once_and_start_anew(tmp_path):
    path = tmp_path / "run" / "metrics.jsonl"
    metrics = Metrics(path)
    metrics.write(step=1, loss=0.5)
    assert read_metrics(path) == [{"step": 1, "loss": 0.5}]
    metrics.close()
    Metrics(path).close()
    assert read_metrics(path) == []


def test_resuming_drops_what_later_steps_and_a_crash_left(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f"{json.dumps({'step': n, 'loss': 1 / n})}\n" for n in range(1, 10)) + '{"step": 1')
    assert [record["step"] for record in read_metrics(path)] == list(range(1, 10))
    metrics = Metrics(path, resumed=4)
    metrics.write(step=5, loss=0.0)
    metrics.close()
    assert [(record["step"], record["loss"]) for record in read_metrics(path)][3:] == [(4, 0.25), (5, 0.0)]


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"ste\n{"step": 3}\n')
    with pytest.raises(ValueError, match=r"metrics.jsonl: line 2"):
        read_metrics(path)


def test_the_losses_are_drawn(tmp_path):
    metrics = Metrics(tmp_path / "metrics.jsonl")
    with pytest.raises(ValueError, match="no losses"):
        draw_losses(tmp_path / "metrics.jsonl", tmp_path / "loss.png")
    metrics.write(step=0, valid_loss=5.0, seconds=0.1)
    metrics.write(step=10, loss=4.0, seconds=0.2)
    metrics.close()
    png = draw_losses(tmp_path / "metrics.jsonl", tmp_path / "plots" / "loss.png")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert png.stat().st_size > 10_000


@pytest.mark.parametrize(
    "line", ["[" * 100_000, "5", "{}", '{"step": "1"}', '{"step": 1, "loss": "x"}', '{"step": 1, "loss": NaN}', "\xff"]
)
def test_a_line_of_another_kind_is_named(tmp_path, line):
    (tmp_path / "metrics.jsonl").write_bytes(f"{line}\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"metrics\.jsonl: line 1 is damaged"):
        read_metrics(tmp_path / "metrics.jsonl")
