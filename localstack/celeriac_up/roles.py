"""IAM roles: the manifest's statements and no more."""

from __future__ import annotations

import json

from celeriac_infra import roles
from celeriac_infra.manifest import Manifest, ManifestError
from celeriac_infra.place import Place

from .endpoint import Endpoint
from .report import Report

POLICY = "celeriac"


def create(manifest: Manifest, name: str, endpoint: Endpoint, place: Place, report: Report) -> str:
    """The role's ARN."""
    role = manifest.role(name)
    if role is None:
        raise ManifestError(f"the manifest has no rights for the role `{name}`")
    iam = endpoint.client("iam")
    role_name = f"{manifest.app}-{name}"
    trust, policy = place.put(roles.trust(manifest, role)), place.put(roles.policy(role))
    try:
        found = iam.get_role(RoleName=role_name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        found = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        iam.put_role_policy(RoleName=role_name, PolicyName=POLICY, PolicyDocument=json.dumps(policy))
        report.created(f"role {role_name}")
        return found["Arn"]
    changed = []
    if found["AssumeRolePolicyDocument"] != trust:
        iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=json.dumps(trust))
        changed.append("trust")
    if _policy(iam, role_name) != policy:
        iam.put_role_policy(RoleName=role_name, PolicyName=POLICY, PolicyDocument=json.dumps(policy))
        changed.append("rights")
    report.compared(f"role {role_name}", changed)
    return found["Arn"]


def _policy(iam, role_name: str) -> dict | None:
    try:
        return iam.get_role_policy(RoleName=role_name, PolicyName=POLICY)["PolicyDocument"]
    except iam.exceptions.NoSuchEntityException:
        return None
