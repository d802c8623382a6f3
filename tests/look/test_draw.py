"""The picture shows the weights: its own colours are read back from the file."""

import matplotlib.image
import pytest
import torch
from matplotlib import colormaps
from matplotlib.figure import Figure

from groundup.look.draw import draw_attention

GREY = (232, 232, 236)


def colours(path) -> dict[tuple[int, ...], int]:
    """How many pixels there are of each colour."""
    pixels = (torch.tensor(matplotlib.image.imread(path))[..., :3] * 255).round().int().flatten(0, 1)
    found, counts = pixels.unique(dim=0, return_counts=True)
    return {tuple(colour): count for colour, count in zip(found.tolist(), counts.tolist(), strict=True)}


def viridis(value: float) -> tuple[int, ...]:
    return tuple(int(c) for c in colormaps["viridis"](value, bytes=True)[:3])


def test_cells_are_coloured_by_weight_and_hidden_ones_stay_grey(tmp_path):
    weights = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1e-9, 1e-9, 1.0]]])
    draw_attention(weights, queries=["a", "b", "c"], keys=["d", "e", "f"], title="t", path=tmp_path / "map.png")
    found = colours(tmp_path / "map.png")
    cell = found[GREY] / 3
    for value, cells in ((1.0, 2), (0.5, 2), (0.0, 2)):
        assert found[viridis(value)] / cell == pytest.approx(cells, rel=0.1)  # a few more in the colour bar


def test_all_heads_share_one_scale(tmp_path):
    """A head that only ever reaches 0.5 must not look as bright as one that reaches 1."""
    weights = torch.tensor([[[[1.0]], [[0.5]]]])
    draw_attention(weights, queries=["a"], keys=["b"], path=tmp_path / "map.png")
    found = colours(tmp_path / "map.png")
    assert found[viridis(0.5)] / found[viridis(1.0)] == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 9), (3, 4, 7, 5), (2, 90, 90)])
def test_every_shape_gives_a_picture(tmp_path, shape):
    weights = torch.rand(shape).softmax(-1)
    queries, keys = ([f"token{i}" for i in range(n)] for n in shape[-2:])
    draw_attention(weights, queries=queries, keys=keys, path=tmp_path / "map.png")
    height, width, _ = matplotlib.image.imread(tmp_path / "map.png").shape
    assert 200 < height < 5000
    assert 200 < width < 5000


@pytest.mark.parametrize("token", ["$\\frac$", "$", "%", "{", "\n", "", "a" * 500, "\\", "_^", "été"])
def test_any_token_can_be_a_label(tmp_path, token):
    path = tmp_path / "map.png"
    draw_attention(torch.ones(1, 1, 1), queries=[token], keys=[token], title=token, path=path)
    assert matplotlib.image.imread(path).shape[0] < 1000


@pytest.mark.parametrize(("T", "S"), [(5, 7), (9, 300)])
def test_labels_stand_beside_their_tokens_and_far_enough_apart_to_be_read(tmp_path, monkeypatch, T, S):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: figures.append(figure))
    queries, keys = [f"query {t}" for t in range(T)], [f"key {s}" for s in range(S)]
    draw_attention(torch.rand(2, T, S).softmax(-1), queries=queries, keys=keys, path=tmp_path / "map.png")
    (figure,) = figures
    figure.draw_without_rendering()
    labelled = []
    for axes, axis, names in (
        *((axes, axes.xaxis, keys) for axes in figure.axes[:2]),
        (figure.axes[0], figure.axes[0].yaxis, queries),
    ):
        places = [int(place) for place in axis.get_ticklocs()]
        if not places:  # heads above others leave theirs to the lowest
            continue
        labelled.append(names)
        assert [label.get_text() for label in axis.get_ticklabels()] == [names[place] for place in places]
        box = axes.get_window_extent()
        inches = (box.width if names is keys else box.height) / figure.dpi / len(names)
        step = places[1] - places[0]
        assert step * inches > 0.12
        assert step == 1 or (step - 1) * inches < 0.15, "and none is left out that could be read"
    assert keys in labelled
    assert queries in labelled


def test_a_gradient_does_not_disturb(tmp_path):
    draw_attention(torch.ones(1, 1, 1, requires_grad=True), queries=["a"], keys=["b"], path=tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_names_must_fit_the_weights(tmp_path):
    with pytest.raises(ValueError, match="weights of 2 queries and 3 keys need as many names, not 2 and 2"):
        draw_attention(torch.ones(1, 2, 3), queries=["a", "b"], keys=["a", "b"], path=tmp_path / "map.png")
    with pytest.raises(ValueError, match=r"not \(2, 3\)"):
        draw_attention(torch.ones(2, 3), queries=["a", "b"], keys=["a", "b", "c"], path=tmp_path / "map.png")
    assert not list(tmp_path.iterdir())
