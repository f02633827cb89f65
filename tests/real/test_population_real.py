"""On real mitoses the published classifier is fooled at places of one parity, as strides ask."""

import pytest

from onepixel_gui.analysis.population.locality import Localities
from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.locality import moved
from onepixel_gui.attack.probe import Ended, Guidance
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.tiles.files import read

MITOSES = ["30_01_30", "32_01_17", "36_01_39"]


@pytest.fixture(scope="module")
def locality(shared_data):
    path = shared_data / "ibm_max" / "deep_histopath_model.hdf5"
    if not path.is_file():
        pytest.skip("the published mitosis classifier is not there")
    classifier = Classifier.open(path, "cpu")
    collection = Localities()
    for name in MITOSES:
        probe = classifier.probe(read(shared_data / "tupac_prlab" / "mitosis" / f"{name}.jpg"))
        *_, ended = guided(probe, Guidance())
        assert isinstance(ended, Ended)
        if ended.flipped:
            collection.add(moved(probe, ended.best, seed=0))
    return collection.result()


def test_a_colour_flips_2_px_away_more_often_than_beside_and_there_more_than_anywhere(locality):
    beside, apart, anywhere = (each.share.value for each in locality.shares)
    assert locality.flips == len(MITOSES)
    assert apart > beside > anywhere


def test_no_flip_is_undone_by_2_px_more_often_than_by_1(locality):
    contrast = locality.contrasts[0]
    assert (contrast.first, contrast.second) == ("neighbour", "same parity")
    assert contrast.first_more == 0
