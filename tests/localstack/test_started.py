"""The emulator that `localstack/up` starts itself, and the hook by which LocalStack's image creates the same."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from local_app import ROOT, UP, clean_environment


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_ministack_runs_until_it_is_told_to_stop(shop, tmp_path, by):
    port, output = free_port(), tmp_path / "output"
    command = [sys.executable, str(UP), "--port", str(port), "--binary", str(shop)]
    environment = {**clean_environment(), "TMPDIR": str(tmp_path)}
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_for("Ctrl-C", output, process)
        client = "print(__import__('celery').Celery(broker='sqs://test:test@127.0.0.1:{0}', backend='dynamodb://test:test@127.0.0.1:{0}/celery'"
        client += (
            ", broker_transport_options={{'region': 'us-east-1'}}).send_task('shop.charge_card', ['1001', 590]).get(timeout=30))"
        )
        run = [sys.executable, "-W", "ignore", "-c", client.format(port)]
        done = subprocess.run(run, env=clean_environment(), capture_output=True, text=True, timeout=60)
        assert "'cents': 590" in done.stdout, done.stderr
    finally:
        process.send_signal(by)
    assert process.wait(30) == 0
    assert output.read_text().endswith("stopped\n")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    # Nothing is left, the function's process and its folder included.
    assert [path.name for path in tmp_path.iterdir()] == ["output"]
    assert not [command for command in commands() if str(tmp_path) in command]


def wait_for(text: str, output, process) -> None:
    deadline = time.monotonic() + 60
    while text not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.1)


def commands() -> list[str]:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()


def hook(app, home) -> str:
    """Runs ready.d/celeriac.sh as LocalStack's image would, from a folder that is laid out like the one compose.yaml mounts."""
    (home / "localstack").symlink_to(ROOT / "localstack")
    (home / "infra").symlink_to(ROOT / "infra")
    environment = {
        **clean_environment(),
        "CELERIAC_HOME": str(home),
        "CELERIAC_PYTHON": sys.executable,
        "CELERIAC_EMULATOR_URL": app.url,
        "CELERIAC_FUNCTION_URL": app.url.replace("127.0.0.1", "localhost"),
    }
    script = str(ROOT / "localstack" / "ready.d" / "celeriac.sh")
    done = subprocess.run([script], cwd="/", env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_hook_of_the_image_creates_the_same(app, tmp_path):
    app.up()
    home = tmp_path / "home"
    home.mkdir()
    (home / "manifest.json").write_text((app.folder / "manifest.json").read_text())
    (home / "bootstrap").symlink_to(app.binary)
    lines = [" ".join(line.split()) for line in hook(app, home).splitlines()]
    # The function is told another name of the emulator, as one in a container must be.
    assert f"updated function {app.function}: Environment" in lines
    assert not [line for line in lines if line.startswith("created ")]
    sent = app.python.send_task("shop.charge_card", args=["1001", 590], queue="celery")
    assert sent.get(timeout=60)["cents"] == 590


def test_the_hook_of_the_image_without_a_bootstrap(app, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    file = home / "manifest.json"
    app.up()
    file.write_text((app.folder / "manifest.json").read_text())
    (home / "bootstrap").symlink_to(os.devnull)
    output = hook(app, home)
    for queue in app.manifest["queues"]:
        assert f"deleted    event source {queue['queue_name']}" in output
