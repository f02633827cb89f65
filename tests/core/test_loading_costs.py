"""What loading a large checkpoint costs: memory near twice its size, and nothing kept of it."""

import json
import subprocess
import sys

import pytest
import torch

MOST = 2.2  # of the file's size: the bytes, the weights made of them, and little else

MEASURE = """
import json, re, sys
from pathlib import Path
from onepixel_gui.classifier import checkpoint, devices
devices.prepare()

def held(what):
    found = re.search(what + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024

paths = [Path(word) for word in sys.argv[1:]]
checkpoint.load(paths[0])  # all that is imported is imported now
told = []
for path in paths[1:]:
    with devices.thrift():
        pass  # hand back what the one before left
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = held("VmRSS")
    checkpoint.load(path)
    told.append((held("VmHWM") - before) / path.stat().st_size)
print(json.dumps(told))
"""

SWITCH = """
import gc, json, re, sys
from pathlib import Path
from onepixel_gui.classifier import devices
from onepixel_gui.classifier.classifier import Classifier

def held():
    with devices.thrift():
        pass
    found = re.search(r"VmRSS:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024

told, turns, paths = [], int(sys.argv[1]), [Path(word) for word in sys.argv[2:]]
for turn in range(turns):
    classifier = Classifier.open(paths[turn % len(paths)], "cpu")
    del classifier
    gc.collect()  # as the window does when it is idle: graphs of layers hold on to each other
    told.append(held())
print(json.dumps(told))
"""


def asked(code, *paths):
    words = [sys.executable, "-c", code, *map(str, paths)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def linux():
    if sys.platform != "linux":
        pytest.skip("memory is measured as Linux tells it")


@pytest.mark.usefixtures("linux")
def test_loading_weights_peaks_near_twice_the_file(tmp_path):
    from safetensors.torch import save_file

    from onepixel_gui.classifier.architectures import torchvision_models

    def saved(name, network, save=torch.save):
        state = {key: value.contiguous() for key, value in network.state_dict().items()}
        save(state, str(tmp_path / name))
        return tmp_path / name

    models = torchvision_models()
    large = models.resnet50(num_classes=2)
    paths = [
        saved("small.pt", models.resnet18(num_classes=2)),
        saved("large.pt", large),
        saved("large.safetensors", large, save_file),
    ]
    for path, share in zip(paths[1:], asked(MEASURE, *paths), strict=True):
        assert 1.5 < share < MOST, (path.name, share)


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize("turns", [9, pytest.param(50, marks=pytest.mark.slow)])
def test_switching_between_classifiers_keeps_nothing(tmp_path, request, turns):
    """Every third is one with windows, which takes seconds; fifty turns are minutes."""
    from tests.core.networks import Tiny, save_codait, save_script

    if turns > 9 and "slow" not in request.config.getoption("-m"):
        pytest.skip("four minutes long: ask for it with -m slow")
    save_codait(tmp_path / "a.safetensors")
    save_script(Tiny(2, (64, 64)), tmp_path / "b.ts")
    save_script(Tiny(3, (64, 64)), tmp_path / "c.ts")
    told = asked(SWITCH, turns, *(tmp_path / name for name in ("a.safetensors", "b.ts", "c.ts")))
    early, late = max(told[3 : turns // 2]), max(told[-3:])
    assert late - early < 30 << 20, [round(value / 2**20) for value in told]
