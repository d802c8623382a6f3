"""groundup bench NAME: ours and its peers side by side, on this machine (`BENCHMARKS` has the names)."""

import difflib
from types import ModuleType

from groundup.bench import attention, generate, layers, tokenizer, train, translate
from groundup.bench.report import to_stderr
from groundup.cli.parse import parse

BENCHMARKS: dict[str, ModuleType] = {
    "tokenizer": tokenizer,
    "train": train,
    "generate": generate,
    "translate": translate,
    "attention": attention,
    "layers": layers,
}


def main(arguments: list[str]) -> None:
    """Run one of the benchmarks, print its tables; ValueError and OSError are the user's mistakes."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: groundup bench {{{','.join(BENCHMARKS)}}} ...\n")
        for name, module in BENCHMARKS.items():
            print(f"  {name:10} {module.Settings.__doc__}")
        return
    name, *rest = arguments
    if name not in BENCHMARKS:
        near = difflib.get_close_matches(name, BENCHMARKS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(BENCHMARKS)}"
        raise ValueError(f"no benchmark {name!r}; {hint}")
    settings = parse(BENCHMARKS[name].Settings, rest, prog=f"groundup bench {name}")
    if settings.rounds < 1:
        raise ValueError(f"rounds ({settings.rounds}) must be at least 1; try --rounds 3")
    report = BENCHMARKS[name].compare(settings, to_stderr())
    print(report)
    if settings.json is not None:
        report.save(settings.json)
