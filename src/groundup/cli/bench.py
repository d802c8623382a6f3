"""groundup bench NAME: ours and its peers side by side, on this machine (`BENCHMARKS` has the names)."""

import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any

from groundup.bench import attention, generate, gpu, layers, serve, tokenizer, train, translate
from groundup.bench.report import to_stderr
from groundup.cli.parse import parse
from groundup.nearest import nearest

BENCHMARKS: dict[str, ModuleType] = {
    "tokenizer": tokenizer,
    "train": train,
    "generate": generate,
    "translate": translate,
    "attention": attention,
    "layers": layers,
    "serve": serve,
    "gpu": gpu,
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
        raise ValueError(f"no benchmark {name!r}; {nearest(name, BENCHMARKS, otherwise='there are {known}')}")
    settings = parse(BENCHMARKS[name].Settings, rest, prog=f"groundup bench {name}")
    _check(settings)
    report = BENCHMARKS[name].compare(settings, to_stderr())
    print(report)
    if settings.json is not None:
        report.save(settings.json)


def _check(settings: Any) -> None:
    """ValueError, before anything is measured, for a number that cannot be and a --json that cannot be written."""
    for field in dataclasses.fields(settings):
        value, option = getattr(settings, field.name), f"--{field.name.replace('_', '-')}"
        usual_value: Any = field.default
        if value == () and usual_value and field.name not in getattr(settings, "MAY_BE_EMPTY", ()):
            raise ValueError(f"{option} needs a value, such as {' '.join(map(str, usual_value))}")
        for number in value if isinstance(value, tuple) else (value,):
            least = {int: 1, float: 0.001}.get(type(number))
            if least is not None and not number >= least:
                usual = field.default if isinstance(field.default, tuple) else (field.default,)
                cure = f"try {option} {' '.join(map(str, usual))}" if any(usual) else f"leave {option} out"
                raise ValueError(f"{field.name} ({number}) must be at least {least}; {cure}")
    path: Path | None = settings.json
    if path is not None and path.is_dir():
        raise ValueError(f"{path}: a folder, and a file is needed; try --json {path / 'figures.json'}")
    if path is not None and not path.parent.is_dir():
        raise ValueError(f"{path}: there is no such folder; make it first: mkdir -p {path.parent}")
