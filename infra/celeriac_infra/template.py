"""The CloudFormation template: everything that an app needs on AWS, and the function where there is a package for it."""

from __future__ import annotations

from . import alarms, dashboard, function, queues, quotas, roles, schedules, table, task_definition
from .manifest import Manifest, ManifestError
from .names import logical
from .options import Options
from .place import Stack

# Days that CloudWatch Logs knows.
RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]
# Value of a parameter that is not given; a possible bucket name, for the sake of linters.
NONE = "none"


def build(manifest: Manifest, options: Options) -> dict:
    """The whole template."""
    if options.function_queues and not manifest.role("lambda"):
        raise ManifestError("the manifest has no rights for the role `lambda`")
    has_function = bool(options.function_queues)
    if has_function:
        quotas.check_environment(function.environment(manifest))
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"celeriac: queues, results, rights and function of {manifest.deployment}",
        "Parameters": _parameters(has_function),
        "Conditions": _conditions(manifest, has_function),
        "Resources": _resources(manifest, options),
        "Outputs": _outputs(manifest, options),
    }


def _parameters(has_function: bool) -> dict:
    parameters = {
        "AlarmTopic": {"Type": "String", "Default": NONE, "Description": "ARN of the SNS topic that alarms go to"},
        "PermissionsBoundary": {"Type": "String", "Default": NONE, "Description": "ARN of the policy that bounds every role"},
        "LogRetentionDays": {"Type": "Number", "Default": 30, "AllowedValues": RETENTIONS},
    }
    for key, (default, description) in alarms.THRESHOLDS.items():
        parameters[key] = {"Type": "Number", "Default": default, "Description": description}
    return {**_function_parameters(), **parameters} if has_function else parameters


def _function_parameters() -> dict:
    return {
        "CodeBucket": {"Type": "String", "Default": NONE, "Description": "S3 bucket of the function's zip; no function if none"},
        "CodeKey": {"Type": "String", "Default": NONE, "Description": "S3 key of the function's zip, with bootstrap at its root"},
        "ImageUri": {"Type": "String", "Default": NONE, "Description": "Image in ECR, instead of a zip"},
        "Architecture": {"Type": "String", "Default": "arm64", "AllowedValues": ["arm64", "x86_64"]},
        "MemorySize": {"Type": "Number", "Default": 512, "MinValue": 128, "MaxValue": 10240, "Description": "MB of the function"},
        "MaximumConcurrency": {
            "Type": "Number",
            "Default": 100,
            "MinValue": 2,
            "MaxValue": 1000,
            "Description": "Invocations at once for each queue",
        },
    }


def _conditions(manifest: Manifest, has_function: bool) -> dict:
    def given(parameter: str) -> dict:
        return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, NONE]}]}

    conditions = {"HasAlarmTopic": given("AlarmTopic"), roles.HAS_BOUNDARY: given("PermissionsBoundary")}
    if manifest.table and manifest.table.region:
        conditions[table.CONDITION] = {"Fn::Equals": [{"Ref": "AWS::Region"}, manifest.table.region]}
    if has_function:
        conditions["UsesImage"] = given("ImageUri")
        conditions[function.CONDITION] = {"Fn::Or": [given("CodeBucket"), given("ImageUri")]}
    return conditions


def _resources(manifest: Manifest, options: Options) -> dict:
    return {
        **queues.resources(manifest, options),
        **({} if options.existing_table else table.resources(manifest)),
        **_roles(manifest, options),
        **function.resources(manifest, options),
        **_worker_logs(manifest),
        **schedules.resources(manifest),
        **alarms.resources(manifest, options, function.CONDITION),
        **_dashboard(manifest, options),
    }


def _roles(manifest: Manifest, options: Options) -> dict:
    extra = {"lambda": [function.log_policy(manifest)], "scheduler": schedules.dead_letter_policy(manifest)}
    made = roles.resources(manifest, extra)
    if not options.function_queues:
        return {key: resource for key, resource in made.items() if not key.startswith("LambdaRole")}
    for key, resource in made.items():
        if key.startswith("LambdaRole"):
            resource["Condition"] = function.CONDITION
    return made


def _worker_logs(manifest: Manifest) -> dict:
    if not manifest.role("worker"):
        return {}
    properties = {"LogGroupName": task_definition.log_group(manifest), "RetentionInDays": {"Ref": "LogRetentionDays"}}
    return {
        "WorkerLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": properties,
        }
    }


def _dashboard(manifest: Manifest, options: Options) -> dict:
    body = Stack().json(dashboard.body(manifest, options))
    properties = {"DashboardName": f"{manifest.deployment}-tasks", "DashboardBody": body}
    return {"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def _outputs(manifest: Manifest, options: Options) -> dict:
    outputs = {}
    for queue in queues.to_make(manifest):
        key = logical("Queue", queue.queue_name)
        outputs[f"{key}Url"] = {"Description": f"URL of {queue.queue_name}", "Value": {"Ref": key}}
    for name in manifest.roles:
        if role := manifest.role(name):
            key = roles.logical(name)
            if name == "lambda":
                continue
            if role.trusted_services:
                outputs[f"{key}Arn"] = {"Description": f"ARN for {name}", "Value": {"Fn::GetAtt": [key, "Arn"]}}
                continue
            for number, _ in enumerate(quotas.managed(list(role.statements), name), 1):
                policy = key if number == 1 else f"{key}{number}"
                outputs[f"{policy}Arn"] = {"Description": f"ARN for {name}", "Value": {"Ref": policy}}
    if options.function_queues:
        value = {"Fn::GetAtt": ["Function", "Arn"]}
        outputs["FunctionArn"] = {"Description": "ARN of the function", "Condition": function.CONDITION, "Value": value}
    return outputs
