"""A file that grows with a sweep: what is finished is in it, whatever happens to the process that writes.

It holds arrays one after another, as `numpy.save` writes them: first those of the head, then for each finished
network its index and its entries. A record that the process did not live to complete ends the file, and is not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from io import BytesIO
from os import PathLike
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Record = Sequence[NDArray[Any]]


def replace_file(path: str | PathLike[str], content: bytes) -> None:
    """Write `content` to `path` in one step: a reader, or a disk that fills up, finds the old file or the new one."""
    beside = f"{os.fspath(path)}.part"
    try:
        with open(beside, "wb") as file:
            file.write(content)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.remove(beside)
        raise


def begin(path: str | PathLike[str], records: Iterable[Record]) -> None:
    """Write a new file with some records: the head, and what is finished already."""
    replace_file(path, b"".join(map(_bytes, records)))


def append(path: str | PathLike[str], record: Record) -> None:
    """Add a record at the end."""
    with open(path, "ab") as file:
        file.write(_bytes(record))


def read(file: IO[bytes], lengths: Iterable[int]) -> list[Record]:
    """Return the complete records, of so many arrays each, up to the end of the file."""
    records: list[Record] = []
    for length in lengths:
        try:
            records.append([np.load(file, allow_pickle=False) for _ in range(length)])
        except (EOFError, ValueError):  # the end, or a record that was cut short
            break
    return records


def _bytes(record: Record) -> bytes:
    buffer = BytesIO()
    for x in record:
        np.save(buffer, x, allow_pickle=False)
    return buffer.getvalue()
