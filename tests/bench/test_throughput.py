"""The throughput benchmark runs and says everything; its numbers are judged by a reader."""

import json
import sys
import time

import torch

from onepixel_gui.attack.probe import Settings
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.classifier.architectures import torchvision_models
from onepixel_gui.classifier.classifier import Classifier
from tests.bench import throughput
from tests.core.networks import Tiny, card


def test_both_networks_of_the_comparison_read_64_px_tiles_and_tell_two_classes_apart():
    shapes = {}
    for name, network, classes, _ in throughput.networks():
        with torch.inference_mode():
            shapes[name] = network(torch.zeros(1, 3, 64, 64)).shape[1]
        assert len(classes) == 2
    assert shapes == {"ibm": 1, "resnet50": 2}


def test_torchvisions_classifiers_can_be_built_without_its_c_library():
    models = torchvision_models()
    assert models is torchvision_models()
    assert callable(models.resnet18)


def test_a_tiny_run_measures_every_rate_and_ratio(monkeypatch, tmp_path, capsys):
    def networks():
        yield "tiny", Tiny(edge=(64, 64)), ("normal", "mitosis"), "zero-to-one"

    monkeypatch.setattr(throughput, "networks", networks)
    monkeypatch.setattr(throughput, "BATCHES", (2, 4))
    words = ["throughput", "--json", str(tmp_path / "b.json"), "--rounds", "2", "--seconds", "0.02"]
    monkeypatch.setattr(sys, "argv", words)
    throughput.main()
    result = json.loads((tmp_path / "b.json").read_text("utf-8"))
    assert json.loads(capsys.readouterr().out) == result
    assert {"processor", "cores", "threads", "load_average", "torch", "device"} <= set(
        result["machine"]
    )
    found = result["networks"]["tiny"]
    assert set(found["per_second"]) == {"bare", "search", "sweep"}
    assert all(rate > 0 for rate in found["per_second"].values())
    assert set(found["ratio"]) == {"search", "sweep"}
    assert [len(each) for each in found["ratios"].values()] == [2, 2]


def test_a_search_spends_its_time_in_the_network(benchmark):
    """Kept as a benchmark: evolution and events around a network that costs nothing."""

    class Free(torch.nn.Module):
        def forward(self, x):
            return x[:, :1, 0, 0]

    probe = Classifier(card(input_size=(64, 64)), Free(), "cpu").probe(throughput.a_tile())
    settings = Settings(generations=5, to_the_end=True)
    events = benchmark(lambda: list(search(probe, settings)))
    assert events[-1].queries == 2000


def test_what_happens_between_two_slices_is_not_counted():
    slices = throughput.timed(iter(range(1, 10_000_000)), 0.01)
    first = next(slices)
    time.sleep(0.2)
    second = next(slices)
    assert first[1] < 0.1
    assert second[1] < 0.1
    assert first[0] > 0
    assert throughput.rate([(10, 1.0), (50, 2.0)]) == 20.0


def test_a_run_and_the_bare_network_take_turns_until_the_time_is_up():
    classifier = Classifier(card(input_size=(64, 64)), Tiny(edge=(64, 64)), "cpu")
    events = sweep(classifier.probe(throughput.a_tile()))
    ready = torch.zeros(1, 3, 64, 64)
    rates = throughput.by_turns(events, throughput.bare(classifier, ready, 4), 0.02)
    assert all(rate > 0 for rate in rates)
    assert next(events, None) is None
