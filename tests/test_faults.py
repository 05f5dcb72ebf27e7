"""Sweeps under faults: interrupted, killed, on a broken pool, on a full disk. What is finished is kept."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

import netmod.ensemble
from netmod import KnownRate, Sweep, firing_rate, sweep

ROOT = Path(__file__).resolve().parents[1]
STRENGTHS = [2.0, 6.0]
CALL = {"E0": 8.0, "starts": 3, "rng": 5}


def networks():
    """Four networks, the second with connections so strong that only its starts reach currents above 30 mV."""
    A = np.random.default_rng(3).random((4, 12, 12)) < 0.3
    return A * np.array([0.2, 10.0, 0.2, 0.2])[:, None, None]


def known(function):
    """A rate function with the range of the exact rate: all sweeps here are of one and the same problem."""
    return KnownRate(function, low=0.0, high=0.5)


@pytest.fixture(scope="module")
def reference():
    result = sweep(networks(), STRENGTHS, rate=known(firing_rate), **CALL)
    assert not result.failures
    highest = CALL["E0"] + STRENGTHS[-1] * 0.5 * networks().sum(axis=-1).max(axis=-1)
    assert (highest > 30).tolist() == [False, True, False, False]
    return result


def same(a: Sweep, b: Sweep) -> bool:
    """Whether two sweeps are equal bit for bit."""
    arrays = all(np.array_equal(getattr(a, x), getattr(b, x), equal_nan=True) for x in netmod.ensemble._ARRAYS)
    return arrays and a.failures == b.failures and a.problem == b.problem


def finish(reference, **how):
    """Whether the undisturbed call, going on from what was kept, gives what an undisturbed run gives."""
    return same(sweep(networks(), STRENGTHS, rate=known(firing_rate), **CALL, **how), reference)


def kept(result: Sweep, reference: Sweep, finished: list[int]) -> bool:
    """Whether exactly the networks `finished` are in `result`, with the right values."""
    lost = set(range(4)) - set(finished)
    return set(result.failures) == lost and all(
        np.array_equal(getattr(result, x)[finished], getattr(reference, x)[finished])
        for x in netmod.ensemble._ARRAYS[1:]
    )


# One process


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_stops_a_sweep_carries_what_is_finished(reference, monkeypatch, tmp_path, stop):
    solve, calls = netmod.ensemble._solve, []

    def solve_two(*args):
        calls.append(args)
        if len(calls) == 3:
            raise stop("now")
        return solve(*args)

    monkeypatch.setattr(netmod.ensemble, "_solve", solve_two)
    path = tmp_path / "sweep"
    call = {"rate": known(firing_rate), "checkpoint": path, **CALL}
    if stop is MemoryError:  # an error of one network: the others go on
        result = sweep(networks(), STRENGTHS, **call)
        assert kept(result, reference, [0, 1, 3])
        assert result.failures == {2: "MemoryError: now"}
    else:
        with pytest.raises(stop) as caught:
            sweep(networks(), STRENGTHS, **call)
        result = caught.value.sweep
        assert kept(result, reference, [0, 1])
    monkeypatch.undo()
    assert kept(Sweep.load(path), reference, [i for i in range(4) if i not in result.failures])
    assert finish(reference, resume=result)
    assert finish(reference, checkpoint=path)
    assert same(Sweep.load(path), reference)


def record_size(result: Sweep) -> int:
    """The bytes of one network in a checkpoint."""
    _, first, *_ = result._records()
    return len(netmod._journal._bytes(first))


DIES = """
import os, signal, sys
import netmod.ensemble
from tests.test_faults import *

solve, calls = netmod.ensemble._solve, []

def dies(*args):
    calls.append(args)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return solve(*args)

netmod.ensemble._solve = dies
sweep(networks(), STRENGTHS, rate=known(firing_rate), checkpoint=sys.argv[1], **CALL)
"""


def child(script: str, path: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, which an interruption from a keyboard reaches as a whole
    )


@pytest.mark.slow  # a Python of its own
def test_a_checkpoint_survives_the_death_of_its_own_process(reference, tmp_path):
    path = tmp_path / "sweep"
    process = child(DIES, path)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    found = Sweep.load(path)
    assert kept(found, reference, [0, 1])
    assert finish(reference, resume=found)
    assert finish(reference, checkpoint=path)


def test_a_checkpoint_that_was_cut_short_anywhere_is_read_as_far_as_it_goes(reference, tmp_path, monkeypatch):
    path = tmp_path / "sweep"
    monkeypatch.setattr(Sweep, "save", lambda self, path: None)  # leave it as it was before the last step
    assert finish(reference, checkpoint=path)
    monkeypatch.undo()
    content = path.read_bytes()
    assert same(Sweep.load(path), reference)
    finished, start = [], len(content) - 4 * record_size(reference)
    for size in range(len(content), 0, -97):
        path.write_bytes(content[:size])
        if size < start:
            with pytest.raises(ValueError, match="not even the beginning"):
                Sweep.load(path)
        else:
            found = Sweep.load(path)
            finished.append(4 - len(found.failures))
            assert kept(found, reference, list(range(finished[-1])))
    assert set(finished) == {4, 3, 2, 1, 0}
    assert finished == sorted(finished, reverse=True)
    path.write_bytes(content[: int(0.6 * len(content))])
    assert finish(reference, checkpoint=path)


def test_a_full_disk_loses_nothing_and_the_sweep_goes_on_when_there_is_space(reference, tmp_path):
    path = tmp_path / "sweep"
    size = len(b"".join(map(netmod._journal._bytes, reference._records()))) - 3 * record_size(reference) // 2
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))  # no file may grow beyond this
    try:
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is looked at
            finish(reference, checkpoint=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    result = caught.value.sweep
    assert kept(result, reference, [0, 1, 2])  # the third is finished, though there was no space for it
    assert not path.with_name("sweep.part").exists()
    assert kept(Sweep.load(path), reference, [0, 1])
    assert finish(reference, resume=result)
    assert finish(reference, checkpoint=path)


def test_a_saved_sweep_is_replaced_in_one_step(reference, tmp_path):
    path = tmp_path / "sweep.npz"
    reference.save(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError):  # noqa: PT011 - any: the disk is full
            reference.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(Sweep.load(path), reference)
    assert [p.name for p in tmp_path.iterdir()] == ["sweep.npz"]


def test_a_checkpoint_is_of_one_problem_and_is_not_computed_twice(reference, tmp_path, monkeypatch):
    path = tmp_path / "sweep"
    assert finish(reference, checkpoint=str(path))
    monkeypatch.setattr(netmod.ensemble, "_solve", None)  # whoever calls it fails
    assert finish(reference, checkpoint=path)
    assert finish(reference, checkpoint=path, resume=reference)
    with pytest.raises(ValueError, match=r"checkpoint must come from the same call.* other values of strengths"):
        sweep(networks(), [2.0, 7.0], rate=known(firing_rate), checkpoint=path, **CALL)
    assert same(Sweep.load(path), reference)  # and it is untouched


@pytest.mark.parametrize("content", [b"", b"PK but no archive", b"something else altogether"])
def test_a_file_that_is_no_checkpoint_is_left_alone(tmp_path, content):
    path = tmp_path / "precious"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint .*precious is not a file of sweep's.* remove it"):
        sweep(networks(), STRENGTHS, checkpoint=path, **CALL)
    assert path.read_bytes() == content


def test_a_checkpoint_takes_what_is_resumed_with_it(reference, tmp_path, monkeypatch):
    solve, calls = netmod.ensemble._solve, []

    def solve_two(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve(*args)

    monkeypatch.setattr(netmod.ensemble, "_solve", solve_two)
    with pytest.raises(KeyboardInterrupt) as caught:
        finish(reference)
    calls[:] = [None, None]
    path = tmp_path / "sweep"
    with pytest.raises(KeyboardInterrupt):
        finish(reference, resume=caught.value.sweep, checkpoint=path)
    monkeypatch.undo()
    assert kept(Sweep.load(path), reference, [0, 1])
    assert finish(reference, checkpoint=path)


def test_a_checkpoint_that_cannot_be_written_says_so_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(netmod.ensemble, "_run", None)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        sweep(networks(), STRENGTHS, checkpoint=tmp_path / "nowhere" / "sweep", **CALL)
    with pytest.raises(TypeError, match="checkpoint must be a path, got 3"):
        sweep(networks(), STRENGTHS, checkpoint=3, **CALL)


# Several processes

INTERRUPTED = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from tests.test_faults import *

def rate(E):
    if np.max(E) > 30:
        time.sleep(600)
    return firing_rate(E)

if __name__ == "__main__":
    try:
        with ProcessPoolExecutor(2) as pool:
            sweep(networks(), STRENGTHS, rate=known(rate), executor=pool, checkpoint=sys.argv[1], **CALL)
    except KeyboardInterrupt as stop:
        stop.sweep.save(sys.argv[1] + ".kept")
        print("kept", sorted(stop.sweep.failures))
"""


@pytest.mark.slow  # a Python of its own with two workers
def test_an_interruption_from_the_keyboard_ends_a_pool_and_keeps_what_is_finished(reference, tmp_path):
    path = tmp_path / "sweep"
    process = child(INTERRUPTED, path)
    end = time.monotonic() + 120
    while not path.exists() or len(Sweep.load(path).failures) > 1:  # the second network sleeps
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert out.split("\n")[0] == "kept [1]"
    result = Sweep.load(f"{path}.kept")
    assert kept(result, reference, [0, 2, 3])
    assert finish(reference, resume=result)
    assert finish(reference, checkpoint=path)


def test_an_interruption_keeps_what_workers_have_finished_and_cancels_the_rest(reference, monkeypatch):
    """The results that had come back but were not yet taken are in what is kept."""

    def interrupted(futures):
        for future in list(futures)[:3]:
            future.exception()  # wait for it
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(netmod.ensemble, "as_completed", interrupted)
    with ProcessPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt) as caught:
        finish(reference, executor=pool)
    monkeypatch.undo()
    result = caught.value.sweep
    finished = sorted(set(range(4)) - set(result.failures))
    assert finished[:3] == [0, 1, 2]
    assert kept(result, reference, finished)
    assert finish(reference, resume=result)


def test_a_pool_that_is_broken_from_the_start_is_reported_for_every_network(reference):
    with ProcessPoolExecutor(1) as pool:
        with pytest.raises(BrokenProcessPool):
            pool.submit(os._exit, 1).result()
        result = sweep(networks(), STRENGTHS, rate=known(firing_rate), executor=pool, **CALL)
    assert list(result.failures) == [0, 1, 2, 3]
    assert all(text.startswith("BrokenProcessPool: ") for text in result.failures.values())
    assert np.isnan(result.E).all()
    assert finish(reference, resume=result)


def dies_once(E, flag):
    if np.max(E) > 30 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return firing_rate(E)


def dies_always(E):
    if np.max(E) > 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return firing_rate(E)


@pytest.mark.slow  # a cluster of processes, which replaces three dead workers
def test_a_dask_cluster_gives_the_same_result_and_loses_nothing_when_a_worker_dies_in_mid_sweep(reference, tmp_path):
    from functools import partial

    import dask
    from distributed import Client, LocalCluster

    flag = tmp_path / "died"
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster) as client,
    ):
        call = {"executor": client.get_executor(), **CALL}
        assert finish(reference, executor=call["executor"])
        before = set(client.scheduler_info()["workers"])
        once = sweep(networks(), STRENGTHS, rate=known(partial(dies_once, flag=flag)), **call)
        assert flag.exists()
        client.wait_for_workers(2)
        assert set(client.scheduler_info()["workers"]) != before
        assert same(once, reference)  # its networks went to the other worker
        always = sweep(networks(), STRENGTHS, rate=known(dies_always), **call)
    assert 1 in always.failures  # and what waited on the same workers may be lost with it: Dask suspects it too
    assert all(text.startswith("KilledWorker: ") for text in always.failures.values())
    assert kept(always, reference, sorted(set(range(4)) - set(always.failures)))
    assert finish(reference, resume=always)
