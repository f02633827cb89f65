"""Every published checkpoint at hand loads and answers as well as it is known to."""

from dataclasses import replace
from statistics import NormalDist

import pytest

from onepixel_gui.classifier.checking import check
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.opening import inspect
from onepixel_gui.tiles.files import find, read

CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
IDC = ("non-IDC", "IDC")


def opened(path, **card):
    inspected = inspect(path)
    return Classifier.of(replace(inspected, card=replace(inspected.card, **card)), "cpu")


def right(classifier, tiles):
    checked = check(classifier, classifier.card, tiles)
    assert not [verdict for verdict in checked.verdicts if verdict.problem]
    assert checked.labelled == len(tiles)
    return round(checked.accuracy * len(tiles))


@pytest.mark.parametrize(
    ("folder", "label", "above", "of"),
    [
        ("tupac_prlab/mitosis", "mitosis", 22, 32),
        ("tupac_prlab/normal", "normal", 2, 118),
        ("amibr128/normal", "mitosis", 107, 150),
        ("amibr128/atypical", "mitosis", 99, 150),
    ],
)
def test_the_ibm_network_finds_as_many_mitoses_as_it_is_known_to(
    shared_data, ibm, folder, label, above, of
):
    tiles = [read(file.path, label=label) for file in find([shared_data / folder])]
    assert len(tiles) == of
    hits = right(ibm, tiles)
    assert (hits if label == "mitosis" else of - hits) == above


@pytest.fixture(scope="module")
def ibm(shared_data):
    return opened(shared_data / "ibm_max" / "deep_histopath_model.hdf5")


@pytest.fixture(scope="module")
def resnet20(shared_data):
    return opened(shared_data / "checkpoints" / "resnet20-12fca82f.th")


def test_resnet20_names_every_lossless_test_image(shared_data, resnet20):
    files = find([shared_data / "cifar10_png"])
    tiles = [read(f.path, label=CIFAR[int(f.path.stem.rpartition("_")[2])]) for f in files]
    assert right(resnet20, tiles) == len(tiles) == 20


def test_resnet20_names_four_of_five_test_images_that_went_through_jpeg(shared_data, resnet20):
    files = find([shared_data / "cifar10_jpeg"])
    assert right(resnet20, [read(f.path, label=f.path.parent.name) for f in files]) == 399
    assert len(files) == 500


@pytest.fixture(scope="module")
def idc_tiles(shared_data):
    files = find([shared_data / "idc50"])
    return [read(file.path, label=IDC[int(file.path.parent.name)]) for file in files]


@pytest.mark.parametrize(
    "file",
    [
        "converted/idc_alexnet32_resize.pt",
        "models/1_caffenet_train_w32_iter_600000.caffemodel",
    ],
)
def test_the_idc_network_answers_alike_from_caffe_and_from_its_conversion(
    shared_data, idc_tiles, file
):
    """Its published 87.6 % is of patients none of whose tiles are at hand; those that its authors
    validated on are, and the figure lies within what 190 tiles can tell.
    """
    folder = shared_data / "checkpoints" / "idc_caffe"
    classifier = opened(folder / file, classes=IDC, subject="IDC")
    validated = (folder / "cases_val.txt").read_text().split()
    unseen = [tile for tile in idc_tiles if tile.name.split("_")[0] in validated]
    hits = right(classifier, unseen)
    assert (hits, len(unseen)) == (165, 190)
    error = NormalDist().inv_cdf(0.975) * (0.876 * (1 - 0.876) / 190) ** 0.5
    assert abs(hits / 190 - 0.876) < error


def test_the_idc_network_given_red_first_is_told_to_be_better_with_blue_first(
    shared_data, idc_tiles
):
    path = shared_data / "checkpoints" / "idc_caffe" / "converted" / "idc_alexnet32_resize.pt"
    classifier = opened(path)
    checked = check(classifier, replace(classifier.card, order="RGB"), idc_tiles[::10])
    assert any("red and blue exchanged" in doubt for doubt in checked.doubts)
