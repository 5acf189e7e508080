"""Arrays that are longer than memory, written piece by piece as .npy files. Knows not what is in them."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Columns:
    """One-dimensional .npy files of a folder, for writing: each grows by what is appended and is whole once closed.

    Raises OSError where the disk is full.
    """

    def __init__(self, folder: Path, types: Mapping[str, DTypeLike]) -> None:
        self.types = {name: np.dtype(kind) for name, kind in types.items()}
        self.counts = dict.fromkeys(types, 0)
        self.files: dict[str, BinaryIO] = {}
        for name in types:
            self.files[name] = (folder / f"{name}.npy").open("wb")
            self.write_header(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for name in self.files if error is None else ():
                self.write_header(name)
        finally:
            for file in self.files.values():
                file.close()

    def append(self, name: str, numbers: NDArray[np.generic]) -> None:
        """Add the numbers, in the column's type, to its end."""
        self.files[name].write(numbers.astype(self.types[name], copy=False).tobytes())
        self.counts[name] += len(numbers)

    def write_header(self, name: str) -> None:
        """What an .npy file begins with. numpy leaves room in it for a longer length, so it can be written over."""
        file = self.files[name]
        file.seek(0)
        kind = np.lib.format.dtype_to_descr(self.types[name])
        header = {"descr": kind, "fortran_order": False, "shape": (self.counts[name],)}
        np.lib.format.write_array_header_1_0(file, header)
