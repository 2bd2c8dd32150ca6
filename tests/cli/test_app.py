import json
import re
import signal
import subprocess
import sys
import time

import pytest

from itgstrat import __version__

from .builders import call, write_matrix, write_run
from .test_predict import expression_of

REPORT = """
import json, resource, sys
from itgstrat.cli import main
sys.argv = ["itgstrat", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    code = stop.code or 0
used = resource.getrusage(resource.RUSAGE_SELF)
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"code": code, "modules": loaded, "seconds": used.ru_utime + used.ru_stime}), file=sys.stderr)
"""
FITTING = {"sklearn", "sksurv", "lifelines", "shap"}


def call_apart(*words):
    """Call in a process of its own: what it loaded, and the CPU time it took."""
    command = [sys.executable, "-c", REPORT, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stderr.splitlines()[-1])


def test_help_is_quick_and_imports_no_pandas():
    found = call_apart("--help")
    assert found["code"] == 0
    assert not {"pandas", "numpy", "yaml", "pydantic", *FITTING} & set(found["modules"])
    assert found["seconds"] < 1.5  # 0.2 s alone on a core; a busy machine must not fail it


@pytest.mark.parametrize("words", [("signatures", "list"), ("systems", "list"), ("agents", "list")])
def test_lists_import_no_table_and_no_yaml(words):
    found = call_apart(*words)
    assert found["code"] == 0
    assert not {"pandas", "numpy", "polars", "pyarrow", "yaml", "distributed", *FITTING} & set(found["modules"])


@pytest.mark.parametrize("report", ["--no-report", "--report"])
def test_predicting_one_patient_imports_no_fitting_library(small, tmp_path, report):
    one = write_matrix(tmp_path / "one.tsv", expression_of(small).iloc[[3]])
    found = call_apart("predict", small / "out" / "model", one, "--out", tmp_path / "out", report)
    assert found["code"] == 0
    assert not FITTING & set(found["modules"])
    assert not {"matplotlib", "scipy"} & set(found["modules"])


@pytest.mark.parametrize("command", ["demo", "train", "predict", "check", "schema", "inspect"])
def test_every_command_has_help(command):
    called = call(command, "-h")
    assert called.code == 0
    assert f"Usage: itgstrat {command}" in called.out


def test_version():
    assert call("--version").out == f"itgstrat {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("trian",),
        ("train",),
        ("train", "a.yaml", "--colour", "red"),
        ("predict", "model"),
        ("predict", "model", "x.tsv", "--reference", "none"),
        ("predict", "model", "x.tsv", "--unit", "furlong"),
    ],
)
def test_wrong_usage_is_exit_code_2(words):
    called = call(*words)
    assert called.code == 2
    assert "Error" in called.err
    assert not called.out


def test_it_runs_as_a_module_where_no_script_is_on_the_path(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "itgstrat", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: itgstrat " in done.stdout
    wrong = subprocess.run(
        [sys.executable, "-m", "itgstrat", "trian"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert wrong.returncode == 2


def test_no_command_shows_help():
    called = call()
    assert "Commands" in called.out + called.err


def test_faults_are_exit_code_1_on_standard_error_without_a_traceback(tmp_path):
    called = call("check", tmp_path / "none.yaml")
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("itgstrat: ")
    assert called.err.count("\n") == 1
    assert "Traceback" not in called.err


@pytest.mark.parametrize("before", [True, False])
def test_verbose_shows_the_traceback_wherever_it_stands(tmp_path, before):
    words = ["check", str(tmp_path / "none.yaml")]
    words = ["--verbose", *words] if before else [*words, "--verbose"]
    command = [sys.executable, "-m", "itgstrat.cli.app", *words]
    command[1:3] = ["-c", "from itgstrat.cli import main; main()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "InputError" in done.stderr


def test_a_disk_that_fails_is_told_without_a_traceback(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("itgstrat.config.load_config", fail)
    called = call("check", tmp_path / "run.yaml")
    assert (called.code, called.err) == (1, "itgstrat: [Errno 28] No space left on device\n")


def test_a_closed_pipe_is_no_fault():
    command = f"{sys.executable} -c 'from itgstrat.cli import main; main()' schema | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_run_that_is_stopped_writes_nothing_and_says_how_to_go_on(tmp_path, cache):
    config = write_run(tmp_path, name="stopped", evaluation={"random_signatures": 500, "bootstrap": 100})
    # a shell starts what runs in its background deaf to Ctrl-C
    hear = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code = f"{hear}from itgstrat.cli import main; main()"
    command = [sys.executable, "-c", code, "train", config, "--out", tmp_path / "out"]
    before = set(tmp_path.iterdir())
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as running:
        try:
            deadline = time.monotonic() + 240
            while len(list(cache.glob("runs/stopped-*/**/output.pkl"))) < 3 and time.monotonic() < deadline:
                time.sleep(0.1)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=120)
        finally:
            running.kill()
    assert running.returncode == 130
    assert err.endswith("itgstrat: stopped; nothing was written\n")
    assert re.search(rf"finished folds are kept in {cache}/runs/stopped-[0-9a-f]+: the same command goes on", err)
    assert set(tmp_path.iterdir()) == before
