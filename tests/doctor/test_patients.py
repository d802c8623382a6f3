"""Every patient of the ward: the sick are named rightly in the first finding, and the sound are left in peace."""

from pathlib import Path

import pytest
import torch
from ward import Case, cases

from groundup.doctor.examine import examine
from groundup.doctor.reading import read_patient
from groundup.doctor.report import Report

CASES = cases()
QUICK = {
    *(
        "nano-no_mask",
        "nano-view_without_transpose",
        "nano-softmax_in_model",
        "nano-target_is_input",
        "nano-not_cleared",
    ),
    *("nano-post_norm", "nano-generate_with_dropout", "script-norm_of_the_sequence", "einsum-cured", "rope-cured"),
    *("rope-cached_tokens_at_position_zero", "annotated-cross_padding_seen", "masked-cured", "pairs-padding_is_learnt"),
    *("groups-start_pos_zero", "groups-prompt_unmasked_in_cache", "smoothed-labels_not_shifted", "heads-cured"),
    *(
        "width-prefix_detached",
        "experts-gates_over_tokens",
        "speedrun-cache_never_cleared",
        "speedrun-dropout_always_on",
    ),
    *("lecture-crops_from_the_left", "ring-key_positions_restart", "steps-cured"),
    *("stock-mask_transposed", "einsum-a_bare_tensor", "nano-no_residual_mlp", "script-loop_is_right"),
}
"""One of most kinds; all the others are slow, for they are many."""


def examined(case: Case, folder: Path) -> Report:
    torch.set_num_threads(1)
    return examine(read_patient(case.write(folder)))


def told(report: Report) -> str:
    return "sound" if report.sound else report.findings[0].name


@pytest.mark.parametrize("case", [case for case in CASES if case.id in QUICK], ids=lambda case: case.id)
def test_one_of_each_kind(case: Case, tmp_path: Path):
    report = examined(case, tmp_path)
    assert told(report) in (case.expected or ("sound",)), str(report)
    assert not [one for one in report.not_checked if "itself failed" in one]


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case.id not in QUICK], ids=lambda case: case.id)
def test_all_others(case: Case, tmp_path: Path):
    report = examined(case, tmp_path)
    assert told(report) in (case.expected or ("sound",)), str(report)
    assert not [one for one in report.not_checked if "itself failed" in one]


def test_the_ward_is_large_enough():
    assert {case.id for case in CASES} >= QUICK
    assert len([case for case in CASES if case.expected]) > 100
    assert len([case for case in CASES if not case.expected]) > 30


def test_places_are_lines_of_the_file(tmp_path: Path):
    case = next(case for case in CASES if case.id == "nano-mask_after_softmax")
    first = examined(case, tmp_path).findings[0]
    assert "masked_fill" in first.place.source
    assert (tmp_path / "nano_mask_after_softmax.py").read_text().splitlines()[
        first.place.line - 1
    ].strip() == first.place.source
    assert (first.place.module, first.place.kind) == ("blocks.0.attn", "CausalSelfAttention")
