"""What a person needs, to paste."""

from __future__ import annotations

from celeriac_infra.manifest import Manifest

from .app import App
from .endpoint import REGION, Endpoint
from .function import environment

PREFIX = "CELERIAC_BROKER_TRANSPORT_OPTIONS__QUEUE_NAME_PREFIX"


def tell(app: App, endpoint: Endpoint) -> None:
    """On standard output."""
    print(f"\nendpoint: {endpoint.url}\n\nFor workers and for `celeriac`:\n")
    for name, value in {"AWS_REGION": REGION, **environment(app.manifest, endpoint)}.items():
        print(f"export {name}={value}")
    print(f"\nA client, after pip install 'celery[sqs]':\n\n{client(app.manifest, endpoint)}")


def client(manifest: Manifest, endpoint: Endpoint) -> str:
    """Five lines of Python that send the first task and print its result."""
    queue = next((queue for queue in manifest.queues if queue.is_own), None)
    if queue is None:
        return "(the app has no task)"
    options = {"region": REGION, "is_secure": False}
    if prefix := manifest.environment.get(PREFIX):
        options["queue_name_prefix"] = prefix
    backend = f', backend="{endpoint.result_backend(manifest.table.name)}"' if manifest.table else ""
    sent = f'app.send_task("{queue.tasks[0]}", args=[], queue="{queue.name}")'
    lines = [
        "from celery import Celery",
        f'app = Celery("{manifest.app}", broker="{endpoint.broker_url}"{backend})',
        f"app.conf.broker_transport_options = {options}",
        f"sent = {sent}  # args: the task's own",
        "print(sent.get(timeout=30))" if manifest.table else "print(sent.id)",
    ]
    return "\n".join(lines)
