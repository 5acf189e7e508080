"""Optimizers whose steps are as large as the tensor they change, under every stage of ZeRO. Knows no formula.

Under ZeRO, step() is called once a parameter group (stages 1, 2) or sub-group (stage 3), while the scale of a tensor is
spread over processes. So scales are measured before, all at once, and a partition that comes without is refused.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TypedDict

import torch

from trainer.errors import TrainerError
from trainer.optimizers import fragments, scales
from trainer.optimizers.updates import Pace, Row, Update

CHUNK = 2**26  # elements at one time: an update needs room for as many again, or twice
CHUNK_ON_CPU = 2**17  # so that they stay in its cache from the first pass to the last


class Group(TypedDict):
    """A parameter group as torch keeps it."""

    params: list[torch.Tensor]
    lr: float
    betas: tuple[float, float]
    weight_decay: float


class ParamScale(torch.optim.Optimizer):
    """State of a partition: mean and square, like it, and count, its updates so far. Rates are set on the groups.

    Without bind() each parameter is a whole tensor, and measured when it is stepped.
    """

    def __init__(
        self, groups: Iterable[dict[str, object]], *, update: Update, lr: float, betas: tuple[float, float]
    ) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": 0.0})
        self._update = update
        self._table: fragments.Table | None = None
        self._device = torch.device("cpu")
        self._scales: list[float] = []
        self._due: set[torch.Tensor] = set()

    def bind(self, table: fragments.Table, device: torch.device) -> None:
        """Say which tensors the partitions are made of; device: where processes exchange tensors."""
        self._table, self._device = table, device

    def measure(self) -> None:
        """Take the scale of every tensor, before the first of them changes; every process does, once an update."""
        if self._table is not None:
            self._scales = scales.measure(self._table, self._device)
            self._due = set(self._table.partitions)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """Change the parameters that have gradients, which are used up. TrainerError for one that is not measured."""
        if closure is not None:
            raise TrainerError("This optimizer evaluates no closure.")
        for group in self.param_groups:
            self._advance(group)

    def _advance(self, group: Group) -> None:
        flats = [flat for flat in group["params"] if flat.grad is not None]
        table = self._claim(flats)
        for count, same in self._by_count(flats).items():
            pace = Pace(group["lr"], group["betas"], group["weight_decay"], count)
            for rows in _chunks(self._rows(same, table)):
                self._update(rows, pace)
            for flat in same:
                self.state[flat]["count"] += 1

    def _claim(self, flats: list[torch.Tensor]) -> fragments.Table:
        """The table of these partitions, for which scales are at hand; each can be claimed once a measurement."""
        if self._table is None:
            table = fragments.whole(flats)
            self._scales = scales.measure(table, flats[0].device) if flats else []
            return table
        if not self._due.issuperset(flats):
            raise TrainerError("The scales of this update were not measured: call measure() once before each one.")
        self._due.difference_update(flats)
        return self._table

    def _by_count(self, flats: list[torch.Tensor]) -> dict[int, list[torch.Tensor]]:
        """The partitions by how many updates they have had; the state of a new one is made."""
        found = defaultdict(list)
        for flat in flats:
            state = self.state[flat]
            if not state:
                state.update(mean=torch.zeros_like(flat), square=torch.zeros_like(flat), count=0)
            found[state["count"]].append(flat)
        return found

    def _rows(self, flats: list[torch.Tensor], table: fragments.Table) -> Iterator[Row]:
        for flat in flats:
            pieces, state = table.partitions[flat], self.state[flat]
            tensors = (fragments.views(whole, pieces) for whole in (flat, flat.grad, state["mean"], state["square"]))
            yield from map(Row, *tensors, (self._scales[piece.tensor] for piece in pieces))


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows, cut where they are long, CHUNK elements at a time."""
    chunk: list[Row] = []
    size = 0
    for row in (part for whole in rows for part in _parts(whole)):
        if chunk and size + row.parameter.numel() > _chunk(row):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += row.parameter.numel()
    if chunk:
        yield chunk


def _parts(row: Row) -> Iterator[Row]:
    """A row, cut along its first dimension if it is longer than a chunk."""
    numel = row.parameter.numel()
    if numel <= _chunk(row):
        yield row
        return
    length = max(_chunk(row) * len(row.parameter) // numel, 1)
    parts = (tensor.split(length) for tensor in row[:4])
    for parameter, gradient, mean, square in zip(*parts, strict=True):
        yield Row(parameter, gradient, mean, square, row.scale)


def _chunk(row: Row) -> int:
    return CHUNK_ON_CPU if row.parameter.device.type == "cpu" else CHUNK
