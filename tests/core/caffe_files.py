"""Caffe networks and weights, made by hand, and Caffe's own arithmetic, slowly."""

import numpy as np

from onepixel_gui.classifier.formats.caffe import file as caffe
from onepixel_gui.classifier.formats.contents import Source
from tests.core.protobuf import layer, net

RNG = np.random.default_rng(3)


def random(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def data(old=False, **more):
    return layer("Data", "data", (), ("data", "label"), old=old, more=more.get("more"))


def rows(bottom, weight, name="ip", old=False, blobs=None):
    options = {1: len(weight)}
    blobs = (weight, np.zeros(len(weight), np.float32)) if blobs is None else blobs
    return layer("InnerProduct", name, bottom, name, options, blobs, old=old)


def read(bytes_, tmp_path, name="net.caffemodel"):
    path = tmp_path / name
    path.write_bytes(bytes_)
    with path.open("rb") as file:
        contents = caffe.peek(file, name)
    return contents, caffe.network(Source(path, bytes_, "0" * 64), contents)


def small(old=False, edge=6, tail=(), **more):
    """A convolution, a ReLU and a linear layer over 3 x edge x edge."""
    parts = (random(2, 3, 3, 3), random(2))
    conv = layer("Convolution", "conv", "data", "conv", {1: 2, 3: 1, 4: 3}, parts, old=old)
    relu = layer("ReLU", "relu", "conv", "conv", old=old)
    head = rows("conv", random(3, 2 * edge * edge), old=old)
    return net([data(old, **more), conv, relu, head, *tail], old=old)


def conv(options=None, blobs=None, name="conv9"):
    blobs = (random(2, 3, 3, 3), random(2)) if blobs is None else blobs
    return layer("Convolution", name, "data", name, {1: 2, 4: 3} | (options or {}), blobs)
