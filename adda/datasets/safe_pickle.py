"""Read NumPy arrays out of a pickle without letting the pickle do anything.

`pickle.load` calls whatever functions a file names. This reader is the standard library's own, in
Python, with three differences: an opcode that is not in a list here is refused; so is a name that
is not in a table of constructors written here; and opcodes, and copies of what the file holds, are
counted against limits, so that no file takes memory out of proportion to its size.

The opcodes are documented in the standard library's `pickletools`.
"""

import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from adda.common.errors import AddaError
from adda.datasets.gzipped import read_gzipped

MAX_BYTES = 2**28  # the published pickle of MNIST-M holds 165 MB
MANY_LINES = 20  # ends of lines: in binary data so many do not all follow a carriage return
MAX_OPCODES = 1_000_000  # honest pickles of arrays need dozens


class _Refused(Exception):
    """The pickle holds something that is not an array, a container or a scalar."""


def load_arrays(path: str | Path, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Read a pickled dictionary, plain or gzipped, of protocol 0 to 5, by Python 2 or 3.

    Args:
        max_bytes: the largest accepted size of the pickle after decompression.

    Returns:
        Its entries that are arrays of booleans, integers or floats, by key, read-only.

    Raises:
        AddaError: the file is missing, too large, truncated, names anything else, or is not a
            dictionary.
    """
    path = Path(path)
    # One byte more than allowed tells a file at the limit from one over it.
    data = read_gzipped(path, max_bytes + 1)
    if len(data) > max_bytes:
        raise AddaError(
            f"{path} is refused: it holds more than {max_bytes:,} bytes; use the published file"
        )
    if data.lstrip()[:1] == b"<":
        raise AddaError(f"{path} is a web page and no pickle; download the file itself")
    if data.count(b"\n") > MANY_LINES and data.count(b"\n") == data.count(b"\r\n"):
        raise AddaError(f"{path} was damaged by a transfer as text; transfer it as binary")
    try:
        return _arrays_of(_Unpickler(data, max_bytes).load())
    except _Refused as reason:
        raise AddaError(f"{path} is refused: {reason}; use a pickle of plain arrays") from None
    except MemoryError:
        raise
    # Malformed opcodes run into anything: short reads, empty stacks, absent memos, bad text.
    except Exception as error:
        reason = ascii(" ".join(str(error).split())[:80])[1:-1]  # no control characters
        raise AddaError(
            f"{path} is truncated or not a pickle ({reason}); delete it and get it again"
        ) from None


def _arrays_of(value: Any) -> dict[str, np.ndarray]:
    if not isinstance(value, dict):
        raise _Refused(f"it holds {_name(value)} in place of a dictionary")
    named = {  # Python 2 wrote keys as bytes
        key.decode("latin-1") if isinstance(key, bytes) else str(key): item
        for key, item in value.items()
    }
    arrays = {key: item.array for key, item in named.items() if isinstance(item, _Array)}
    if missing := [key for key, array in arrays.items() if array is None]:
        raise _Refused(f"it holds an array without contents, {_name(missing[0])}")
    return arrays


class _Array:
    """An array, or what `_reconstruct` makes before BUILD gives it contents."""

    def __init__(self, array: np.ndarray | None = None):
        self.array = array

    def build(self, state: tuple) -> None:
        _, shape, dtype, fortran, buffer = state
        self.array = _view(buffer, dtype, shape, bool(fortran))


class _Dtype:
    """A dtype, whose byte order BUILD sets."""

    def __init__(self, code: Any):
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if not (isinstance(code, str) and re.fullmatch(r"[<>|=]?[biuf]\d{1,2}", code)):
            raise _Refused(f"it holds an array of dtype {_name(code)}")
        self.dtype = np.dtype(code)

    def build(self, state: tuple) -> None:
        _, order, *fields = state
        order = order.decode("ascii") if isinstance(order, bytes) else order
        if fields[:3] != [None, None, None] or order not in ("<", ">", "|", "="):
            raise _Refused("it holds a structured array, or an unknown byte order")
        if order != "|":
            self.dtype = self.dtype.newbyteorder(order)


def _view(buffer: Any, dtype: Any, shape: Any, fortran: bool) -> np.ndarray:
    if not (isinstance(dtype, _Dtype) and isinstance(buffer, bytes)):
        raise _Refused("it holds an array whose dtype or contents are something else")
    shape = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(side) is int and side >= 0 for side in shape) or len(shape) > 32:
        raise _Refused("it holds an array with an impossible shape")
    size = math.prod(shape) * dtype.dtype.itemsize
    if size != len(buffer):
        raise _Refused(f"it declares an array of {size:,} bytes and holds {len(buffer):,}")
    array = np.frombuffer(buffer, dtype.dtype).reshape(shape, order="F" if fortran else "C")
    array.flags.writeable = False
    return array


def _ndarray(*_: Any) -> NoReturn:
    """Stands for numpy.ndarray, which a pickle may name but not call."""
    raise _Refused("it calls numpy.ndarray itself")


def _reconstruct(kind: Any, *_: Any) -> _Array:
    if kind is not _ndarray:
        raise _Refused("it holds an array of another class than numpy.ndarray")
    return _Array()


def _frombuffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    return _Array(_view(buffer, dtype, shape, order == "F"))


def _empty_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise _Refused("it builds bytes from something")
    return b""


def _name(value: Any) -> str:
    return ascii(value[:40]) if isinstance(value, str | bytes) else type(value).__name__


class _Opcodes(dict[int, Callable[["_Unpickler"], None]]):
    """What opcodes do, for those that data needs, as often as `MAX_OPCODES` allows."""

    left = MAX_OPCODES

    def __getitem__(self, code: int) -> Callable[["_Unpickler"], None]:
        self.left -= 1
        if self.left < 0:
            raise _Refused(f"it has more than {MAX_OPCODES:,} opcodes")
        if code not in self:
            raise _Refused(f"it uses the opcode {bytes([code])!r}")
        return super().__getitem__(code)


class _Unpickler(pickle._Unpickler):
    def __init__(self, data: bytes, max_copied: int):
        super().__init__(io.BytesIO(data), encoding="bytes")
        self.copies_left = max_copied
        self.dispatch = _Opcodes(
            {name[0]: pickle._Unpickler.dispatch[name[0]] for name in HARMLESS}
            | {
                pickle.REDUCE[0]: _Unpickler.reduce,
                pickle.BUILD[0]: _Unpickler.build,
                pickle.SETITEM[0]: _Unpickler.set_item,
                pickle.SETITEMS[0]: _Unpickler.set_items,
                pickle.DICT[0]: _Unpickler.dictionary,
                pickle.BYTEARRAY8[0]: _Unpickler.dispatch[pickle.BINBYTES8[0]],  # allocates nothing
            }
        )

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) == ("_codecs", "encode"):
            return self.encode
        if (module, name) not in CONSTRUCTORS:
            raise _Refused(f"it names {f'{module[:80]}.{name[:80]}'!a}, which is not array data")
        return CONSTRUCTORS[module, name]

    def encode(self, text: Any, encoding: Any) -> bytes:
        """How protocols 0 to 2 write bytes: as text to be encoded again."""
        encoding = encoding.decode("ascii") if isinstance(encoding, bytes) else encoding
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise _Refused("it encodes something other than bytes")
        self.copies_left -= len(text)
        if self.copies_left < 0:
            raise _Refused("it asks for more copies of its contents than any array needs")
        return text.encode("latin-1")

    def reduce(self) -> None:
        arguments = self.stack.pop()
        # Nothing callable reaches the stack but what `find_class` returned.
        if not isinstance(arguments, tuple) or not callable(self.stack[-1]):
            raise _Refused("it calls something that is not array data")
        self.stack[-1] = self.stack[-1](*arguments)

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(state, tuple) or not isinstance(self.stack[-1], _Array | _Dtype):
            raise _Refused("it sets the state of something that is no array")
        self.stack[-1].build(state)

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.fill([key, value])

    def set_items(self) -> None:
        self.fill(self.pop_mark())

    def dictionary(self) -> None:
        items = self.pop_mark()
        self.append({})
        self.fill(items)

    def fill(self, items: list[Any]) -> None:
        """Set keys and values, in turn, in the dictionary on top of the stack."""
        if not isinstance(self.stack[-1], dict):
            raise _Refused("it sets items of something that is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Hashing a deeply nested tuple would overflow C's stack.
            if not isinstance(key, str | bytes | int | float | None):
                raise _Refused(f"it has a dictionary key of type {_name(key)}")
            self.stack[-1][key] = value


CONSTRUCTORS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): lambda code, *_: _Dtype(code),
    ("builtins", "bytes"): _empty_bytes,
    ("__builtin__", "bytes"): _empty_bytes,
}
for _core in ("numpy.core", "numpy._core"):
    CONSTRUCTORS[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    CONSTRUCTORS[f"{_core}.numeric", "_frombuffer"] = _frombuffer

NAMES = """
    PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG
    LONG1 LONG4 FLOAT BINFLOAT STRING SHORT_BINSTRING BINSTRING SHORT_BINBYTES BINBYTES BINBYTES8
    UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 TUPLE
    EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT GLOBAL STACK_GLOBAL PUT BINPUT LONG_BINPUT MEMOIZE
    GET BINGET LONG_BINGET
"""
HARMLESS = tuple(getattr(pickle, name) for name in NAMES.split())
