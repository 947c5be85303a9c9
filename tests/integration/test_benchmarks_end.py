"""A benchmark, or a run of tests, that is ended from outside leaves no process and no folder behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

_BENCHMARK = """
import signal, subprocess, sys, time
from benchmarks.ending import own_folder
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell runs in its background
with own_folder() as folder:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    marked = subprocess.Popen(sleep, start_new_session=True)
    there = subprocess.Popen(sleep, start_new_session=True, cwd=folder, env={})
    try:
        print(folder, marked.pid, there.pid, sep="\\n", flush=True)
        time.sleep(600)
    finally:
        print("its own end", flush=True)
"""


@pytest.mark.parametrize(
    ("by", "its_own_end"), [(signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGKILL, False)]
)
def test_nothing_of_a_benchmark_is_left(by: signal.Signals, its_own_end: bool) -> None:
    command = [sys.executable, "-c", _BENCHMARK]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root) as running:
        assert running.stdout
        folder, *pids = (running.stdout.readline().strip() for _ in range(3))
        children = [psutil.Process(int(pid)) for pid in pids]
        assert Path(folder).is_dir()
        running.send_signal(by)
        assert ("its own end" in running.stdout.read()) is its_own_end
    _, left = psutil.wait_procs(children, timeout=60)
    assert left == []
    until = time.monotonic() + 60
    while Path(folder).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(folder).exists()


_TEST = """
import os, subprocess, sys, time
from pathlib import Path

def test_that_never_ends():
    folder = Path(os.environ["CARECONNECT_TESTS"])
    folder.mkdir()
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    marked = subprocess.Popen(sleep, start_new_session=True)
    there = subprocess.Popen(sleep, start_new_session=True, cwd=folder, env={})
    Path(__file__).with_name("begun").write_text("\\n".join([str(folder), str(marked.pid), str(there.pid)]))
    Path(__file__).with_name("begun").rename(Path(__file__).with_name("all begun"))
    time.sleep(600)
"""


def test_nothing_of_a_run_of_tests_is_left_that_a_time_limit_ends(tmp_path: Path) -> None:
    test, begun = tmp_path / "test_long.py", tmp_path / "all begun"
    test.write_text(_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(test)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=root) as running:
        until = time.monotonic() + 120
        while not begun.exists() and time.monotonic() < until:
            assert running.poll() is None
            time.sleep(0.05)
        folder, *pids = begun.read_text().split("\n")
        children = [psutil.Process(int(pid)) for pid in pids]
        running.terminate()
    _, left = psutil.wait_procs(children, timeout=60)
    assert left == []
    until = time.monotonic() + 60
    while Path(folder).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(folder).exists()
