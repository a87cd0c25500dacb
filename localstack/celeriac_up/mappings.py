"""What feeds the function from each queue."""

from __future__ import annotations

from celeriac_infra import function
from celeriac_infra.manifest import Manifest
from celeriac_infra.options import PLAIN_BATCH, Options
from celeriac_infra.place import Place

from .endpoint import Endpoint
from .queues import queue_arn
from .report import Report, differing

# Without the response type, Lambda would delete what is to come back.
WANTED = {"BatchSize": PLAIN_BATCH, "FunctionResponseTypes": ["ReportBatchItemFailures"]}


def create(manifest: Manifest, options: Options, endpoint: Endpoint, place: Place, report: Report) -> None:
    """One for each queue of the function's; those of other queues are deleted."""
    lambda_, name, found = endpoint.client("lambda"), function.name(manifest), _found(manifest, endpoint)
    for queue in options.function_queues:
        mapping, thing = found.pop(queue_arn(queue, place), None), f"event source {queue.queue_name}"
        if mapping is None:
            lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=queue_arn(queue, place), **WANTED)
            report.created(thing)
            continue
        changed = differing(WANTED, mapping)
        if changed:
            lambda_.update_event_source_mapping(UUID=mapping["UUID"], **WANTED)
        report.compared(thing, changed)
    _delete(found, lambda_, report)


def delete(manifest: Manifest, endpoint: Endpoint, report: Report) -> None:
    """All of them: the function would take messages that are for the workers."""
    _delete(_found(manifest, endpoint), endpoint.client("lambda"), report)


def _found(manifest: Manifest, endpoint: Endpoint) -> dict[str, dict]:
    lambda_ = endpoint.client("lambda")
    try:
        found = lambda_.list_event_source_mappings(FunctionName=function.name(manifest))["EventSourceMappings"]
    except lambda_.exceptions.ResourceNotFoundException:
        return {}
    return {mapping["EventSourceArn"]: mapping for mapping in found}


def _delete(found: dict[str, dict], lambda_, report: Report) -> None:
    for arn, mapping in found.items():
        lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
        report.deleted(f"event source {arn.rsplit(':', 1)[-1]}")
