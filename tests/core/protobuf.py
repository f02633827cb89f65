"""Protobuf messages and Caffe files made by hand, for tests of what reads them."""

import numpy as np


def varint(value):
    value &= (1 << 64) - 1
    done = bytearray()
    while value > 127:
        done.append(value & 127 | 128)
        value >>= 7
    return bytes([*done, value])


def field(number, value):
    """int: a varint; float: 32 bits; str, bytes: with their length; arrays and lists: packed."""
    if isinstance(value, (int, np.integer)):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, float):
        return varint(number << 3 | 5) + np.float32(value).tobytes()
    if isinstance(value, str):
        value = value.encode()
    elif isinstance(value, np.ndarray):
        value = value.tobytes()
    elif isinstance(value, list):
        value = b"".join(varint(one) for one in value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(fields):
    """number -> one value, or a tuple of values that follow each other."""
    done = b""
    for number, values in fields.items():
        for value in values if isinstance(values, tuple) else (values,):
            done += field(number, value)
    return done


# ------------------------------------------------------------------ Caffe
OLD_KINDS = {
    "Data": 5, "Convolution": 4, "Pooling": 17, "ReLU": 18, "InnerProduct": 14, "LRN": 15,
    "Softmax": 20, "SoftmaxWithLoss": 21, "Dropout": 6, "Accuracy": 1, "Concat": 3, "Sigmoid": 19,
}  # fmt: skip
_OPTIONS = {
    "Convolution": (106, 10), "Pooling": (121, 19), "InnerProduct": (117, 17), "LRN": (118, 18),
    "ReLU": (123, 30), "BatchNorm": (139, 0), "Scale": (142, 0), "Input": (143, 0),
}  # fmt: skip


def blob(array, *, four=False):
    """four: as old files have it, always with four sizes."""
    if four:
        shape = (1,) * (4 - array.ndim) + array.shape
        return message({**dict(enumerate(shape, 1)), 5: array.astype("<f4")})
    return message({7: message({1: list(array.shape)}), 5: array.astype("<f4")})


def layer(kind, name, bottom, top, options=None, blobs=(), *, old=False, more=None):
    """bottom, top: a name or a tuple of them. options: the kind's own message, by number."""
    at = (4, 5, 2, 3, 6) if old else (1, 2, 3, 4, 7)
    done = {
        at[0]: name,
        at[1]: OLD_KINDS[kind] if old else kind,
        at[2]: bottom,
        at[3]: top,
        at[4]: tuple(blob(one, four=old) for one in blobs),
    }
    if options is not None:
        done[_OPTIONS[kind][old]] = message(options)
    return message({**done, **(more or {})})


def net(layers, *, old=False, name="tiny", more=None):
    return message({1: name, **(more or {}), 2 if old else 100: tuple(layers)})
