"""A CloudWatch dashboard: what waits, what runs, what goes wrong."""

from __future__ import annotations

from .alarms import NAMESPACE
from .function import name as function_name
from .manifest import Manifest
from .options import Options
from .queues import dead_letter_queues

WIDTH, HEIGHT, COLUMNS = 8, 6, 3


def body(manifest: Manifest, options: Options) -> dict:
    """The dashboard's body, with a placeholder for the region."""
    graphs = [
        _graph("Waiting", "Maximum", _of_queues(manifest, "ApproximateNumberOfMessagesVisible")),
        _graph("Age of the oldest message (s)", "Maximum", _of_queues(manifest, "ApproximateAgeOfOldestMessage")),
        _graph("In flight", "Maximum", _of_queues(manifest, "ApproximateNumberOfMessagesNotVisible")),
        _graph("Dead letters", "Maximum", _dead_letters(manifest)),
        _graph("Ended tasks a minute", "Sum", _of_app(manifest, "Succeeded", "Failed", "Retried", "DeadLettered")),
        _graph("Trouble", "Sum", _of_app(manifest, "LeaseTakeovers", "Throttles")),
        _graph("Workers", "Sum", _of_each_kind(manifest, "Workers", "Sum")),
        _graph("Seconds that one worker would need", "Average", _of_each_kind(manifest, "BacklogSeconds", "Average")),
    ]
    if manifest.table:
        graphs.append(_graph("Table", "Sum", _of_table(manifest.table.name)))
    if options.function_queues:
        graphs += _of_function(function_name(manifest))
    return {"widgets": [_placed(graph, index) for index, graph in enumerate(graphs) if graph["properties"]["metrics"]]}


def _graph(title: str, statistic: str, metrics: list) -> dict:
    properties = {
        "title": title,
        "region": "${region}",
        "view": "timeSeries",
        "stat": statistic,
        "period": 60,
        "metrics": metrics,
    }
    return {"type": "metric", "width": WIDTH, "height": HEIGHT, "properties": properties}


def _placed(widget: dict, index: int) -> dict:
    return {**widget, "x": index % COLUMNS * WIDTH, "y": index // COLUMNS * HEIGHT}


def _of_queues(manifest: Manifest, metric: str) -> list:
    return [["AWS/SQS", metric, "QueueName", queue.queue_name] for queue in manifest.queues]


def _dead_letters(manifest: Manifest) -> list:
    metric = "ApproximateNumberOfMessagesVisible"
    return [["AWS/SQS", metric, "QueueName", queue] for queue in dead_letter_queues(manifest)]


def _of_app(manifest: Manifest, *metrics: str) -> list:
    return [[NAMESPACE, metric, "app", manifest.deployment] for metric in metrics]


def _of_each_kind(manifest: Manifest, metric: str, statistic: str) -> list:
    """A line for each set of queues that a kind of worker works on, whichever there are."""
    found = f'{{{NAMESPACE},app,queues}} app="{manifest.deployment}" MetricName="{metric}"'
    return [[{"expression": f"SEARCH('{found}', '{statistic}', 60)", "id": metric[0].lower() + metric[1:]}]]


def _of_table(table: str) -> list:
    metrics = ("ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits", "WriteThrottleEvents")
    return [["AWS/DynamoDB", metric, "TableName", table] for metric in metrics]


def _of_function(function: str) -> list[dict]:
    def lines(*metrics: str) -> list:
        return [["AWS/Lambda", metric, "FunctionName", function] for metric in metrics]

    return [
        _graph("Function: invocations", "Sum", lines("Invocations", "Errors", "Throttles")),
        _graph("Function: at once", "Maximum", lines("ConcurrentExecutions")),
        _graph("Function: duration (ms)", "p99", lines("Duration")),
    ]
