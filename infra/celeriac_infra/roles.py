"""IAM: the manifest's statements, and who may take the roles."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from . import quotas
from .manifest import Manifest, ManifestError, Role
from .place import Place, Stack, arn

HAS_BOUNDARY = "HasPermissionsBoundary"
_CLUSTER = re.compile(r"[A-Za-z0-9_-]{1,255}")
# It names the schedule's group as the source, never the schedule (EventBridge Scheduler user guide,
# "Confused deputy prevention").
SCHEDULER = "scheduler.amazonaws.com"
# These services send their account along, so that nobody else's task or schedule can take the role.
GUARDED_SERVICES = ("ecs-tasks.amazonaws.com", SCHEDULER)


def in_cluster(manifest: Manifest, cluster: str | None) -> Manifest:
    """With scale-in protection for the tasks of one ECS cluster."""
    if cluster is None:
        return manifest
    if not _CLUSTER.fullmatch(cluster):
        raise ManifestError(f"`{cluster}` is no name of an ECS cluster: letters, digits, `-` and `_`, 255 at most")

    def limited(statement: dict) -> dict:
        arns = [re.sub(r":task/\*$", f":task/{cluster}/*", arn) for arn in statement["Resource"]]
        return {**statement, "Resource": arns}

    limit = {name: replace(role, statements=tuple(map(limited, role.statements))) for name, role in manifest.roles.items()}
    return replace(manifest, roles=limit)


def policy(role: Role) -> dict:
    """The role's rights, with placeholders."""
    return {"Version": "2012-10-17", "Statement": list(role.statements)}


def trust(manifest: Manifest, role: Role) -> dict:
    """Who may take it, with placeholders."""
    statements = [_trust(service, manifest.schedule_group) for service in role.trusted_services]
    return {"Version": "2012-10-17", "Statement": statements}


def _trust(service: str, schedule_group: str | None) -> dict:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    condition = {"aws:SourceAccount": "${account}"}
    if service == SCHEDULER and schedule_group:
        condition["aws:SourceArn"] = arn("scheduler", f"schedule-group/{schedule_group}")
    if service in GUARDED_SERVICES:
        statement["Condition"] = {"StringEquals": condition}
    return statement


def logical(role: str) -> str:
    """The role's, or the policy's, logical name."""
    attached = ("producer", "reader", "forgetter", "operator")
    return f"{role.capitalize()}{'Policy' if role in attached else 'Role'}"


def resources(manifest: Manifest, extra: dict[str, list[dict]]) -> dict:
    """By logical name: a role for what a service takes, else policies to attach to your own roles. `extra` are policies beside
    the manifest's, by role. What is too large for one policy becomes several."""
    made = {}
    for name in manifest.roles:
        if role := manifest.role(name):
            made.update(_role(manifest, role, extra.get(name, [])) if role.trusted_services else _attached(manifest, role))
    return made


def _role(manifest: Manifest, role: Role, extra: list[dict]) -> dict:
    own = {"PolicyName": "celeriac", "PolicyDocument": Stack().put(policy(role))}
    boundary = {"Fn::If": [HAS_BOUNDARY, {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    properties = {
        "AssumeRolePolicyDocument": Stack().put(trust(manifest, role)),
        "PermissionsBoundary": boundary,
        "Policies": [own, *extra],
    }
    made = {logical(role.name): {"Type": "AWS::IAM::Role", "Properties": properties}}
    others = len(json.dumps(extra, separators=(",", ":")))
    if quotas.size(list(role.statements)) + others <= quotas.INLINE_POLICIES:
        return made
    properties["Policies"] = extra
    roles = {"Roles": [{"Ref": logical(role.name)}]}
    return {**made, **_managed(manifest, role, f"{logical(role.name)}Policy", roles)}


def _attached(manifest: Manifest, role: Role) -> dict:
    return _managed(manifest, role, logical(role.name), {})


def _managed(manifest: Manifest, role: Role, key: str, properties: dict) -> dict:
    """Policies; the second has a 2 at the end of its logical name."""
    made = {}
    for number, statements in enumerate(quotas.managed(list(role.statements), role.name), 1):
        document = Stack().put({"Version": "2012-10-17", "Statement": statements})
        said = {"Description": f"celeriac: {role.name} of {manifest.deployment}", "PolicyDocument": document, **properties}
        made[key if number == 1 else f"{key}{number}"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": said}
    return made


def files(manifest: Manifest, place: Place) -> dict[str, dict]:
    """Policy documents by file name, for those who use no stack; several of a role whose rights are too many for one."""
    made = {}
    for name in sorted(manifest.roles):
        if role := manifest.role(name):
            for number, statements in enumerate(quotas.managed(list(role.statements), name), 1):
                file = f"{name}.policy.json" if number == 1 else f"{name}.policy-{number}.json"
                made[file] = place.put({"Version": "2012-10-17", "Statement": statements})
            if role.trusted_services:
                made[f"{name}.trust.json"] = place.put(trust(manifest, role))
    return made
