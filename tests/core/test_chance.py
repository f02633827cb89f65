"""A classifier that is right no more often than the commonest class deserves a doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.classifier.chance import doubt

LABELS = ["mitosis"] * 6 + ["normal"] * 4


def test_one_hit_more_than_the_commonest_class_is_no_reason_for_doubt():
    assert doubt(LABELS, 7) == ""


@pytest.mark.parametrize("hits", [0, 5, 6])
def test_no_more_hits_than_the_commonest_class_is_told_with_its_figures(hits):
    said = doubt(LABELS, hits)
    assert "On 10 labelled tiles" in said
    assert f"right {hits * 10}%" in said
    assert "answering mitosis (60%)" in said


@given(labels=st.lists(st.sampled_from("abc"), min_size=1), share=st.floats(0, 1))
def test_all_right_is_doubted_only_where_there_is_one_class(labels, share):
    assert bool(doubt(labels, len(labels))) == (len(set(labels)) == 1)
    hits = round(share * len(labels))
    most = max(labels.count(kind) for kind in labels)
    assert bool(doubt(labels, hits)) == (hits <= most)
