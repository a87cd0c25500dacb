"""What `localstack/up` says when it cannot do it: what is wrong, and what to do."""

import json
import socket

import pytest
from local_app import up


def refused(done) -> str:
    """The error; nothing was created."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    error, hint = done.stderr.strip().rsplit("\n", 1)
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    return done.stderr


def test_neither_binary_nor_manifest(tmp_path):
    error = refused(up(cwd=tmp_path))
    assert "error: neither --binary nor --manifest" in error
    assert "hint: localstack/up --binary target/debug/shop" in error


def test_no_binary(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    assert "error: no binary for the function\nhint: give --binary PATH, or --no-function" in refused(
        up("--manifest", "manifest.json", cwd=tmp_path)
    )
    error = refused(up("--binary", "missing", cwd=tmp_path))
    assert "error: `missing` is no file\nhint: build the app first" in error


def test_a_binary_that_has_no_manifest(tmp_path):
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho no such command >&2\nexit 2\n")
    other.chmod(0o755)
    assert "manifest` failed: no such command\nhint: is it an app" in refused(up("--binary", other, cwd=tmp_path))
    other.chmod(0o644)
    assert "manifest` does not run: " in refused(up("--binary", other, cwd=tmp_path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense", "error: not JSON"),
        ("[]", "error: not a manifest"),
        ('{"manifest_version": 99}', "error: manifest_version is `99`"),
    ],
)
def test_no_manifest_in_the_file(tmp_path, text, expected):
    (tmp_path / "manifest.json").write_text(text)
    error = refused(up("--manifest", "manifest.json", "--no-function", cwd=tmp_path))
    assert expected in error
    assert "hint: the manifest is what `BINARY manifest` prints" in error


def test_no_such_manifest(tmp_path):
    error = refused(up("--manifest", "missing.json", "--no-function", cwd=tmp_path))
    assert "error: cannot read the manifest" in error
    assert "missing.json" in error


def test_nothing_answers(app):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        error = refused(up("--emulator", url, "--binary", app.binary, cwd=app.folder))
    assert f"error: nothing answers at {url}\nhint: start an emulator there" in error


def test_the_port_is_taken(app):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = refused(up("--port", port, "--binary", app.binary, cwd=app.folder))
    assert f"error: port {port} is taken" in error
    assert f"hint: --port N for another one, or --emulator http://127.0.0.1:{port}" in error


def test_no_such_emulator(app):
    error = refused(up("--emulator", "aws", "--binary", app.binary, cwd=app.folder))
    assert "error: `aws` is no emulator" in error


def test_a_schedule_without_a_right(app):
    app.add_schedule("tick", "rate(1 hour)", "{}")
    app.manifest["roles"]["scheduler"]["statements"] = []
    file = app.folder / "manifest.json"
    file.write_text(json.dumps(app.manifest))
    done = up("--emulator", app.url, "--manifest", file, "--no-function", cwd=app.folder)
    assert done.returncode == 1
    assert "error: the manifest has no rights for the role `scheduler`" in done.stderr
