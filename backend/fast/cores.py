"""Which core looks for BLEU neighbours: the compiled one where numba is installed. Knows no search."""

import importlib
import importlib.util
import os
from collections.abc import Callable
from enum import StrEnum

from backend.domain.bleu.core import Core
from backend.domain.bleu.sparse import SparseCore
from backend.errors import Unavailable


class CoreKind(StrEnum):
    """A core by what it rests on; auto: the fastest that is installed."""

    AUTO = "auto"
    NUMBA = "numba"
    SCIPY = "scipy"


def core(kind: CoreKind = CoreKind.AUTO) -> Core:
    """The core. Raises Unavailable where the one that is asked for is not installed."""
    installed = importlib.util.find_spec("numba") is not None
    if kind is CoreKind.NUMBA and not installed:
        raise Unavailable("This core needs numba, which is not installed: pip install 'assay-eval[fast]' brings it.")
    threads = os.cpu_count() or 1
    return compiled()(threads) if installed and kind is not CoreKind.SCIPY else SparseCore(threads)


def compiled() -> Callable[[int], Core]:
    """The compiled core, imported only when it is wanted: numba takes half a second."""
    made: Callable[[int], Core] = importlib.import_module("backend.fast.compiled").CompiledCore
    return made
