"""Our models as two files that need torch and transformers alone, made of the package's own source text.

    configuration_groundup.py    config.py and what it needs, then `adapter/configuration.py`
    modeling_groundup.py         nn/ and models/ as they stand, then the rest of `adapter/`

Files come in the order in which they need each other. Of each the imports are taken out and gathered on top, its
docstring becomes a comment, and the line that makes a model quick is left out: its numbers are the same without it.
"""

import ast
from pathlib import Path

from groundup import __version__

PACKAGE = Path(__file__).parents[1]
CONFIGURATION, MODELING = "configuration_groundup.py", "modeling_groundup.py"
QUICK = "groundup.fast.quicken"
HEAD = """\
# {title}
#
# Made by groundup {version} (https://github.com/groundup-transformers/groundup) out of its own files, which its tests
# hold: a section begins with the name of its file. It needs torch and transformers >= 5 and nothing else.
# Copyright the groundup authors. Licence: Apache-2.0, http://www.apache.org/licenses/LICENSE-2.0
"""


def bundle() -> dict[str, str]:
    """The two files, by their names."""
    configuration = in_order("groundup.hub.adapter.configuration")
    modeling = in_order("groundup.hub.adapter.causal_lm", "groundup.hub.adapter.seq2seq")
    rest = [module for module in modeling if module not in configuration]
    wanted = {name for module in rest for source, name in _names(module) if source in configuration}
    return {
        CONFIGURATION: joined(configuration, "The settings of models made with groundup."),
        MODELING: joined(
            rest, "Transformers made with groundup: the models, and what transformers asks of them.", wanted
        ),
    }


def in_order(*modules: str) -> list[str]:
    """These modules and all of ours that they need, each after those that it needs."""
    found: list[str] = []

    def visit(module: str) -> None:
        for source, _ in _names(module):
            if source != QUICK and source not in found:
                visit(source)
        if module not in found:
            found.append(module)

    for module in modules:
        visit(module)
    return found


def joined(modules: list[str], title: str, configuration: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """One file of these modules; `configuration`: what it takes from the other file."""
    taken: dict[str, set[str]] = {}
    defined: dict[str, str] = {}
    sections = []
    for module in modules:
        tree = ast.parse(_file(module).read_text(encoding="utf-8"))
        for name in _defined(tree):
            assert defined.setdefault(name, module) == module, f"{name} is in {defined[name]} and in {module}"
        for node in tree.body:
            if isinstance(node, ast.Import):
                taken.update({f"import {ast.unparse(node)[7:]}": set()})
            elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("groundup"):
                taken.setdefault(f"from {node.module} import", set()).update(map(ast.unparse, node.names))
        sections.append(_section(module, tree))
    lines = [" ".join([line, ", ".join(sorted(names))]).strip() for line, names in taken.items()]
    if configuration:
        lines.append(f"from .{CONFIGURATION.removesuffix('.py')} import {', '.join(sorted(configuration))}")
    plain = sorted(lines, key=lambda line: (line.startswith("from ."), line.startswith("from"), line))
    head = HEAD.format(title=title, version=__version__)
    return "\n".join([head, *plain, "", "", "\n\n\n".join(sections), ""])


def _section(module: str, tree: ast.Module) -> str:
    """A module's text: its docstring as a comment, without imports and without what makes it quick."""
    text = _file(module).read_text(encoding="utf-8").splitlines()
    gone: set[int] = set()
    for n, node in enumerate(tree.body):
        docstring = n == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if docstring or isinstance(node, ast.Import | ast.ImportFrom):
            gone |= {*range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("quicken("):
            gone.add(node.lineno)
    body = "\n".join(line for number, line in enumerate(text, 1) if number not in gone).strip("\n")
    said = (ast.get_docstring(tree) or "").splitlines()
    rule = f"# {'-' * 20} {'/'.join(module.split('.')[1:])}.py"
    return "\n".join([rule, *(f"# {line}".rstrip() for line in said), "", "", body])


def _names(module: str) -> list[tuple[str, str]]:
    """The names that a module takes from others of ours, with those modules, in their order."""
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("groundup")
        for alias in node.names
    ]


def _defined(tree: ast.Module) -> list[str]:
    """What a module defines on its top level."""
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return names + [target.id for target in targets if isinstance(target, ast.Name)]


def _file(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
