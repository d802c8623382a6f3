"""Check one exercise, or all: `make exercise N=3`, or python exercises/check.py [3]. It says in words what is wrong."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def stop_without_groundup() -> None:
    """One line where this Python has no groundup, in place of a traceback."""
    missing = [name for name in ("torch", "groundup") if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"this Python ({sys.executable}) has no {missing[0]}; run `make exercise`, or use the Python of the "
            "environment where groundup is installed, such as .venv/bin/python",
            file=sys.stderr,
        )
        raise SystemExit(2)


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict(number: int, path: Path) -> str | None:
    """What is missing or wrong in one sentence; None if nothing is."""
    from checks import CHECKS

    try:
        CHECKS[number - 1](load(path))
    except NotImplementedError:
        return "not written yet; its docstring says what it must do"
    except AssertionError as wrong:
        return str(wrong) or f"{line_in(path, wrong)}an assert of your own failed"
    except SyntaxError as error:
        return f"line {error.lineno}: Python cannot read this: {error.msg}"
    except KeyboardInterrupt as stopped:
        return f"{line_in(path, stopped)}stopped; is there a loop that does not end?"
    except Exception as error:
        return f"{line_in(path, error)}{type(error).__name__}: {error}"
    return None


def line_in(path: Path, error: BaseException) -> str:
    """`line 12: `, the last line of the file that the error passed; "" if it passed none."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f"line {line}: "


def line_of_the_mistake(path: Path) -> str | None:
    """What the doctor says of a model that is made of the blocks of exercise 6, if it can name a line of the file."""
    from inside import with_blocks

    import groundup as gu

    config = gu.preset("gpt2-tiny", vocab_size=50, context=16, width=24, heads=2, layers=2)
    try:
        Block = load(path).Block
        with_blocks(gu.CausalLM(config), Block)
    except Exception:  # no model can be made of it, and the check has said why
        return None
    report = gu.doctor(lambda: with_blocks(gu.CausalLM(config), Block), VOCAB=50, CONTEXT=16)
    for found in report.findings:
        if found.place.file == path.name and found.severity == "wrong":
            return f"line {found.place.line}: {found.place.source}\n  the doctor: {found.title}; {found.cure}"
    return None


def main(arguments: list[str]) -> int:
    known = {int(path.name[1]): path for path in sorted(HERE.glob("e[0-9]_*.py"))}
    try:
        wanted = [int(one) for one in arguments] or [*known]
        paths = [known[number] for number in wanted]
    except (ValueError, KeyError):
        print(f"there are the exercises 1 to {len(known)}; try: make exercise N=1", file=sys.stderr)
        return 2
    stop_without_groundup()
    wrong = 0
    for number, path in zip(wanted, paths, strict=True):
        said = verdict(number, path)
        print(f"{path.name}: {said or 'right'}")
        examined = number == 6 and said is not None and "not written" not in said
        if examined and (more := line_of_the_mistake(path)) is not None:
            print(f"  {more}")
        wrong += said is not None
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
