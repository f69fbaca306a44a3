"""Read NumPy arrays out of a pickle without letting the pickle do anything.

`pickle.load` runs whatever callables a file names. This reader interprets the pickle opcodes
itself and has no opcode that calls: a global is looked up in a fixed table of constructors written
here, and any other name, opcode or length is refused. Arrays are views of the file's bytes, so no
declared shape can allocate memory; what has to be copied is counted against a limit.

The opcodes are documented in the standard library's `pickletools`.
"""

import codecs
import math
import pickle
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from adda.common.errors import AddaError
from adda.datasets.gzipped import read_gzipped

MAX_BYTES = 2**30
MAX_OPCODES = 1_000_000  # honest pickles of arrays need dozens
LONG_TEXT = 2**20  # characters; only an array's bytes, written as latin-1 text, are longer
_MARK = object()


class _Refused(Exception):
    """The pickle holds something that is not an array, a container or a scalar."""


def load_arrays(path: str | Path, max_bytes: int = MAX_BYTES) -> Any:
    """Read a pickle, plain or gzipped, of protocol 0 to 5, written by Python 2 or 3.

    Args:
        max_bytes: the largest accepted size of the pickle after decompression, and of all copies
            that text and old protocols make necessary.

    Returns:
        What the pickle holds: dicts, lists, tuples, strings, numbers, None, and read-only NumPy
        arrays of booleans, integers and floats. Python 2's `str` comes back as bytes.

    Raises:
        AddaError: the file is missing, too large, truncated, or names anything else.
    """
    data = _read(Path(path), max_bytes)
    try:
        return _Reader(data, max_bytes).read()
    except _Refused as reason:
        raise AddaError(f"{path} is refused: {reason}; use a pickle of plain arrays") from None
    # Malformed opcodes run into anything: short reads, empty stacks, absent memos, bad text.
    except Exception as error:
        raise AddaError(
            f"{path} is truncated or not a pickle ({error}); download or write it again"
        ) from None


def text_keys(arrays: dict) -> dict:
    """The same with the keys that Python 2 wrote as bytes as text."""
    return {
        key.decode("latin-1") if isinstance(key, bytes) else key: value
        for key, value in arrays.items()
    }


def _read(path: Path, max_bytes: int) -> bytes:
    if not path.exists():
        raise AddaError(f"{path} is missing; run the stage that makes it: dvc repro")
    # One byte more than allowed tells a file at the limit from one over it.
    data = read_gzipped(path, max_bytes + 1)
    if len(data) > max_bytes:
        raise AddaError(
            f"{path} is refused: it holds more than {max_bytes:,} bytes; use the published file"
        )
    return data


class _Array:
    """An array between its `_reconstruct` and the BUILD that gives it contents."""


class _Dtype:
    def __init__(self, code: Any):
        if isinstance(code, bytes):
            code = code.decode("ascii")
        if not (isinstance(code, str) and re.fullmatch(r"[<>|=]?[biufc]\d{1,2}", code)):
            raise _Refused(f"it holds an array of dtype {_name(code)}")
        self.dtype = np.dtype(code)

    def set_state(self, state: tuple) -> None:
        _, order, *fields = state
        if fields[:3] != [None, None, None]:
            raise _Refused("it holds a structured array")
        order = order.decode("ascii") if isinstance(order, bytes) else order
        if order not in ("<", ">", "|", "="):
            raise _Refused(f"it holds the byte order {_name(order)}")
        if order != "|":
            self.dtype = self.dtype.newbyteorder(order)


def _array(buffer: Any, dtype: Any, shape: Any, fortran: bool) -> np.ndarray:
    if not isinstance(dtype, _Dtype):
        raise _Refused("it holds an array whose dtype is no dtype")
    if not isinstance(buffer, bytes | memoryview):
        raise _Refused("it holds an array whose contents are not bytes")
    shape = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(side) is int and side >= 0 for side in shape) or len(shape) > 32:
        raise _Refused("it holds an array with an impossible shape")
    size = math.prod(shape) * dtype.dtype.itemsize
    if size != len(buffer):
        raise _Refused(f"it declares an array of {size:,} bytes and holds {len(buffer):,}")
    return np.frombuffer(buffer, dtype.dtype).reshape(shape, order="F" if fortran else "C")


def _reconstruct(kind: Any, *_: Any) -> _Array:
    if kind is not _ndarray:
        raise _Refused("it holds an array of another class than numpy.ndarray")
    return _Array()


def _frombuffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return _array(buffer, dtype, shape, order == "F")


def _scalar(dtype: Any, buffer: Any) -> np.generic:
    return _array(buffer, dtype, (), False)[()]


def _encode(text: Any, encoding: Any) -> bytes:
    """How protocols 0 to 2 write bytes: as text to be encoded again."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _Refused("it encodes something other than bytes")
    return text.encode("latin-1")


def _empty(*arguments: Any) -> bytes:
    if arguments:
        raise _Refused("it builds bytes from something")
    return b""


def _ordered_dict(*arguments: Any) -> dict:
    if arguments:
        raise _Refused("it builds a dictionary from something")
    return {}


def _ndarray(*_: Any) -> None:
    raise _Refused("it calls numpy.ndarray itself")


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): lambda code, *_: _Dtype(code),
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): _ordered_dict,
}
for _builtins in ("builtins", "__builtin__"):
    _GLOBALS[_builtins, "bytes"] = _empty
for _core in ("numpy.core", "numpy._core"):
    _GLOBALS[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    _GLOBALS[f"{_core}.multiarray", "scalar"] = _scalar
    _GLOBALS[f"{_core}.numeric", "_frombuffer"] = _frombuffer


class _Reader:
    """A stack machine for the opcodes that data needs."""

    def __init__(self, data: bytes, max_copied: int):
        self.data = memoryview(data)
        self.copies_left = max_copied
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def read(self) -> Any:
        for _ in range(MAX_OPCODES):
            opcode = bytes(self.take(1))
            if opcode == pickle.STOP:
                return _plain(self.stack.pop())
            if opcode not in _OPCODES:
                raise _Refused(f"it uses the opcode {opcode!r} at byte {self.at - 1}")
            _OPCODES[opcode](self)
        raise _Refused(f"it has more than {MAX_OPCODES:,} opcodes")

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, as a view."""
        if count < 0 or count > len(self.data) - self.at:
            raise ValueError(f"{count:,} bytes wanted at byte {self.at:,} of {len(self.data):,}")
        self.at += count
        return self.data[self.at - count : self.at]

    def unpack(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self) -> bytes:
        end = self.data.obj.index(b"\n", self.at)
        line = self.take(end - self.at)
        self.take(1)
        return bytes(line)

    def text(self, layout: str) -> str:
        encoded = self.take(self.unpack(layout))
        # One character past latin-1 makes Python store every character in two or four bytes.
        if len(encoded) > LONG_TEXT and np.frombuffer(encoded, np.uint8).max() > 0xC3:
            raise _Refused("it holds a long text that is no array")
        return str(encoded, "utf-8", "surrogatepass")

    def escaped_text(self) -> None:
        line = self.line()
        if len(line) > LONG_TEXT and re.search(rb"\\u(?!00)|\\U", line):
            raise _Refused("it holds a long text that is no array")
        self.push_copy(line.decode("raw-unicode-escape"))

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def push_copy(self, value: str | bytes) -> None:
        """Push something that takes memory of its own. A pickle can ask for it again and again."""
        self.copies_left -= sys.getsizeof(value)
        if self.copies_left < 0:
            raise _Refused("it asks for more copies of its contents than any array needs")
        self.push(value)

    def pop_mark(self) -> list[Any]:
        """Everything above the topmost mark."""
        for at in range(len(self.stack) - 1, -1, -1):
            if self.stack[at] is _MARK:
                items = self.stack[at + 1 :]
                del self.stack[at:]
                return items
        raise IndexError("no mark on the stack")

    def pop_tuple(self, size: int) -> None:
        if size > len(self.stack):
            raise IndexError("the stack is too short")
        items = tuple(self.stack[len(self.stack) - size :])
        del self.stack[len(self.stack) - size :]
        self.push(items)

    def integer(self) -> None:
        line = self.line()
        self.push(line == b"01" if line in (b"00", b"01") else int(line))

    def long(self, layout: str) -> None:
        size = self.unpack(layout)
        if size > 255:
            raise _Refused("it holds an integer of more than 255 bytes")
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def string(self) -> None:
        """Python 2's `str` in protocol 0: a quoted and escaped line."""
        line = self.line()
        if len(line) < 2 or line[:1] not in (b"'", b'"') or line[:1] != line[-1:]:
            raise ValueError("a string without quotes")
        self.push_copy(codecs.escape_decode(line[1:-1])[0])

    def append(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("items appended to something that is no list")
        self.stack[-1].extend(items)

    def set_items(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict) or len(items) % 2:
            raise TypeError("items set on something that is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Hashing a deeply nested tuple would overflow C's stack.
            if not isinstance(key, str | bytes | int | float | None):
                raise _Refused(f"it has a dictionary key of type {_name(key)}")
            self.stack[-1][key] = value

    def dictionary(self) -> None:
        items = self.pop_mark()
        self.push({})
        self.set_items(items)

    def named(self, module: str, name: str) -> None:
        if (module, name) not in _GLOBALS:
            raise _Refused(f"it names {module[:80]}.{name[:80]}, which is not array data")
        self.push(_GLOBALS[module, name])

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise _Refused("it names a global by something other than text")
        self.named(module, name)

    def reduce(self) -> None:
        arguments, constructor = self.stack.pop(), self.stack.pop()
        # Nothing callable reaches the stack but the constructors of this module.
        if not callable(constructor) or not isinstance(arguments, tuple):
            raise _Refused("it calls something that is not array data")
        made = constructor(*arguments)
        if isinstance(made, bytes):
            self.push_copy(made)
        else:
            self.push(made)

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if not isinstance(state, tuple):
            raise _Refused("it sets a state that is no tuple")
        if isinstance(target, _Dtype):
            target.set_state(state)
        elif isinstance(target, _Array):
            _, shape, dtype, fortran, buffer = state
            target.array = _array(buffer, dtype, shape, bool(fortran))
        else:
            raise _Refused("it sets the state of something that is no array")

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]  # a dictionary: a huge index costs no memory


def _name(value: Any) -> str:
    return repr(value)[:40] if isinstance(value, str | bytes) else type(value).__name__


def _plain(value: Any) -> Any:
    """Replace finished arrays and views inside containers, each container once."""
    done: dict[int, Any] = {}

    def convert(value: Any, depth: int) -> Any:
        if depth > 50:
            raise _Refused("it nests containers more than 50 deep")
        if isinstance(value, _Array):
            if not hasattr(value, "array"):
                raise _Refused("it holds an array without contents")
            return value.array
        if isinstance(value, _Dtype):
            return value.dtype
        if callable(value) or value is _MARK:
            raise _Refused("it holds a function or class")
        if not isinstance(value, dict | list | tuple | memoryview):
            return value
        if id(value) not in done:
            if isinstance(value, memoryview):
                done[id(value)] = bytes(value)
            elif isinstance(value, dict):
                done[id(value)] = made = {}
                made.update((key, convert(item, depth + 1)) for key, item in value.items())
            elif isinstance(value, list):
                done[id(value)] = made = []
                made.extend(convert(item, depth + 1) for item in value)
            else:
                made = tuple(convert(item, depth + 1) for item in value)
                done[id(value)] = made
        return done[id(value)]

    return convert(value, 0)


_OPCODES: dict[bytes, Callable[[_Reader], Any]] = {
    pickle.PROTO: lambda r: r.take(1),
    pickle.FRAME: lambda r: r.take(8),
    pickle.MARK: lambda r: r.push(_MARK),
    pickle.POP: lambda r: r.stack.pop(),
    pickle.POP_MARK: lambda r: r.pop_mark(),
    pickle.DUP: lambda r: r.push(r.stack[-1]),
    pickle.NONE: lambda r: r.push(None),
    pickle.NEWTRUE: lambda r: r.push(True),
    pickle.NEWFALSE: lambda r: r.push(False),
    pickle.INT: _Reader.integer,
    pickle.BININT: lambda r: r.push(r.unpack("<i")),
    pickle.BININT1: lambda r: r.push(r.unpack("<B")),
    pickle.BININT2: lambda r: r.push(r.unpack("<H")),
    pickle.LONG: lambda r: r.push(int(r.line().rstrip(b"L"))),
    pickle.LONG1: lambda r: r.long("<B"),
    pickle.LONG4: lambda r: r.long("<i"),
    pickle.FLOAT: lambda r: r.push(float(r.line())),
    pickle.BINFLOAT: lambda r: r.push(r.unpack(">d")),
    pickle.STRING: _Reader.string,
    pickle.SHORT_BINSTRING: lambda r: r.push(bytes(r.take(r.unpack("<B")))),
    pickle.BINSTRING: lambda r: r.push(r.take(r.unpack("<i"))),
    pickle.SHORT_BINBYTES: lambda r: r.push(bytes(r.take(r.unpack("<B")))),
    pickle.BINBYTES: lambda r: r.push(r.take(r.unpack("<I"))),
    pickle.BINBYTES8: lambda r: r.push(r.take(r.unpack("<Q"))),
    pickle.BYTEARRAY8: lambda r: r.push(r.take(r.unpack("<Q"))),
    pickle.UNICODE: _Reader.escaped_text,
    pickle.SHORT_BINUNICODE: lambda r: r.push_copy(r.text("<B")),
    pickle.BINUNICODE: lambda r: r.push_copy(r.text("<I")),
    pickle.BINUNICODE8: lambda r: r.push_copy(r.text("<Q")),
    pickle.EMPTY_TUPLE: lambda r: r.push(()),
    pickle.TUPLE1: lambda r: r.pop_tuple(1),
    pickle.TUPLE2: lambda r: r.pop_tuple(2),
    pickle.TUPLE3: lambda r: r.pop_tuple(3),
    pickle.TUPLE: lambda r: r.push(tuple(r.pop_mark())),
    pickle.EMPTY_LIST: lambda r: r.push([]),
    pickle.LIST: lambda r: r.push(r.pop_mark()),
    pickle.APPEND: lambda r: r.append([r.stack.pop()]),
    pickle.APPENDS: lambda r: r.append(r.pop_mark()),
    pickle.EMPTY_DICT: lambda r: r.push({}),
    pickle.DICT: _Reader.dictionary,
    pickle.SETITEM: lambda r: r.set_items([r.stack.pop(-2), r.stack.pop()]),
    pickle.SETITEMS: lambda r: r.set_items(r.pop_mark()),
    pickle.GLOBAL: lambda r: r.named(r.line().decode(), r.line().decode()),
    pickle.STACK_GLOBAL: _Reader.stack_global,
    pickle.REDUCE: _Reader.reduce,
    pickle.BUILD: _Reader.build,
    pickle.PUT: lambda r: r.remember(int(r.line())),
    pickle.BINPUT: lambda r: r.remember(r.unpack("<B")),
    pickle.LONG_BINPUT: lambda r: r.remember(r.unpack("<I")),
    pickle.MEMOIZE: lambda r: r.remember(len(r.memo)),
    pickle.GET: lambda r: r.push(r.memo[int(r.line())]),
    pickle.BINGET: lambda r: r.push(r.memo[r.unpack("<B")]),
    pickle.LONG_BINGET: lambda r: r.push(r.memo[r.unpack("<I")]),
}
