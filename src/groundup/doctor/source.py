"""What only the author's text shows: a training loop that does not clear gradients, a tie that was undone."""

import ast
from collections.abc import Iterator

from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Patient

LOOPS = (ast.For, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)


def functions(source: str) -> list[tuple[str, int, int]]:
    """(name, first line, last line) of functions and methods, and of methods the name of the class."""
    found = []
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.FunctionDef):
            found.append((node.name, node.lineno, node.end_lineno or node.lineno))
        elif isinstance(node, ast.ClassDef):
            found += [
                (node.name, inner.lineno, inner.end_lineno or inner.lineno)
                for inner in node.body
                if isinstance(inner, ast.FunctionDef) and inner.name == "forward"
            ]
    return found


def ties(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, class, text) of assignments such as `self.head.weight = self.embedding.weight`."""
    for kind in (n for n in ast.walk(_tree(source)) if isinstance(n, ast.ClassDef)):
        for node in ast.walk(kind):
            if isinstance(node, ast.Assign) and _is_weight(node.value) and any(map(_is_weight, node.targets)):
                yield node.lineno, kind.name, ast.unparse(node)


def _is_weight(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("weight", "data") and isinstance(node.value, ast.Attribute)


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def check_loop(patient: Patient) -> list[Finding]:
    """The order of zero_grad, backward and step in the innermost loop, or function, that has a backward."""
    tree = _tree(patient.source)
    words = [(word, line) for word, line, _ in _events(tree)]
    said = {word for word, _ in words}
    if "backward" not in said:
        return []
    lines = patient.source.splitlines()

    def at(line: int) -> Place:
        return Place(file=patient.name, line=line, source=lines[line - 1].strip())

    backward = next(line for word, line in words if word == "backward")
    if "step" not in said:
        return [Finding("no-step", "there is a backward() and no optimizer.step() anywhere in the file", at(backward))]
    if "zero" not in said:
        return [Finding("not-cleared", "there is a backward() and no zero_grad() anywhere in the file", at(backward))]
    for block in _innermost(tree):
        events = _events(block)
        names = [word for word, _, _ in events]
        if not {"backward", "step"} <= set(names):
            continue
        line = next(line for word, line, _ in events if word == "backward")
        if "zero" not in names:
            if isinstance(block, ast.For | ast.While) and not _zero_elsewhere(tree, block):
                return [
                    Finding(
                        "not-cleared", "the loop has backward() and step(), and zero_grad() is outside it", at(line)
                    )
                ]
            continue
        plain = [word for word, _, always in events if always]
        if _erased(plain):
            zero = next(line for word, line, _ in events if word == "zero")
            return [
                Finding(
                    "not-cleared",
                    "zero_grad() stands between backward() and step(): the step finds no gradient",
                    at(zero),
                )
            ]
    return []


def _zero_elsewhere(tree: ast.Module, loop: ast.AST) -> bool:
    """Whether something that the loop calls clears the gradients."""
    called = {n.func.id for n in ast.walk(loop) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    called |= {n.func.attr for n in ast.walk(loop) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    bodies = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in called]
    return any(word == "zero" for body in bodies for word, _, _ in _events(body))


def _erased(words: list[str]) -> bool:
    """Whether a step, each time round, comes after a zero that follows its backward."""
    if not {"zero", "backward", "step"} <= set(words):
        return False
    ready = False
    for word in words * 2:
        if word == "zero":
            ready = False
        elif word == "backward":
            ready = True
        elif not ready:
            return words.index("backward") < words.index("zero") or words.index("step") < words.index("backward")
    return False


def _innermost(tree: ast.Module) -> list[ast.AST]:
    """Loops and functions that hold a backward(), the smallest first."""
    found = [n for n in ast.walk(tree) if isinstance(n, LOOPS) and any(w == "backward" for w, _, _ in _events(n))]
    return sorted(found, key=lambda n: (getattr(n, "end_lineno", 10**9) or 0) - getattr(n, "lineno", 0))


def _clears_grad(node: ast.Assign) -> bool:
    """Whether it is `something.grad = None`."""
    none = isinstance(node.value, ast.Constant) and node.value.value is None
    return none and any(isinstance(target, ast.Attribute) and target.attr == "grad" for target in node.targets)


def _events(tree: ast.AST) -> list[tuple[str, int, bool]]:
    """("zero" | "backward" | "step", line, whether it happens each time), in the order of the text."""
    found: list[tuple[str, int, int, bool]] = []

    def visit(node: ast.AST, always: bool) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            word, owner = node.func.attr, ast.unparse(node.func.value).lower()
            at = (node.lineno, node.col_offset)
            if word in ("zero_grad", "zero_") and (word == "zero_grad" or owner.endswith("grad")):
                found.append(("zero", *at, always))
            elif word == "backward" or (word == "grad" and owner.endswith("autograd")):
                found.append(("backward", *at, always))
            elif word == "step" and not any(part in owner for part in ("sched", "profil", "warm")):
                found.append(("step", *at, always))
        if isinstance(node, ast.Assign) and _clears_grad(node):
            found.append(("zero", node.lineno, node.col_offset, always))
        inner = always and not isinstance(node, ast.If | ast.Try | ast.IfExp)
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(tree, True)
    return [(word, line, always) for word, line, _, always in sorted(found, key=lambda one: one[1:3])]
