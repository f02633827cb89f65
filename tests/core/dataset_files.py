"""Miniatures of public data sets: the same folders, names and tables, with small pictures."""

import gzip
import json
import pickle
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

Points = Sequence[tuple[int, int]]


def noise(height, width, seed=0):
    """(H, W, 3) uint8 in which no two places look alike."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def picture(path: Path, height=96, width=128, seed=0):
    """A picture file, with its folders. Returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = noise(height, width, seed)
    Image.fromarray(rgb).save(path)
    return rgb


def write(path: Path, data: str | bytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def table(path: Path, points: Points):
    """Centres without a header, as TUPAC16 has them."""
    return write(path, "".join(f"{row},{column}\n" for row, column in points))


# ---- TUPAC16

TUPAC = {  # (case, image): mitoses as (row, column), look-alikes
    ("01", "01"): ([(10, 20), (90, 120)], [(50, 60)]),
    ("01", "02"): ([], [(20, 20), (70, 100)]),
    ("15", "01"): ([(40, 64)], []),
    ("34", "01"): ([(0, 0)], [(95, 127)]),
}


def tupac_as_handed_out(root: Path, *, outer=True):
    """Zips unpacked side by side. outer: unpacking kept a folder named like the zip."""
    parts = {"01": 1, "15": 2, "34": 3}
    for number, ((case, image), (mitoses, _)) in enumerate(TUPAC.items()):
        zipped = f"mitoses_image_data_part_{parts[case]}"
        folder = root / zipped / zipped if outer else root / zipped
        picture(folder / case / f"{image}.tif", seed=number)
        if mitoses:  # an image without mitoses has no table
            truth = root / "mitoses_ground_truth"
            table(
                (truth / "mitoses_ground_truth" if outer else truth) / case / f"{image}.csv",
                mitoses,
            )
    picture(root / "mitoses-test-image-data" / "01" / "01.tif", seed=9)
    return root


def tupac_of_codait(root: Path):
    for number, ((case, image), (mitoses, _)) in enumerate(TUPAC.items()):
        picture(root / "mitoses_train_image_data" / case / f"{image}.tif", seed=number)
        table(root / "mitoses_train_ground_truth" / case / f"{image}.csv", mitoses)
    picture(root / "mitoses_test_image_data" / "01" / "01.tif", seed=9)
    return root


def tupac_alternative(root: Path):
    """The alternative labels, which come without images; an empty table means none."""
    for (case, image), (mitoses, others) in TUPAC.items():
        table(root / "TUPAC_AL" / "mitoses_ground_truth" / case / f"{image}.csv", mitoses)
        table(root / "TUPAC_AL" / "nonmitoses_ground_truth" / case / f"{image}.csv", others)
    return root


# ---- MIDOG

MIDOG: Mapping[str, Any] = {
    "info": {"description": "MIDOG++: A Comprehensive Multi-Domain Data Set", "year": 2023},
    "categories": [{"id": 1, "name": "mitotic figure"}, {"id": 2, "name": "not mitotic figure"}],
    "images": [
        {"file_name": "001.tiff", "id": 1, "width": 200, "height": 150, "tumor_type": "breast"},
        {"file_name": "002.tiff", "id": 2, "width": 200, "height": 150, "tumor_type": "lung"},
        {"file_name": "003.tiff", "id": 3, "width": 200, "height": 150, "tumor_type": "lung"},
    ],
    "annotations": [
        {"bbox": [75, 25, 125, 75], "category_id": 1, "image_id": 1, "id": 1},
        {"bbox": [-20, 100, 30, 150], "category_id": 1, "image_id": 2, "id": 2},
        {"bbox": [100, 60, 150, 110], "category_id": 2, "image_id": 2, "id": 3},
    ],
}


def midog(root: Path, told: object = MIDOG, *, under="images", name="MIDOG++.json"):
    for number in (1, 2, 3):
        picture(root / under / f"{number:03}.tiff", 150, 200, seed=number)
    write(root / name, json.dumps(told))
    split = "Slide;Dataset;Tumor\n1;train;breast\n2;train;lung\n3;test;lung\n"
    write(root / "datasets_xvalidation.csv", split)
    return root


# ---- ICPR12 and MITOS-ATYPIA-14


def polygon(row, column, reach=3):
    """All pixels of a square around a centre, column first."""
    steps = range(-reach, reach + 1)
    return ",".join(f"{column + c},{row + r}" for r in steps for c in steps)


def icpr12(root: Path, suffix=".bmp"):
    folder = root / "A00_v2"
    picture(folder / f"A00_01{suffix}", seed=1)
    picture(folder / "A00_01.jpg", seed=1)
    picture(folder / f"A00_02{suffix}", seed=2)
    write(folder / "A00_01.csv", polygon(30, 80) + "\n" + polygon(60, 20) + ",\n")
    write(folder / "A00_02.csv", "")
    return root


def mitos_atypia(root: Path):
    case = root / "A03"
    for seed, field in enumerate(("A03_00Aa", "A03_00Ab")):
        picture(case / "frames" / "x40" / f"{field}.tiff", seed=seed)
    picture(case / "frames" / "x20" / "A03_00A.tiff", seed=5)
    write(case / "mitosis" / "A03_00Aa_mitosis.csv", "80,30,0.9\n20,60,0.65\n")
    write(case / "mitosis" / "A03_00Aa_not_mitosis.csv", "100,50,0.2\n")
    picture(root / "A06" / "frames" / "x40" / "A06_00Aa.tiff", seed=7)  # a test case: no tables
    return root


# ---- PatchCamelyon


def pcam(root: Path, count=12, *, split="valid", chunks=None, meta=True):
    stem = f"camelyonpatch_level_2_split_{split}"
    root.mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(3).integers(0, 256, (count, 96, 96, 3), dtype=np.uint8)
    options = {"chunks": chunks, "compression": "gzip"} if chunks else {}
    with h5py.File(root / f"{stem}_x.h5", "w") as file:
        file.create_dataset("x", data=rgb, **options)
    labels = np.arange(count, dtype=np.uint8) % 3 == 0
    with h5py.File(root / f"{stem}_y.h5", "w") as file:
        file.create_dataset("y", data=labels.astype(np.uint8).reshape(-1, 1, 1, 1))
    if meta:
        rows = "".join(f"{i},{i},{i},False,False,camelyon16_train_{i % 2}\n" for i in range(count))
        write(root / f"{stem}_meta.csv", f",coord_y,coord_x,tumor_patch,center,wsi\n{rows}")
    return rgb


def packed_pcam(root: Path):
    return write(root / "camelyonpatch_level_2_split_test_x.h5.gz", gzip.compress(b"\x89HDF"))


# ---- CIFAR

TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def planes(count, seed=0):
    """(N, 3072) uint8: all reds, all greens, all blues of each picture."""
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)


def old_pickle(held: dict[str, Any]) -> bytes:
    """As Python 2 wrote the batches: protocol 2, strings of bytes, numpy before its version 2."""
    out = [b"\x80\x02}q\x01("]
    for key, value in held.items():
        out.append(_old(key) + _old(value))
    return b"".join(out) + b"u."


def _old(value: Any) -> bytes:
    if isinstance(value, str):
        return b"U" + bytes([len(value)]) + value.encode()
    if isinstance(value, int):
        return b"K" + bytes([value]) if value < 256 else b"J" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"](" + b"".join(map(_old, value)) + b"e"
    assert isinstance(value, np.ndarray)
    raw = value.tobytes()
    return (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R"
        b"(K\x01" + _old(value.shape[0]) + b"J" + struct.pack("<i", value.shape[1]) + b"\x86"
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb"
    )


def cifar_python(root: Path, batches=("data_batch_1", "test_batch"), count=4, *, modern=False):
    folder = root / "cifar-10-batches-py"
    held = {}
    for seed, name in enumerate(batches):
        data = planes(count, seed)
        labels = [(seed + i) % 10 for i in range(count)]
        files = [f"pic_{i}.png" for i in range(count)]
        batch = {"batch_label": name, "labels": labels, "data": data, "filenames": files}
        write(folder / name, pickle.dumps(batch, 4) if modern else old_pickle(batch))
        held[name] = (data, labels)
    meta = {"num_cases_per_batch": 10000, "label_names": TEN, "num_vis": 3072}
    write(folder / "batches.meta", pickle.dumps(meta, 4) if modern else old_pickle(meta))
    return held


def cifar_binary(root: Path, count=4):
    folder = root / "cifar-10-batches-bin"
    held = {}
    for seed, name in enumerate(("data_batch_1", "data_batch_2", "test_batch")):
        data, labels = planes(count, seed), [(seed + i) % 10 for i in range(count)]
        records = np.concatenate([np.array(labels, np.uint8)[:, None], data], axis=1)
        write(folder / f"{name}.bin", records.tobytes())
        held[name] = (data, labels)
    write(folder / "batches.meta.txt", "\n".join([*TEN, ""]))
    return held


def cifar_hundred(root: Path, *, binary=False):
    """Two levels of classes; the finer one is meant."""
    fine, coarse = [f"fine {i}" for i in range(100)], [f"coarse {i}" for i in range(20)]
    held = {}
    for seed, name in enumerate(("train", "test")):
        data, labels = planes(3, seed), [99, 7, seed]
        held[name] = (data, labels)
        if binary:
            records = [
                bytes([1, label]) + row.tobytes() for label, row in zip(labels, data, strict=True)
            ]
            write(root / "cifar-100-binary" / f"{name}.bin", b"".join(records))
        else:
            batch = {"fine_labels": labels, "coarse_labels": [1, 2, 3], "data": data}
            write(root / "cifar-100-python" / name, old_pickle(batch))
    if binary:
        words = "\n".join(each.replace(" ", "_") for each in fine)
        write(root / "cifar-100-binary" / "fine_label_names.txt", words + "\n")
    else:
        meta = {"fine_label_names": fine, "coarse_label_names": coarse}
        write(root / "cifar-100-python" / "meta", old_pickle(meta))
    return held
