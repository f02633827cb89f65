"""Programs of torch.export: made, changed, opened and refused."""

import io
import json
from pathlib import Path

import pytest
import torch

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.programs import exported
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.test_torchscript import changed

MODEL, WEIGHTS = "models/model.json", "model_weights_config.json"


def exported_data(network, count=2, *, any_count=False):
    sizes = ({0: torch.export.Dim("batch")},) if any_count else None
    data = io.BytesIO()
    program = torch.export.export(network, (torch.rand(count, 3, 8, 8),), dynamic_shapes=sizes)
    torch.export.save(program, data)
    return data.getvalue()


def opened(data, name="net.pt2"):
    contents = exported.peek(io.BytesIO(data), name)
    return contents, exported.network(Source(Path("/nowhere") / name, data, ""), contents)


def refused(data):
    with pytest.raises(UnusableCheckpoint) as caught:
        opened(data)
    assert "net.pt2" in caught.value.what
    assert "nowhere" not in caught.value.what
    assert caught.value.remedy[0].isupper()
    assert caught.value.remedy.endswith(".")
    return caught.value


def edited(data, edit, entry=MODEL):
    """The file with other JSON: `edit` changes it in place."""

    def change(content):
        whole = json.loads(content)
        edit(whole)
        return json.dumps(whole).encode()

    return changed(data, {entry: change})


def agree(network, original, counts=(1, 2, 3, 64)):
    for count in counts:
        tiles = torch.rand(count, 3, 8, 8)
        # Kernels differ by batch: of 3,000 seeds the largest difference was 2.4e-6.
        torch.testing.assert_close(network(tiles), original(tiles), rtol=0, atol=1e-5)
