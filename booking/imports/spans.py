"""Time as a strip of minutes: whatever is laid on it, however often, it stays as long as its window. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from booking.imports.events import Batch
from booking.imports.recurrence import Budget
from booking.imports.zones import Window

_CHEAP = 2048
"""Minutes that are laid at the price of one step."""


class Strip:
    """The minutes of a window, each of which is taken or not."""

    def __init__(self, window: Window, budget: Budget) -> None:
        self._low, self._length = window.low, window.high - window.low
        self._minutes = bytearray(self._length)
        self._budget = budget
        self._laid: set[tuple[int, int, int, int]] = set()
        """Series that were laid: many meet at the same hours."""
        budget.spend(self._length // _CHEAP)

    def lay(self, batches: Iterable[Batch]) -> int:
        """Take the minutes of occurrences, as far as they lie in the window; returns how many did."""
        minutes, low, most = self._minutes, self._low, self._length
        count = 0
        for starts, length in batches:
            if isinstance(starts, range):
                key = (starts.start, starts.stop, starts.step, length)
                if key in self._laid:
                    count += len(starts)
                    continue
                self._laid.add(key)
            self._budget.spend(len(starts))
            if length > _CHEAP:
                self._budget.spend(len(starts) * (min(length, most) // _CHEAP))
            first, last = bisect_left(starts, low), bisect_right(starts, low + most - length)
            if first < last:
                self._fill(starts[first:last], length)
                count += last - first
            for at in (*starts[:first], *starts[max(first, last) :]):  # those that reach over an edge
                start, end = max(at - low, 0), min(at - low + length, most)
                if start < end:
                    minutes[start:end] = b"\x01" * (end - start)
                    count += 1
        return count

    def _fill(self, starts: Sequence[int], length: int) -> None:
        """Take the minutes of occurrences that lie in the window."""
        minutes, low = self._minutes, self._low
        if isinstance(starts, range) and len(starts) > length:
            taken = b"\x01" * len(starts)  # the first minute of each, then the second of each
            for later in range(length):
                minutes[starts.start - low + later : starts.stop - low + later : starts.step] = taken
        else:
            taken = b"\x01" * length
            for at in starts:
                minutes[at - low : at - low + length] = taken

    def put(self, other: "Strip", begins: int, ends: int) -> None:
        """Be as another strip of the same window is, from one minute until before another."""
        start, end = max(begins - self._low, 0), max(min(ends - self._low, self._length), 0)
        if start < end:
            self._minutes[start:end] = other._minutes[start:end]

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield what is taken, in order, without overlaps and without gaps of no length."""
        for start, end in runs(self._minutes):
            yield start + self._low, end + self._low


def runs(minutes: bytearray) -> Iterator[tuple[int, int]]:
    """Yield from where until where minutes are taken."""
    start = minutes.find(1)
    while start >= 0:
        end = minutes.find(0, start)
        yield start, end if end >= 0 else len(minutes)
        start = minutes.find(1, end) if end >= 0 else -1
