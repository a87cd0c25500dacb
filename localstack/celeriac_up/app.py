"""The app: its manifest, its program, and everything that is created of them."""

from __future__ import annotations

import argparse
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from celeriac_infra import manifest, options
from celeriac_infra.manifest import Manifest
from celeriac_infra.options import Options

from . import function, mappings, queues, roles, schedules, table
from .endpoint import Endpoint
from .error import UpError
from .package import Package
from .report import Report

# Seconds; it takes a fraction of one.
MANIFEST_TIMEOUT = 60


@dataclass(frozen=True)
class App:
    """What is wanted."""

    manifest: Manifest
    options: Options
    package: Package | None
    """None where there is to be no function."""


def read(args: argparse.Namespace) -> App:
    """By the command line; raises where something is missing."""
    if not args.binary and not args.manifest:
        raise UpError("neither --binary nor --manifest", "localstack/up --binary target/debug/shop")
    if not args.binary and not args.no_function:
        raise UpError("no binary for the function", "give --binary PATH, or --no-function to run workers elsewhere")
    if args.binary and not args.binary.is_file():
        raise UpError(f"`{args.binary}` is no file", "build the app first: cargo build")
    app = manifest.read(_text(args))
    schedules.check(app)
    package = None if args.no_function else Package.of(args.binary, args.settings)
    return App(app, options.of(app, None, None, options.PLAIN_BATCH, 0, None, None), package)


def _text(args: argparse.Namespace) -> str:
    if args.manifest:
        try:
            return args.manifest.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UpError(f"cannot read the manifest: {error}", "BINARY manifest > manifest.json") from error
    return _printed_by(args.binary)


def _printed_by(binary: Path) -> str:
    command = [str(binary.resolve()), "manifest"]
    # The manifest is that of the app on AWS in any case; told so, the app makes no database in this
    # folder.
    environment = {**os.environ, "CELERIAC_BROKER_URL": "sqs://"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=MANIFEST_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpError(
            f"`{binary} manifest` does not run: {error}", "for a program of another system, give --manifest FILE too"
        ) from error
    if done.returncode:
        raise UpError(f"`{binary} manifest` failed: {done.stderr.strip()}", "is it an app of celeriac's? Else give --manifest FILE")
    return done.stdout


def create(app: App, endpoint: Endpoint, of_function: Endpoint, report: Report) -> None:
    """In the order in which one thing needs the other; `of_function` is the emulator as the function sees it."""
    try:
        _create(app, endpoint, of_function, report)
    except (ClientError, BotoCoreError) as error:
        raise UpError(
            f"{endpoint.url}: {error}", "is it an emulator of AWS? localstack/README.md says what each one lacks"
        ) from error


def _create(app: App, endpoint: Endpoint, of_function: Endpoint, report: Report) -> None:
    place = endpoint.place()
    queues.create(app.manifest, app.options, endpoint, place, report)
    table.create(app.manifest, endpoint, report)
    if app.package and app.options.function_queues:
        role = roles.create(app.manifest, "lambda", endpoint, place, report)
        function.create(app, endpoint, of_function, role, report)
        mappings.create(app.manifest, app.options, endpoint, place, report)
    else:
        mappings.delete(app.manifest, endpoint, report)
    schedules.create(app.manifest, endpoint, place, report)
