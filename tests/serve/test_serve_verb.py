"""groundup serve as a program: what it prints, what it refuses, how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import groundup as gu
from groundup.cli import serve
from groundup.cli.main import main
from groundup.run.translator import Translator
from groundup.run.writer import Writer

httpx = pytest.importorskip("httpx", reason="needs pip install httpx")


@pytest.fixture(scope="module")
def run(writer: Writer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    gu.save_run(writer.model, folder, tokenizer=writer.tokenizer)
    return folder


@pytest.mark.posix
def test_sigterm_lets_a_running_request_finish(run: Path):
    call = [sys.executable, "-m", "groundup", "serve", str(run), "--port", "0", "--grace", "20"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert address is not None
        ask = dict(model="tiny", prompt="one", max_tokens=90, n=32, temperature=1.0, seed=1)
        answers = []

        def request() -> None:
            answers.append(httpx.post(f"{address[0]}/v1/completions", json=ask, timeout=60))

        thread = threading.Thread(target=request)
        thread.start()
        with httpx.Client() as client:
            while "groundup_live" not in (told := client.get(f"{address[0]}/metrics").text) or not re.search(
                r'groundup_live\{model="tiny"\} [1-9]', told
            ):
                assert thread.is_alive(), "the request was over before it could be interrupted"
        process.send_signal(signal.SIGTERM)
        thread.join(60)
        assert answers[0].status_code == 200
        assert len(answers[0].json()["choices"]) == 32
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_hugging_face_folder_is_served_too(writer: Writer, tmp_path: Path):
    from groundup.serve.limits import Limits
    from groundup.serve.served import open_model

    gu.to_hub(writer.model, tmp_path / "folder", tokenizer=writer.tokenizer)
    served = open_model(str(tmp_path / "folder"), Limits())
    assert (served.name, served.task) == ("folder", "text")


def test_a_folder_of_a_translator_is_served_too(translator: Translator, tmp_path: Path):
    from groundup.serve.limits import Limits
    from groundup.serve.served import open_model

    gu.to_hub(translator.model, tmp_path / "folder", tokenizer=translator.target)
    served = open_model(str(tmp_path / "folder"), Limits())
    assert served.task == "translation"
    texts = ["one two three", "été"]
    assert served.engine.translator.translate(texts) == translator.translate(texts)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name at least one run"),
        (["nothing-here"], "nothing-here"),
        (["RUN", "--port", "70000"], r"--port \(70000\) must be between 0 and 65535"),
        (["RUN", "--rows", "0"], r"--rows \(0\) must be at least 1"),
        (["RUN", "--seconds", "nan"], r"--seconds \(nan\) must be above 0"),
        (["RUN", "--host", "203.0.113.7"], "cannot listen on 203.0.113.7:8000"),
        (["RUN", "RUN", "--port", "0"], "same name"),
    ],
)
def test_mistakes_are_one_line(run: Path, arguments: list[str], said: str):
    with pytest.raises(ValueError, match=said):
        serve.main([str(run) if word == "RUN" else word for word in arguments])


def test_a_port_in_use_is_named(run: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=rf"cannot listen on 127.0.0.1:{port}: .*in use; try --port 0"):
            serve.main([str(run), "--port", str(port)])


def test_a_run_brings_its_page(run: Path):
    from serving import running

    from groundup.serve.limits import Limits
    from groundup.serve.served import open_model

    served = open_model(str(run), Limits())
    with running([served], Limits()) as address:
        assert "connect-src 'none'" in httpx.get(f"{address}/page/tiny").text
        assert 'href="page/tiny"' in httpx.get(address).text
        assert httpx.get(f"{address}/page/nobody").status_code == 404


@pytest.mark.parametrize("key", ["", " "])
def test_an_empty_key_is_no_open_door(key, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["serve", "any", "--port", "0", "--key", key])
    assert refused.value.code == 2
    assert "--key is empty" in capsys.readouterr().err
