"""`groundup VERB ...`: find the verb, run it, and turn a user's mistake into one line and exit code 2."""

import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from groundup import __version__
from groundup.nearest import nearest
from groundup.terminal import shown
from groundup.training.interrupt import interrupts_kept
from groundup.training.output import drop, named_output, open_what_is_closed, spell_out

VERBS = {
    "demo": "train an English-French translator in three minutes, judge it, look into it",
    "train": "train a model by a recipe: groundup train RECIPE [DATA]",
    "resume": "go on with an interrupted training: groundup resume RUN",
    "translate": "translate sentences: groundup translate RUN 'Where is the station?'",
    "generate": "write on after a prompt: groundup generate RUN 'Once upon a time'",
    "chat": "talk to a dialogue run",
    "evaluate": "judge a run on held-out text or on a file of yours",
    "compare": "compare variants of a recipe fairly, or finished runs side by side",
    "tune": "search for better settings of a recipe, and print the command line to use",
    "attention": "draw what a run looks at, as pictures and a page to step through",
    "page": "write a run as one HTML file that runs the model in the browser",
    "serve": "an HTTP server that clients of OpenAI and LibreTranslate can call",
    "doctor": "what is wrong with a Transformer: groundup doctor FILE.py",
    "plan": "what a training takes in memory, time and money on machines that are not here",
    "export": "write a run as a Hugging Face folder that transformers loads by itself",
    "push": "send a run to the Hugging Face Hub, checked and described",
    "data": "named corpora and token shards: list, get, show, prepare, check",
    "tokenizer": "train, use and look at tokenizers",
    "bench": "measure ours beside its peers: tokenizer, train, generate, translate, attention, layers, serve, gpu",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point; exits with 0, with 2 after a user's mistake, with 130 when interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # While threads wait for each other, GNU OpenMP spins for milliseconds: harmless on an idle machine, but where other
    # programs want the cores a training step takes many times as long. Spinning briefly costs nothing and helps.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    _show_what_was_left_out()
    open_what_is_closed()
    spell_out()
    try:
        with interrupts_kept(), named_output():
            _run(arguments)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.exit(141)
    except (ValueError, OSError, FloatingPointError) as error:
        if debug:
            traceback.print_exc()
        sys.exit(_complain(_sentence(error)))
    except Exception as error:
        place = _place(error)
        if debug or not (place or _out_of_memory(error)):
            raise
        sys.exit(_complain(_sentence(error)))
    except KeyboardInterrupt as interrupt:
        _complain(str(interrupt) or "interrupted", before="\n")
        sys.exit(130)


def _show_what_was_left_out() -> None:
    """Print warnings about records of data files that are not used in one line, and all others as Python does."""
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **where: Any) -> None:
        if category.__name__ == "LeftOut":  # of groundup.data.notext, which only some verbs need
            print(f"groundup: {message}", file=sys.stderr)
        else:
            plain(message, category, *place, **where)

    warnings.showwarning = show


def _run(arguments: list[str]) -> None:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print(_help())
    elif verb in ("-V", "--version"):
        print(f"groundup {__version__}")
    elif verb in VERBS:
        importlib.import_module(f"groundup.cli.{verb}").main(rest)
    else:
        raise ValueError(f"unknown verb {verb!r}; {nearest(verb, VERBS, otherwise='verbs are {known}')}")


def _help() -> str:
    lines = [f"  {verb:10} {what}" for verb, what in VERBS.items()]
    return "\n".join(
        [
            "groundup: Transformers from the ground up",
            "",
            "usage: groundup VERB ...   (groundup VERB --help tells more; --debug shows tracebacks)",
            "",
            *lines,
        ]
    )


def _place(error: BaseException) -> str:
    """Where it happened, `mine.py, line 12: `, if that was in a recipe of the user's own; else nothing."""
    from groundup.run.own_code import place_of

    return "" if (place := place_of(error)) is None else f"{place}: "


def _sentence(error: BaseException) -> str:
    """The error in one line, with its place in a file of the user's own."""
    place, said = _place(error), _said(error)
    known = isinstance(error, ValueError | OSError | FloatingPointError) or _out_of_memory(error)
    return f"{place}{said}" if known or not place else f"{place}{type(error).__name__}: {said}"


def _said(error: BaseException) -> str:
    """The message of the error in one line; an OSError says which file it means."""
    if _out_of_memory(error):
        return "there is not memory enough for this; take a smaller model, context or batch"
    if isinstance(error, SyntaxError):  # whose text has file and line again
        return error.msg
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.strerror and "temporary directory" in error.strerror:
        return f"{error.strerror}; make room there, or name a folder with room: TMPDIR=/path groundup ..."
    if isinstance(error, OSError) and error.strerror:  # a full disk does not say which it is
        return f"a file under {_here()}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "a folder that is gone"


def _out_of_memory(error: BaseException) -> bool:
    """Whether a tensor could not be had: on a CPU torch says so in a plain RuntimeError."""
    said = str(error) if isinstance(error, RuntimeError) else ""
    return isinstance(error, MemoryError) or "allocate memory" in said or "out of memory" in said


def _complain(sentence: str, *, before: str = "") -> int:
    """Print the sentence on standard error, if that can be written, and return the exit code of a mistake."""
    try:
        print(f"{before}groundup: {shown(sentence, sys.stderr)}", file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)
    return 2
