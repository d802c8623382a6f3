"""Draw attention maps: one small heat map for each head, token labels at the margins, one colour bar for all."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groundup.look.record import Maps, layer_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = 0.26
"""The size of a cell in inches, if there is room."""
LARGEST = 20.0
"""The most inches of all cells in a row or column of heads together; with more cells, cells shrink."""
READABLE = 0.14
"""The smallest distance in inches between two readable labels; in smaller cells only every n-th token is named."""
SOFT = "#444444"
LONGEST = 16
"""The most characters of a label."""


def draw_attention(
    weights: Tensor | Maps,
    *,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    layers: str = "*",
    path: str | Path | None = None,
    title: str = "",
) -> "Figure":
    """Draw a figure in which each row is a query and its colours show where it looks. Hidden keys are grey.

    weights: one layer (H, T, S), drawn as a block of heads; or several layers (L, H, T, S), one row of heads for each;
    or the result of `record_attention`, of which the first text is drawn, in the `layers` that match the pattern
    ("*.cross"). queries (T) and keys (S) name the tokens; None numbers them. path: also write the figure there as a
    PNG. Raises ValueError if the names do not fit the weights.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    from groundup.look.fonts import drawable, families

    if not isinstance(weights, Tensor):
        weights = layer_weights(weights, layers)
    if weights.dim() not in (3, 4):
        raise ValueError(f"weights need the shape (H, T, S) or (L, H, T, S), not {tuple(weights.shape)}")
    T, S = weights.shape[-2:]
    queries = [*map(str, range(T))] if queries is None else queries
    keys = [*map(str, range(S))] if keys is None else keys
    if len(queries) != T or len(keys) != S:
        raise ValueError(f"weights of {T} queries and {S} keys need as many names, not {len(queries)} and {len(keys)}")
    fonts = families([title, *queries, *keys])
    queries, keys = ([_label(drawable(token, fonts)) for token in tokens] for tokens in (queries, keys))
    names = _names(weights)
    columns = weights.shape[1] if weights.dim() == 4 else math.ceil(math.sqrt(len(names)))
    rows = math.ceil(len(names) / columns)
    cell = min(CELL, LARGEST / (columns * S), LARGEST / (rows * T))
    size = (columns * max(cell * S, 0.8) + 2.5, rows * max(cell * T, 0.4) + 2.5)  # room for labels around the cells
    figure = Figure(figsize=size, layout="compressed")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    maps = weights.detach().float().cpu().flatten(0, -3)
    largest = max(float(maps.max()), 1e-3)
    # A softmax gives no exact zero to a visible key; matplotlib does not paint NaN.
    maps = torch.where(maps == 0, torch.nan, maps).numpy()
    image = None
    for i, (axes, name) in enumerate(zip(grid, names, strict=False)):
        image = axes.imshow(maps[i], vmin=0.0, vmax=largest, cmap="viridis")
        axes.set_title(name, fontsize=8, pad=4, color=SOFT)
        # All heads have the same tokens, so they are named once: at the left, and below the lowest head of a column.
        below = i + columns >= len(names)
        _name_tokens(axes, queries if i % columns == 0 else (), keys if below else (), cell, fonts)
    for axes in grid[len(names) :]:
        axes.remove()
    assert image is not None
    bar = figure.colorbar(image, ax=grid[: len(names)].tolist(), shrink=min(1.0, 4 / size[1]), aspect=25, pad=0.02)
    bar.set_label("weight", fontsize=8, color=SOFT)
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)  # type: ignore[operator]
    figure.suptitle(drawable(title, fonts), fontsize=11, fontfamily=fonts, parse_math=False)
    figure.supylabel("each row looks …", fontsize=8, color=SOFT)
    figure.supxlabel("… at the columns", fontsize=8, color=SOFT)
    if path is not None:
        figure.savefig(path, format="png", dpi=160, bbox_inches="tight", pad_inches=0.15)
    return figure


def _names(weights: Tensor) -> list[str]:
    if weights.dim() == 3:
        return [f"head {h + 1}" for h in range(weights.shape[0])]
    L, H = weights.shape[:2]
    return [f"layer {i + 1}, head {h + 1}" for i in range(L) for h in range(H)]


def _name_tokens(axes: "Axes", queries: Sequence[str], keys: Sequence[str], cell: float, fonts: list[str]) -> None:
    every = math.ceil(READABLE / cell)
    # Tokens are not formulas: without parse_math=False, a "$" in a token would begin one.
    how = {"fontsize": 8 if cell > 0.18 else 7, "fontfamily": fonts, "parse_math": False}
    columns, rows = range(0, len(keys), every), range(0, len(queries), every)
    axes.set_xticks(columns, [keys[i] for i in columns], rotation=90, **how)
    axes.set_yticks(rows, [queries[i] for i in rows], **how)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_facecolor("#e8e8ec")


def _label(text: str) -> str:
    """Return the text, shortened if it is long."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
