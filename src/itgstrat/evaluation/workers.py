"""The one door for parallel work: processes or threads of this machine, or a Dask cluster that is there already."""

import hashlib
import logging
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import ThreadpoolController

from itgstrat.config import ComputeConfig
from itgstrat.errors import ConfigError

logger = logging.getLogger(__name__)

#: A call, as `joblib.delayed` writes it down: function, arguments, named arguments.
Piece = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
Results = Generator[tuple[int, Any], None, None]

#: How often a cluster may lose data before the run ends.
ATTEMPTS = 5

#: Seconds that a scheduler has to answer, and its first worker to come.
TIMEOUT = 20

#: Packages that decide about the last digit of a result.
PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-survival", "lifelines")


def run_pieces(compute: ComputeConfig, shared: Sequence[object], pieces: Iterable[Piece]) -> Results:
    """Run pieces of work that know nothing of each other.

    BLAS is held to one thread, here and in every worker that `one_thread` guards: two workers of two threads each
    would hinder each other, and sums would not come out the same on every machine. A cluster that loses a worker, and
    with it the last copy of what was sent there, is sent it again, with the pieces that are not done.

    Parameters
    ----------
    compute : ComputeConfig
        Where the work is done.
    shared : sequence of object
        What the pieces are given as arguments of their own, cohorts for the most part. It is sent to every worker
        of a cluster once, not with each piece.
    pieces : iterable of Piece
        Calls, from `joblib.delayed`.

    Yields
    ------
    tuple of int and object
        Number of a piece and what it gave, as they are done.

    Raises
    ------
    ConfigError
        If the work is to be done by Dask and its package is not installed, its scheduler does not answer, no worker
        comes, the workers have other versions than this machine, or they are lost again and again.
    """
    left = dict(enumerate(pieces))
    for _ in range(ATTEMPTS):
        # arguments stay arguments of their own: these joblib knows again as what was sent before
        calls = (delayed(_numbered)(number, f, *args, **own) for number, (f, args, own) in list(left.items()))
        try:
            with _open(compute, shared) as workers, _closed(workers(calls)) as results:
                for number, result in results:
                    del left[number]
                    yield number, result
            return
        except CancelledError as error:
            logger.warning("workers were lost with data that only they had (%s); it is sent again", error)
    raise ConfigError(
        "compute",
        [
            f"the workers of {compute.scheduler} were lost {ATTEMPTS} times with {len(left)} pieces of work undone; "
            "see their log (memory?). What is done is kept: the same command goes on from there"
        ],
    )


def run_in_order(
    compute: ComputeConfig, shared: Sequence[object], pieces: Iterable[Piece]
) -> Generator[Any, None, None]:
    """Run pieces of work and give what they gave in their order; all else as in `run_pieces`."""
    found: dict[int, Any] = {}
    at = 0
    with closing(run_pieces(compute, shared, pieces)) as results:
        for number, result in results:
            found[number] = result
            while at in found:
                yield found.pop(at)
                at += 1


@contextmanager
def open_workers(
    compute: ComputeConfig, shared: Sequence[object] = ()
) -> Iterator[Callable[[Iterable[Piece]], list[Any]]]:
    """Give what runs pieces of work and waits for them all, as a `joblib.Parallel` does; else as in `run_pieces`.

    Parameters
    ----------
    compute : ComputeConfig
        Where the work is done.
    shared : sequence of object
        Arguments that the pieces have in common.

    Yields
    ------
    callable
        Pieces -> what they gave, in their order.
    """
    yield lambda pieces: list(run_in_order(compute, shared, pieces))


def _numbered(number: int, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[int, Any]:
    return number, function(*args, **kwargs)


@contextmanager
def _closed(results: Generator[Any, None, None]) -> Iterator[Generator[Any, None, None]]:
    """Stop the workers in any case, without joblib's warning of what a fault leaves undone."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            results.close()


@contextmanager
def _open(compute: ComputeConfig, shared: Sequence[object]) -> Iterator[Parallel]:
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        if compute.backend == "dask":
            client = stack.enter_context(_connect(str(compute.scheduler)))
            stack.enter_context(parallel_config(_cluster_backend()(client=client, scatter=list(shared))))
            # all at once: workers that come later find work, and a cluster that adapts sees how much there is
            yield Parallel(return_as="generator_unordered", pre_dispatch="all")
            return
        threads = {"inner_max_num_threads": 1} if compute.backend == "loky" else {}
        stack.enter_context(parallel_config(compute.backend, n_jobs=compute.n_jobs, **threads))
        yield Parallel(return_as="generator_unordered")


@cache
def _cluster_backend() -> Any:
    """Give joblib's own backend for Dask, that sends work away from the first worker on.

    joblib counts the threads of the cluster when it begins, and works by itself where it counts one.
    """
    dask: Any = import_module("joblib._dask").DaskDistributedBackend

    class Cluster(dask):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            threads: int = super().effective_n_jobs(n_jobs)
            return max(2, threads)

    return Cluster


@contextmanager
def _connect(scheduler: str) -> Generator[Any, None, None]:
    """Join a cluster that is there; it is left running."""
    if find_spec("distributed") is None:
        raise ConfigError(
            "compute", ["backend is dask, which needs the package distributed; pip install 'itgstrat[dask]'"]
        )
    try:
        client = import_module("distributed").Client(scheduler, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:  # Dask's time-outs are OSErrors
        raise ConfigError(
            "compute",
            [
                f"scheduler {scheduler} did not answer within {TIMEOUT} s ({error}); start the cluster first "
                "(`dask scheduler`, `dask worker ADDRESS`) and give the address that it prints"
            ],
        ) from error
    with client:
        _check_workers(client, scheduler)
        yield client


def _check_workers(client: Any, scheduler: str) -> None:
    """Make sure that there is a worker, and that it computes what this machine would."""
    try:
        client.wait_for_workers(1, timeout=TIMEOUT)
    except TimeoutError as error:
        raise ConfigError(
            "compute", [f"scheduler {scheduler} has no worker after {TIMEOUT} s; start some: dask worker {scheduler}"]
        ) from error
    own = describe_versions()
    try:
        others = client.run(describe_versions)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            "compute", [f"the workers of {scheduler} cannot load itgstrat ({error}); install this version there, too"]
        ) from error
    faults = [
        f"worker {name} would compute something else ({_tell_apart(own, other)}); install the same versions there"
        for name, other in others.items()
        if other != own
    ]
    if faults:
        raise ConfigError("compute", faults)


def _tell_apart(own: dict[str, str], other: dict[str, str]) -> str:
    return ", ".join(f"{name} {other.get(name)}, here {own[name]}" for name in own if other.get(name) != own[name])


def describe_versions() -> dict[str, str]:
    """Name what the result of a fit depends on beside data and configuration.

    Returns
    -------
    dict of str to str
        Versions of the packages that compute, and a hash of our own code.
    """
    return {name: version(name) for name in PACKAGES} | {"itgstrat": _hash_code()}


@cache
def _hash_code() -> str:
    """Hash our own code, so that no result of another version is ever taken for one of this."""
    root = Path(__file__).parents[1]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(root.rglob("*.py")))).hexdigest()[:16]


class _Guard:
    """Counts who wants one thread; the first to come sets it, the last to go sets it back."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._pools = ThreadpoolController()
        self._limit: Any = None

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = self._pools.limit(limits=1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


@cache
def _guard() -> _Guard:
    return _Guard()


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread; for several threads of a process at once, as a worker of Dask has them.

    Yields
    ------
    None
        Afterwards the threads are as they were.
    """
    _guard().enter()
    try:
        yield
    finally:
        _guard().leave()
