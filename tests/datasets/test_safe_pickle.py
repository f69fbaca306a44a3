"""The pickle reader: every honest pickle comes back, every hostile one is refused unexecuted."""

import gzip
import pickle
import struct
import sys
from fractions import Fraction
from unittest.mock import Mock

import numpy as np
import pytest

from adda.common.errors import AddaError
from adda.datasets.safe_pickle import load_arrays

IMAGES = np.arange(4 * 28 * 28 * 3, dtype=np.uint32).astype(np.uint8).reshape(4, 28, 28, 3)


@pytest.fixture
def load(tmp_path):
    def load(data: bytes, **options):
        path = tmp_path / "file.pkl"
        path.write_bytes(data)
        return load_arrays(path, **options)

    return load


def same(left, right):
    return left.keys() == right.keys() and all(
        left[key].dtype == right[key].dtype and np.array_equal(left[key], right[key])
        for key in right
    )


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_every_protocol_plain_and_zipped(load, protocol, compress):
    arrays = {
        "train": IMAGES,
        "test": np.asfortranarray(IMAGES[:2]),
        "big endian": np.arange(5, dtype=">i2"),
        "empty": np.zeros((0, 28, 28, 3), np.uint8),
        "zero-dimensional": np.array(3),
        "floats": np.linspace(0, 1, 5),
        "flags": np.array([True, False]),
    }
    others = {
        "bytes": b"\x00\xff\n'\\" * 3,
        "numbers": [1, -(2**40), 2**70, 1.5, float("inf"), True, False, None],
        "tuple": ((), (1,), (1, "é", "\n\\"), (1, 2, 3, 4)),
        "none": None,
    }
    assert same(load(compress(pickle.dumps(arrays | others, protocol))), arrays)


def test_one_array_twice_is_read_once(load):
    data = load(pickle.dumps({"a": IMAGES, "b": IMAGES}))
    assert data["a"] is data["b"]


def py2(protocol):
    """The bytes that Python 2.7 with NumPy 1.16 writes for {'train': array}, by hand: `str` by the
    STRING opcodes, and modules under their old names."""
    images = np.arange(2 * 3, dtype=np.uint8).reshape(2, 3)
    raw = images.tobytes()
    if protocol == 0:
        text = "'" + "".join(f"\\x{byte:02x}" for byte in raw) + "'"
        return images, (
            b"(dp0\nS'train'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n"
            b"(I0\ntS'b'\ntRp4\n(I1\n(I2\nI3\ntcnumpy\ndtype\np5\n(S'u1'\nI0\nI1\ntRp6\n"
            b"(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nS" + text.encode() + b"\ntbs."
        )
    return images, (
        b"\x80\x02}q\x01U\x05trainq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
        b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01"
        b"\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", len(raw))
        + raw
        + b"tbs."
    )


@pytest.mark.parametrize("protocol", [0, 2])
def test_python_2_pickles(load, protocol):
    images, data = py2(protocol)
    expected = pickle.loads(data, encoding="bytes")  # our own bytes: Python agrees on them
    assert (expected[b"train"] == images).all()
    assert same(load(data), {"train": images})


class Call:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def named(module, name, arguments=b")"):
    """A pickle that calls a function by name, importable here or not."""
    return f"\x80\x02c{module}\n{name}\n".encode() + arguments + b"R."


TEXT = b"(X\x04\x00\x00\x00evilt"
ARRAY = pickle.dumps({"train": IMAGES}, 2)
RECONSTRUCT = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n"
EMPTY_ARRAY = RECONSTRUCT + b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R"
U1 = b"cnumpy\ndtype\nX\x02\x00\x00\x00u1\x89\x88\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"

HOSTILE = {
    "os.system": pickle.dumps(Call(__import__("os").system, "touch evil")),
    "builtins.eval": pickle.dumps(Call(eval, "open('evil', 'w')")),
    "nested reduce": pickle.dumps([{"a": (Call(str.upper, Call(eval, "1")),)}]),
    "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0bcore.os.sys\x93)R.",
    "dotted name of an allowed one": b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.tofile2\x93)R.",
    "copyreg extension": b"\x80\x02\x82\x01.",
    "persistent id": b"\x80\x02X\x01\x00\x00\x00aQ.",
    "newobj_ex": pickle.dumps(Fraction(1, 2), 4),
    "inst": b"(S'evil'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'evil'\no.",
    "out-of-band buffer": b"\x80\x05\x97.",
    "an object array": pickle.dumps({"a": np.array([{}], dtype=object)}),
    "a structured array": pickle.dumps({"a": np.zeros(2, [("a", "u1")])}),
    "a string array": pickle.dumps(np.array(["a"])),
    "a subclass of ndarray": RECONSTRUCT + b"cbuiltins\nbytes\nK\x00\x85C\x01b\x87R.",
    "a masked array": pickle.dumps(np.ma.array([1])),
    "a huge declared shape": EMPTY_ARRAY + b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft" + U1 + b"\x89C\x00tb.",
    "a negative shape": EMPTY_ARRAY + b"(K\x01(J\xff\xff\xff\xffJ\xff\xff\xff\xfft" + U1 + b"\x89C\x01atb.",
    "an array never filled": EMPTY_ARRAY + b".",
    "a state for a dict": b"\x80\x02}(K\x01tb.",
    "a memo bomb": b"\x80\x02Nr\xff\xff\xff\xff" + b"cos\nsystem\n.",
    "bytes of a huge declared size": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"a.",
    "a string of a negative size": b"\x80\x02T" + struct.pack("<i", -5) + b"aaaaaa.",
    "an integer of many digits": b"L" + b"9" * 100_000 + b"L\n.",
    "a tuple too deep to hash": b"\x80\x02}N" + b"\x85" * 200_000 + b"Ns.",
    "one text encoded again and again": b"\x80\x02c_codecs\nencode\nq\x00X" + struct.pack("<I", 2**16) + b"a" * 2**16 + b"q\x01X\x06\x00\x00\x00latin1q\x02" + b"h\x00h\x01h\x02\x86R" * 20_000 + b".",
    "opcodes without end": b"\x80\x02" + b"N0" * 600_000 + b".",
    "no dictionary": pickle.dumps([IMAGES]),
    "a mark as the result": b"(.",
    "no end": ARRAY[:-1],
    "half an array": ARRAY[: len(ARRAY) // 2],
    "nothing": b"",
    "half a gzip": gzip.compress(ARRAY)[:-20],
}  # fmt: skip


# What only damage can have made, and no one who means harm.
DAMAGED = {
    "bytes of a huge declared size",
    "a string of a negative size",
    "an integer of many digits",
    "a mark as the result",
    "no end",
    "half an array",
    "nothing",
    "half a gzip",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pickles_are_refused_and_run_nothing(load, kind, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    modules = set(sys.modules)
    damaged = kind in DAMAGED
    reason = r"is truncated or not a pickle|cannot be used" if damaged else "is refused: it"
    with pytest.raises(AddaError, match=rf"file\.pkl ({reason})"):
        load(HOSTILE[kind])
    assert [path.name for path in tmp_path.iterdir()] == ["file.pkl"]
    assert set(sys.modules) == modules
    assert capfd.readouterr().out == ""


def test_hostile_pickles_stay_small(tmp_path, run_python):
    """All of them in one process, under an address limit of 2 GiB beyond what NumPy takes; a reader
    that asks for more ends it, since MemoryError is let through."""
    for number, data in enumerate(HOSTILE.values()):
        (tmp_path / f"{number}.pkl").write_bytes(data)
    bombs = b"\0" * 2**28, b"N" * 2**28, b"X" + struct.pack("<I", 2**27) + b"\xc3\xa9" * 2**26
    for number, content in enumerate(bombs):
        (tmp_path / f"bomb{number}.pkl").write_bytes(gzip.compress(b"\x80\x02" + content, 1))
    code = f"""
import glob, resource
from adda.common.errors import AddaError
from adda.datasets.safe_pickle import load_arrays
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 2**30,) * 2)
refused = 0
for path in glob.glob("*.pkl"):
    try:
        load_arrays(path)
    except AddaError:
        refused += 1
assert refused == {len(HOSTILE) + len(bombs)}, refused
"""
    result = run_python(code, tmp_path)
    assert result.returncode == 0, result.stderr


def test_too_little_memory_is_no_damage(load, monkeypatch):
    monkeypatch.setattr(np, "frombuffer", Mock(side_effect=MemoryError))
    with pytest.raises(MemoryError):
        load(ARRAY)


def test_a_size_limit_before_reading_on(load):
    data = pickle.dumps({"train": IMAGES})
    assert same(load(data, max_bytes=len(data)), {"train": IMAGES})
    for packed in (data, gzip.compress(data)):
        with pytest.raises(AddaError, match="more than"):
            load(packed, max_bytes=len(data) - 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\n<!DOCTYPE html><html>Sign in</html>", "is a web page and no pickle; download"),
        (pickle.dumps({"train": np.zeros(9)}, 0).replace(b"\n", b"\r\n") * 5, "transfer as text"),
        (b"\x1b[31mred\x07", r"^[ -~]*$"),  # nothing that a terminal would obey
    ],
)
def test_what_became_of_a_pickle_on_its_way_is_said(load, data, message):
    with pytest.raises(AddaError, match=message):
        load(data)


@pytest.mark.parametrize("name", ["folder", "missing"])
def test_a_folder_in_place_of_a_file_or_nothing(name, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(AddaError, match=f"{name} cannot be used"):
        load_arrays(tmp_path / name)
