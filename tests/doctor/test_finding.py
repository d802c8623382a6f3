"""How a finding names the place of a mistake."""

from groundup.doctor.finding import Place


def test_a_cell_of_a_notebook_is_called_so_and_not_by_its_number():
    place = Place("2139051364.py", 4, "x = x", "blocks.0", "Norm", "808115682.py", 2)
    assert str(place) == "blocks.0 (class Norm, a cell, line 2); a cell, line 4: x = x"
    assert str(Place("mine.py", 4, "x = x")) == "mine.py line 4: x = x"
