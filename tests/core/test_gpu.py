"""A graphics card gives the same answers as the CPU, in any batch, and when it is full."""

import gc

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from onepixel_gui.attack.probe import Settings
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.classifier.checkpoint import load
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.devices import available
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import Tiny, card, noise, save_codait
from tests.core.random_networks import Forced, everywhere, networks, together
from tests.core.test_incremental_families import FAMILIES, TILES, agree, family

pytestmark = pytest.mark.gpu

TILE = Tile("large.png", noise(1, (70, 90))[0])


@pytest.fixture(scope="module")
def device():
    best = available()[0]
    if best == "cpu":
        pytest.skip("this machine has neither a CUDA nor an Apple graphics card")
    return best


@pytest.fixture(scope="module")
def both(device, tmp_path_factory):
    """The same mitosis network on the CPU and on the card."""
    path = save_codait(tmp_path_factory.mktemp("gpu") / "m.safetensors")
    return Classifier.open(path, "cpu"), Classifier.open(path, device)


def candidates(count, window, pixels=1, seed=0):
    low = [window.row, window.column, 0, 0, 0]
    high = [window.row + window.height, window.column + window.width, 256, 256, 256]
    rng = np.random.default_rng(seed)
    return rng.integers(low, high, (count, pixels, 5)).astype(np.int16)


@pytest.mark.parametrize("pixels", [1, 3])
def test_logits_agree_with_the_cpu_to_four_digits(both, pixels):
    cpu, card_ = (each.probe(TILE) for each in both)
    assert card_.question.clean_logit == pytest.approx(cpu.question.clean_logit, abs=1e-4)
    asked = candidates(500, cpu.question.window, pixels)
    wanted = cpu.confirm(asked)
    for readings in (card_(asked), card_.confirm(asked)):
        np.testing.assert_allclose(readings.logits, wanted.logits, atol=1e-4)


def test_probabilities_of_whole_tiles_agree_with_the_cpu(both):
    tiles = noise(70, (64, 64))
    np.testing.assert_allclose(both[1](tiles), both[0](tiles), atol=1e-4)


def test_a_sweep_agrees_with_the_cpu_everywhere(device):
    told = card(input_size=(12, 20))
    maps = []
    for where in ("cpu", device):
        classifier = Classifier(told, Tiny(edge=(12, 20)), where)
        *_, swept = sweep(classifier.probe(TILE))
        maps.append(swept)
    np.testing.assert_allclose(maps[1].logits, maps[0].logits, atol=1e-4)
    sure = np.abs(maps[0].logits) > 1e-3
    assert np.array_equal(maps[0].flipped[sure], maps[1].flipped[sure])
    assert maps[0].lowest == maps[1].lowest


def test_the_same_seed_on_the_card_gives_the_same_search_twice(both):
    wish = Settings(population=100, generations=5, seed=3, to_the_end=True)
    outcomes = []
    for _ in range(2):
        *_, ended = search(both[1].probe(TILE), wish)
        outcomes.append((ended.best, ended.confidence, ended.curve))
    assert outcomes[0] == outcomes[1]


def test_a_full_card_halves_the_batch_and_the_answers_stay(device, tmp_path):
    if not device.startswith("cuda"):
        pytest.skip("only CUDA lets a program limit its own share of the memory")
    wanted = Classifier.open(save_codait(tmp_path / "m.safetensors"), "cpu")
    tiles = noise(600, (64, 64))
    total = torch.cuda.get_device_properties(device).total_memory
    told, network = load(tmp_path / "m.safetensors")
    assert isinstance(network, CodaitMitosis)
    classifier = Classifier(told, network, device)
    classifier.pace.batch = 600
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 80e6) / total)
    try:
        np.testing.assert_allclose(classifier(tiles), wanted(tiles), atol=1e-4)
        assert classifier.pace.batch < 600
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()


def test_the_memory_of_a_card_comes_back_when_the_classifier_goes(device, tmp_path):
    if not device.startswith("cuda"):
        pytest.skip("only CUDA tells how much memory is taken")
    gc.collect()
    before = torch.cuda.memory_allocated()
    classifier = Classifier.open(save_codait(tmp_path / "m.safetensors"), device)
    probe = classifier.probe(TILE)
    probe(candidates(100, probe.question.window))
    assert torch.cuda.memory_allocated() > before
    del classifier, probe
    gc.collect()
    assert torch.cuda.memory_allocated() == before


# ------------------------------------------------------------------ windows
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@given(drawn=networks(), data=st.data())
def test_windows_on_the_card_answer_as_the_dense_network_does(device, drawn, data):
    network, shape = drawn
    classifier = Forced(network, shape, device)
    assume(classifier.windowed is not None)
    tiles = [Tile(f"{index}.png", rgb) for index, rgb in enumerate(noise(2, shape, seed=1))]
    which = np.arange(60) % 2
    for asked in (everywhere(shape, 60), together(shape, 3, 60), together(shape, 5, 60)):
        truths = [classifier.probe(tile).confirm(asked) for tile in tiles]
        mixed = np.where(which[: len(asked)] == 0, truths[0].logits, truths[1].logits)
        for count in {data.draw(st.sampled_from(classifier.splits())), classifier.splits()[-1]}:
            classifier.use(count)
            told = classifier.probe(tiles[0])(asked)
            np.testing.assert_allclose(told.logits, truths[0].logits, atol=1e-4)
            sung = classifier.chorus([classifier.probe(tile) for tile in tiles])(
                which[: len(asked)], asked
            )
            np.testing.assert_allclose(sung.logits, mixed, atol=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_families_on_the_card_answer_as_the_dense_network_does(device, name):
    size, options = FAMILIES[name]
    classifier = Forced(family(name, size, **options), size, device)
    splits = classifier.splits()
    for count in {splits[len(splits) // 3], splits[-1]}:
        classifier.use(count)
        for asked in (everywhere(size, 12), together(size, 3, 4), together(size, 5, 4)):
            agree(classifier, TILES[size], asked, visible=0.005)


def test_previews_on_the_card_agree_with_the_cpu(device):
    previews = []
    for where in ("cpu", device):
        classifier = Forced(Tiny(edge=(12, 20)), (12, 20), where)
        classifier.preview(classifier.splits()[-1])
        previews.append(classifier.probe(TILE).preview(centred(everywhere((12, 20)))))
    np.testing.assert_allclose(previews[1], previews[0], atol=1e-4)


def centred(asked):
    """The same in the middle of TILE, where a window of 12 x 20 lies."""
    moved = asked.copy()
    moved[..., :2] += (29, 35)
    return moved


def test_a_classifier_on_the_card_says_how_it_is_asked_and_agrees_on_windows(both):
    on_card = both[1]
    assert on_card.serving.shortcut
    probe = on_card.probe(TILE)
    asked = candidates(2000, probe.question.window)
    np.testing.assert_allclose(probe(asked).logits, probe.confirm(asked).logits, atol=1e-4)
    if probe.preview_chunk:
        assert np.isfinite(probe.preview(asked)).all()


def test_what_is_remembered_on_the_card_goes_with_the_probe(device):
    if not device.startswith("cuda"):
        pytest.skip("only CUDA tells how much memory is taken")
    classifier = Forced(CodaitMitosis().eval(), (64, 64), device)
    classifier.use(classifier.splits()[-1])

    def ask():
        probe = classifier.probe(TILE)
        probe(candidates(100, probe.question.window))

    ask()  # libraries keep some memory of their own from now on
    gc.collect()
    before = torch.cuda.memory_allocated()
    ask()
    gc.collect()
    assert torch.cuda.memory_allocated() == before
