"""What a training took: time of the clock and of the processors, and energy where the machine counts it."""

import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Effort"]

# Intel's and AMD's running average power limit, as Linux shows it; readable by root alone on most machines.
_COUNTERS = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Effort:
    """Readings at the start.

    Examples
    --------
    >>> Effort.start().summary().startswith("0 s (")
    True
    """

    clock: float
    processor: float
    microjoules: int | None

    @classmethod
    def start(cls) -> "Effort":
        """Read clocks and counters."""
        return cls(time.perf_counter(), time.process_time(), _microjoules())

    def summary(self) -> str:
        """Say in a line what it took until now."""
        seconds, processor = time.perf_counter() - self.clock, time.process_time() - self.processor
        now = _microjoules()
        counted = self.microjoules is not None and now is not None and now >= self.microjoules
        joules = (now - self.microjoules) / 1e6 if counted else None  # type: ignore[operator]  # both are there
        energy = "energy not counted on this machine" if joules is None else f"{joules / 3600:.2f} Wh of the processor"
        return f"{seconds:,.0f} s ({processor:,.0f} s of the processors); {energy}"


def _microjoules() -> int | None:
    try:
        counters = [int((zone / "energy_uj").read_text()) for zone in _COUNTERS.glob("*-rapl:[0-9]")]
    except (OSError, ValueError):
        return None
    return sum(counters) if counters else None
