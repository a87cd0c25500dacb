"""What the command line decides, beside the manifest."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from .manifest import Manifest, ManifestError, Queue

LAMBDA_MAX_TIMEOUT = 900
# A larger batch needs a batching window, and FIFO queues take none.
PLAIN_BATCH = 10


@dataclass(frozen=True)
class Options:
    """How this deployment uses the manifest."""

    function_queues: tuple[Queue, ...]
    """Those that the function works on."""
    worker_queues: tuple[str, ...]
    """Celery names for the ECS worker's `-Q`."""
    batch_size: int = PLAIN_BATCH
    batching_window: int = 0
    image: str = ""
    """Of the ECS task."""
    existing_table: bool = False
    """Whether the table is there already, and the stack is not to make it."""
    task_role: str = ""
    """Name of the IAM role that the ECS task has."""

    @property
    def function_timeout(self) -> int:
        """Seconds: the most that one of its queues needs."""
        return min(LAMBDA_MAX_TIMEOUT, max(queue.function_timeout for queue in self.function_queues))

    def visibility_timeout(self, queue: Queue) -> int:
        """Seconds. The manifest's is six times what an invocation with tasks of this queue can take, as AWS recommends. But
        Lambda refuses a queue whose visibility timeout is below the function's timeout, which is that of the slowest queue."""
        if queue not in self.function_queues:
            return queue.visibility_timeout
        return max(queue.visibility_timeout, self.function_timeout)


def of(
    manifest: Manifest,
    function_queues: list[str] | None,
    worker_queues: list[str] | None,
    batch_size: int,
    batching_window: int,
    image: str | None,
    task_role: str | None,
    existing_table: bool = False,
) -> Options:
    """Checked options; None is the default of each."""
    own = {queue.name: queue for queue in manifest.own_queues}
    for name in [*(function_queues or []), *(worker_queues or [])]:
        if name not in own:
            raise ManifestError(f"`{name}` is no queue on which tasks of `{manifest.app}` run: {', '.join(own)}")
    if batch_size > PLAIN_BATCH and batching_window == 0:
        raise ManifestError("a batch size over 10 needs a batching window of 1 second or more (Lambda's rule)")
    on_function = [name for name in own if function_queues is None or name in function_queues]
    on_worker = [name for name in own if worker_queues is None or name in worker_queues]
    options = Options(
        function_queues=tuple(own[name] for name in on_function),
        worker_queues=tuple(on_worker),
        batch_size=batch_size,
        batching_window=batching_window,
        existing_table=existing_table,
        image=image or f"{manifest.app}:latest",
        task_role=task_role or f"{manifest.deployment}-worker",
    )
    _tell_of_raised(options)
    _tell_of_places(manifest)
    return options


def _tell_of_places(manifest: Manifest) -> None:
    if manifest.region:
        print(f"note: the program looks for its queues in {manifest.region}: deploy there", file=sys.stderr)
    if manifest.table and manifest.table.region and manifest.table.region != manifest.region:
        print(
            f"note: the program looks for its table in {manifest.table.region}: a stack elsewhere does not make it, and expects it there",
            file=sys.stderr,
        )


def _tell_of_raised(options: Options) -> None:
    for queue in options.function_queues:
        seconds = options.visibility_timeout(queue)
        if seconds > queue.visibility_timeout:
            print(
                f"note: `{queue.name}` gets a visibility timeout of {seconds} s instead of {queue.visibility_timeout} s, "
                f"which is its function's timeout",
                file=sys.stderr,
            )
