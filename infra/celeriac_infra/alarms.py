"""Alarms: queues that wait, dead letters, failures, throttles, taken-over leases, a failing function."""

from __future__ import annotations

from . import table
from .function import name as function_name
from .manifest import Manifest, Queue
from .names import logical
from .options import Options
from .queues import dead_letter_queues

NAMESPACE = "celeriac"
# Parameters of the template, with their defaults.
THRESHOLDS = {
    "MaximumAge": (300, "Seconds that the oldest message may wait before there is an alarm"),
    "MaximumFailures": (0, "Failed tasks in five minutes over which there is an alarm"),
    "MaximumThrottles": (100, "Throttled requests in five minutes over which there is an alarm"),
    "MaximumTakeovers": (5, "Leases taken over in five minutes over which there is an alarm"),
}


def all_of(manifest: Manifest, options: Options) -> dict[str, dict]:
    """Alarms by logical name; a threshold is a number or a name in `THRESHOLDS`."""
    made = {}
    for queue in manifest.queues:
        made[logical("Age", queue.queue_name)] = _age(manifest, queue)
    for queue in dead_letter_queues(manifest):
        made[logical("NotEmpty", queue)] = _not_empty(manifest, queue)
    made.update(_of_tasks(manifest))
    if manifest.table:
        made["Table"] = _of_table(manifest, manifest.table.name)
    if options.function_queues:
        made.update(_of_function(manifest))
    return made


def resources(manifest: Manifest, options: Options, condition: str) -> dict:
    """By logical name; those of the function only where there is one."""
    made = {}
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    for key, alarm in all_of(manifest, options).items():
        properties = {**alarm, "AlarmActions": told, "OKActions": told}
        if properties["Threshold"] in THRESHOLDS:
            properties["Threshold"] = {"Ref": properties["Threshold"]}
        made[f"Alarm{key}"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
        if alarm["Namespace"] == "AWS/Lambda":
            made[f"Alarm{key}"]["Condition"] = condition
        if alarm["Namespace"] == "AWS/DynamoDB" and manifest.table.region:
            made[f"Alarm{key}"]["Condition"] = table.CONDITION
    return made


def file(manifest: Manifest, options: Options) -> list[dict]:
    """Each one an input of `aws cloudwatch put-metric-alarm`, with the default thresholds."""
    alarms = all_of(manifest, options).values()
    return [{**alarm, "Threshold": THRESHOLDS.get(alarm["Threshold"], (alarm["Threshold"],))[0]} for alarm in alarms]


def _age(manifest: Manifest, queue: Queue) -> dict:
    return _alarm(
        f"{manifest.deployment}-oldest-message-{_dashed(queue.name)}",
        f"A task has waited in {queue.name} for minutes on end: too few workers, or none.",
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue.queue_name}),
        ("Maximum", 60, 3, 3, "MaximumAge"),
    )


def _not_empty(manifest: Manifest, queue: str) -> dict:
    return _alarm(
        f"{manifest.deployment}-dead-letters-{_dashed(queue)}",
        f"There are dead letters in {queue}; their attribute celeriac-reason says why.",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}),
        ("Maximum", 60, 1, 1, 0),
    )


def _of_tasks(manifest: Manifest) -> dict:
    # By the dimension `app` alone: workers and function together, whatever their queues.
    described = {
        "Failed": ("failed", "MaximumFailures", "Tasks fail."),
        "Throttles": ("throttles", "MaximumThrottles", "AWS throttles requests, or does not answer them."),
        "LeaseTakeovers": ("lease-takeovers", "MaximumTakeovers", "Workers die or stall while they run tasks."),
    }
    return {
        metric: _alarm(
            f"{manifest.deployment}-{name}",
            description,
            (NAMESPACE, metric, {"app": manifest.deployment}),
            ("Sum", 300, 1, 1, threshold),
        )
        for metric, (name, threshold, description) in described.items()
    }


def _of_table(manifest: Manifest, table: str) -> dict:
    return _alarm(
        f"{manifest.deployment}-table-throttles",
        f"DynamoDB refuses writes to {table}: more in a short time than the table has grown to.",
        ("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": table}),
        ("Sum", 300, 1, 1, "MaximumThrottles"),
    )


def _of_function(manifest: Manifest) -> dict:
    function = function_name(manifest)
    of_metric = {
        "Errors": ("Invocations end as a whole: a crash, a timeout, too little memory. Failed tasks do not count.", (300, 1, 1)),
        "Throttles": ("Lambda refuses invocations: the concurrency is used up.", (60, 5, 3)),
    }
    return {
        f"Function{metric}": _alarm(
            f"{function}-{metric.lower()}",
            description,
            ("AWS/Lambda", metric, {"FunctionName": function}),
            ("Sum", *window, 0),
        )
        for metric, (description, window) in of_metric.items()
    }


def _dashed(queue: str) -> str:
    return queue.replace(".", "-")


def _alarm(name: str, description: str, metric: tuple[str, str, dict], rule: tuple) -> dict:
    namespace, metric_name, dimensions = metric
    statistic, period, periods, datapoints, threshold = rule
    return {
        "AlarmName": name,
        "AlarmDescription": description,
        "Namespace": namespace,
        "MetricName": metric_name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": statistic,
        "Period": period,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": datapoints,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
