"""Measuring: wall clock, CPU time (of started processes too) and peak memory."""

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; Linux counts in KiB


@dataclass
class Watch:
    """Times the laps of one stage; set-up between laps is not counted.

    rows     what one lap handles
    memory   False where this process's memory tells nothing of the stage
    details  whatever else the stage has to tell, as JSON
    """

    rows: int = 0
    memory: bool = True
    details: dict[str, Any] = field(default_factory=dict)
    _wall: list[float] = field(default_factory=list)
    _cpu: list[float] = field(default_factory=list)

    @contextmanager
    def lap(self) -> Iterator[None]:
        """One repetition."""
        wall, cpu = time.perf_counter(), _cpu_seconds()
        yield
        self._wall.append(time.perf_counter() - wall)
        self._cpu.append(_cpu_seconds() - cpu)

    def as_json(self) -> dict[str, Any]:
        """Medians over the laps; peak memory of the whole process, set-up included."""
        return {
            "rows": self.rows,
            "laps": len(self._wall),
            "seconds": round(statistics.median(self._wall), 5),
            "cpu_seconds": round(statistics.median(self._cpu), 5),
            "peak_mb": round(_peak_bytes() / 1e6, 1) if self.memory else None,
            "details": self.details,
        }


def measured(variant: Callable[..., None], site: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """What `variant(site, watch, **arguments)` measures, in a fresh process of its own.

    The process is forked from one that has imported everything and done nothing else, so memory
    is comparable and imports cost no time.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.stages"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_in_child, variant, site, arguments).result()


def _in_child(variant: Callable[..., None], site: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    watch = Watch()
    variant(site, watch, **arguments)
    return watch.as_json()


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
