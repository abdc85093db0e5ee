"""The one place where thread counts are set (floor 0)."""

import os


def available_cores() -> int:
    """Cores this process may use (affinity, not the machine's count)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(n: int | None = None) -> int:
    """Give BLAS and numba `n` threads each and return n.

    Default: `$BOSONPEAK_THREADS`, else the cores this process may use. Results of the engine do not depend
    on n: partial sums are added in a fixed order.

    Raises ValueError for n < 1.
    """
    import numba
    import threadpoolctl

    if n is None:
        n = int(os.environ.get("BOSONPEAK_THREADS", available_cores()))
    if n < 1:
        raise ValueError(f"threads must be at least 1, got {n}")
    n = min(n, numba.config.NUMBA_NUM_THREADS)
    numba.set_num_threads(n)
    threadpoolctl.threadpool_limits(n)
    return n
