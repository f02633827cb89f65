"""What is no Caffe network, or a damaged one, is refused with words."""

import io
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier.formats.caffe import file as caffe
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.caffe_files import conv, data, random, read, rows, small
from tests.core.protobuf import field, layer, message, net

DAMAGED = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError)


def refused(bytes_):
    with pytest.raises(UnusableCheckpoint) as caught:
        caffe.peek(io.BytesIO(bytes_), "net.caffemodel")
    assert "net.caffemodel" in caught.value.what
    assert caught.value.remedy.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([data(), layer("Concat", "join9", "data", "j")], "'join9' (Concat) that is not known"),
        ([data(), layer("Python", "code9", "data", "j")], "'code9' (Python) that is not known"),
        ([data(), conv(), rows("data", random(2, 12), name="side9")], "'side9'"),
        ([data(), conv({4: 0})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({6: 0})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({3: 1 << 40})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({18: -1})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({5: 0})], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), conv({1: 5})], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), conv({1: 0})], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), conv(blobs=())], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), layer("Pooling", "p9", "data", "p", {1: 2, 2: 2})], "'p9' (Pooling) that pools"),
        ([data(), layer("Pooling", "p9", "data", "p", {2: 2, 4: 2})], "more than half"),
        ([data(), layer("LRN", "n9", "data", "n", {4: 1})], "'n9' (LRN)"),
        ([data(), layer("ReLU", "r", "data", "r")], "holds no weights"),
        ([data(), conv(blobs=(random(2, 4, 3, 3), random(2)))], "three channels"),
        ([data(), rows("data", random(2, 7))], "three channels"),
        ([data(), *[layer("ReLU", "r", "data", "data")] * 500], "501 layers"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_by_name(layers, words):
    assert words in refused(net(layers)).what


def test_a_layer_of_the_old_kind_that_is_not_known_is_refused_by_name():
    odd = layer("Concat", "join9", "data", "j", old=True)
    assert "'join9' (kind 3) that is not known" in refused(net([data(True), odd], old=True)).what


@pytest.mark.parametrize("shape", [[-1, 3], [1 << 40, 1], [10**12], [0], [5], []])
def test_a_shape_that_its_numbers_do_not_have_is_damage(shape):
    weight = message({7: message({1: shape}), 5: random(6)})
    head = message(
        {1: "ip", 2: "InnerProduct", 3: "data", 4: "ip", 7: weight, 117: message({1: 2})}
    )
    with pytest.raises(ValueError, match="numbers for the shape"):
        caffe.peek(io.BytesIO(net([data(), head])), "net.caffemodel")


def test_a_network_that_would_compute_for_minutes_is_refused():
    wide = conv({1: 40, 3: 300, 4: 301}, (random(40, 3, 301, 301), random(40)))
    start = time.thread_time()
    refused(net([data(more={100: message({3: 1024})}), wide]))
    assert time.thread_time() - start < 5


def test_a_file_is_read_without_torch(tmp_path):
    import subprocess

    path = tmp_path / "n.caffemodel"
    path.write_bytes(small())
    words = (
        "import sys; from onepixel_gui.classifier.formats.caffe import file as caffe;"
        f"print(caffe.peek(open({str(path)!r}, 'rb'), 'n').stored, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["275", "False"]


@pytest.mark.parametrize("old", [False, True])
def test_a_file_is_recognised_by_its_first_bytes(old):
    file = small(old)
    assert caffe.recognises(file[:4096])
    assert caffe.recognises(file[:64])
    for other in (b"", b"\x80\x02}q\x00.", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\n\nhello world"):
        assert not caffe.recognises(other + bytes(64))


@pytest.mark.parametrize("old", [False, True])
def test_a_file_that_was_cut_short_is_refused_or_damaged(tmp_path, old):
    file = small(old)
    for share in range(20):
        with pytest.raises((UnusableCheckpoint, *DAMAGED)):
            read(file[: len(file) * share // 20], tmp_path)


WHOLE = small()


@settings(
    max_examples=200, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=12), cut=st.booleans())
def test_a_damaged_file_is_read_refused_or_damaged_but_never_a_bug(tmp_path, place, value, cut):
    file = bytearray(WHOLE)
    start = int(place**2 * len(file))
    file[start : start + len(value)] = value
    try:
        read(bytes(file[: start + 20] if cut else file), tmp_path)
    except (UnusableCheckpoint, *DAMAGED):
        return


@settings(max_examples=100, deadline=5000)
@given(st.binary(max_size=80))
def test_random_layers_are_never_a_bug(junk):
    try:
        caffe.peek(io.BytesIO(field(100, junk)), "net.caffemodel")
    except (UnusableCheckpoint, *DAMAGED):
        return
