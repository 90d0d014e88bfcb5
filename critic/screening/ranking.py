"""The rows of a run in the order in which they are shown. In memory is where each stands; the rest is in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from critic.screening.rows import Row, RowStatus, rank
from critic.screening.store import Result, Store


class Ranking:
    """Rows, added as files are done, to be gone through in their order as often as one likes."""

    def __init__(self, store: Store) -> None:
        """Args:
        store: with the results of the files that have a review.
        """
        self.statuses: Counter[RowStatus] = Counter()
        self._store = store
        self._places: list[tuple[tuple[int | str, ...], str | Result]] = []

    def add(self, row: Row, key: str | None) -> None:
        """Take up what became of a file.

        Args:
            row: of the file.
            key: of its result in the store; None if it has none.
        """
        self.statuses[row.status] += 1
        self._places.append((rank(row), key or Result(row.model_dump_json(exclude_defaults=True), "")))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Row]:
        return (Row.model_validate_json(result.row) for result in self._results())

    def findings(self) -> Iterator[str]:
        """The findings of each proposal, as lines of JSON."""
        return (result.findings for result in self._results())

    def _results(self) -> Iterator[Result]:
        self._places.sort(key=lambda place: place[0])
        for _, place in self._places:
            if result := place if isinstance(place, Result) else self._store.result(place):
                yield result


def counted(statuses: Mapping[RowStatus, int]) -> dict[str, int]:
    """How many files there are of each status, those first that a person should look at first."""
    return {status.value: statuses[status] for status in RowStatus if statuses.get(status)}
