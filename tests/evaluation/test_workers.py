import json
import os
import signal
import warnings
from concurrent.futures import CancelledError
from contextlib import contextmanager

import numpy as np
import pytest
from joblib import delayed
from threadpoolctl import threadpool_info

from itgstrat.cohort import Cohort
from itgstrat.config import ComputeConfig
from itgstrat.errors import ConfigError
from itgstrat.evaluation import evaluate, workers
from tests.simulate import simulate_cohort

from .test_evaluate import EFFECTS, make_config

COHORT = simulate_cohort(90, 400, EFFECTS, batches=("one", "two"), missing=0.02).cohort
ABROAD = simulate_cohort(50, 390, EFFECTS, batches=("three",), seed=5).cohort
SETTINGS = {"permutations": 2, "random_signatures": 12, "optimism": {"method": "632plus", "draws": 10}}


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a port that is taken, a server that is slow to close
        options = {"host": "127.0.0.1", "dashboard_address": None, "processes": True}
        with LocalCluster(n_workers=2, threads_per_worker=1, **options) as running:
            yield running


def run(compute=None, progress=None, cache=None):
    found = evaluate(make_config(evaluation=SETTINGS, compute=compute or {}), COHORT, [ABROAD], progress, cache)
    return json.dumps(found.as_dict(), allow_nan=False)


@pytest.fixture(scope="module")
def expected():
    return run({"backend": "threading", "n_jobs": 1})


def dask(cluster):
    return {"backend": "dask", "scheduler": cluster.scheduler_address}


def worker_pids(cluster):
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        return dict(client.run(os.getpid))


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_and_is_sent_each_cohort_once(cluster, expected, monkeypatch):
    sent, reduce = [], Cohort.__reduce_ex__

    def count(cohort, protocol):
        sent.append(cohort.name)
        return reduce(cohort, protocol)

    monkeypatch.setattr(Cohort, "__reduce_ex__", count)
    assert run(dask(cluster)) == expected
    # four cohorts: all training patients, each of the two left out, the external one; and the first again for the
    # optimism. Dask takes each twice, to name it and to send it; there are 60 pieces of work
    assert len(sent) <= 10
    assert len(worker_pids(cluster)) == 2


@pytest.mark.slow
def test_a_single_worker_is_used():
    from distributed import LocalCluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"host": "127.0.0.1", "dashboard_address": None, "processes": True}
        with LocalCluster(n_workers=1, threads_per_worker=1, **options) as one:
            compute = ComputeConfig(**dask(one))
            found = dict(workers.run_pieces(compute, [], [(os.getpid, (), {})] * 6))
            (worker,) = worker_pids(one).values()
    assert found == dict.fromkeys(range(6), worker)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing_but_time(cluster, expected, tmp_path):
    before = worker_pids(cluster)
    killed = []

    def kill_one(step, done, total):
        if not killed and done == 2:
            killed.append(next(iter(before.values())))
            os.kill(killed[0], signal.SIGKILL)

    assert run(dask(cluster), kill_one, tmp_path) == expected
    assert killed
    assert killed[0] not in worker_pids(cluster).values()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("output.pkl")}
    assert len(kept) > 40
    assert run({"backend": "threading", "n_jobs": 1}, cache=tmp_path) == expected  # what the cluster did is taken up
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("output.pkl")} == kept


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr(workers, "TIMEOUT", 0.2)
    compute = ComputeConfig(backend="dask", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"tcp://127\.0\.0\.1:9 did not answer within 0\.2 s"):
        next(workers.run_pieces(compute, [], [delayed(abs)(1)]))


def test_a_package_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(workers, "find_spec", lambda name: None)
    compute = ComputeConfig(backend="dask", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"pip install 'itgstrat\[dask\]'"):
        next(workers.run_pieces(compute, [], [delayed(abs)(1)]))


@pytest.mark.slow
def test_workers_of_another_version_are_turned_away(cluster, monkeypatch):
    own = workers.describe_versions()
    # by value: what the workers import is not changed
    monkeypatch.setattr(workers, "_hash_code", lambda: "0123")
    with pytest.raises(ConfigError, match=rf"itgstrat {own['itgstrat']}, here 0123"):
        next(workers.run_pieces(ComputeConfig(**dask(cluster)), [], [delayed(abs)(1)]))


@pytest.mark.parametrize("given", [{"backend": "dask"}, {"scheduler": "tcp://10.0.0.1:8786"}])
def test_dask_and_its_address_belong_together(given):
    with pytest.raises(ConfigError, match="backend: dask and scheduler: ADDRESS belong together"):
        make_config(compute=given)


def test_an_address_without_a_protocol_is_refused():
    with pytest.raises(ConfigError, match="scheduler"):
        make_config(compute={"backend": "dask", "scheduler": "10.0.0.1:8786"})


def count_threads():
    np.ones((50, 50)) @ np.ones((50, 50))
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_blas_has_one_thread_in_workers_and_its_own_afterwards(backend):
    before = [pool["num_threads"] for pool in threadpool_info()]
    compute = ComputeConfig(backend=backend, n_jobs=2)
    assert set(workers.run_in_order(compute, [], [delayed(count_threads)()] * 4)) == {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_threads_that_overlap_leave_the_limit_until_the_last_is_done():
    before = count_threads()
    first, second = workers.one_thread(), workers.one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert count_threads() == 1
    second.__exit__(None, None, None)
    assert count_threads() == before


def test_what_was_lost_is_sent_again_and_not_for_ever(monkeypatch, caplog):
    opened, open_ = [], workers._open

    @contextmanager
    def lose(compute, shared):
        opened.append(compute)
        with open_(compute, shared) as pool:

            def run(calls):
                for number, result in enumerate(pool(calls)):
                    if number == 3:
                        raise CancelledError("lost dependencies")
                    yield result

            yield run

    monkeypatch.setattr(workers, "_open", lose)
    compute = ComputeConfig(backend="threading", n_jobs=1)
    assert list(workers.run_in_order(compute, [], [delayed(abs)(-n) for n in range(11)])) == list(range(11))
    assert len(opened) == 4
    assert caplog.text.count("sent again") == 3
    with pytest.raises(ConfigError, match="lost 5 times with 5 pieces of work undone"):
        list(workers.run_pieces(compute, [], [delayed(abs)(-n) for n in range(20)]))
