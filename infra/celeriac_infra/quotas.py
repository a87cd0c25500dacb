"""What CloudFormation, IAM and Lambda take at most: what is over is told by name, or cut so that it fits.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
import sys
from collections import Counter

from .manifest import ManifestError
from .place import Place

CLOUDFORMATION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"

# Bytes of a template: in the request itself, and by way of S3.
INLINE_TEMPLATE, TEMPLATE = 51_200, 1_000_000
RESOURCES = 500
# Each of these sections.
SECTIONS = {"Outputs": 200, "Parameters": 200, "Mappings": 200}
# Characters, white space not counted; of inline policies those of a role together.
MANAGED_POLICY, INLINE_POLICIES = 6_144, 10_240
POLICIES_OF_A_ROLE = 10
# Bytes of names and values together.
ENVIRONMENT = 4_096
# What placeholders become at most.
LONGEST = Place("aws-us-gov", "ap-southeast-99", "123456789012")


def check(made: dict, text: str) -> None:
    """Of a whole template. Raises for what CloudFormation would refuse; says what needs more to deploy it."""
    resources = made["Resources"]
    problems = []
    if len(resources) > RESOURCES:
        kinds = Counter(resource["Type"] for resource in resources.values()).most_common(3)
        most = ", ".join(f"{number} {kind}" for kind, number in kinds)
        problems.append(
            f"the template has {len(resources)} resources, and CloudFormation takes {RESOURCES} ({CLOUDFORMATION}): most are {most}; "
            "give schedules to `schedules apply`, and queues to apps of their own"
        )
    for section, most in SECTIONS.items():
        if len(made.get(section, {})) > most:
            problems.append(f"the template has {len(made[section])} {section.lower()}, and CloudFormation takes {most} ({CLOUDFORMATION})")
    if len(text.encode()) > TEMPLATE:
        problems.append(f"the template has {len(text.encode()):,} bytes, and CloudFormation takes {TEMPLATE:,} ({CLOUDFORMATION})")
    if problems:
        raise ManifestError("; ".join(problems))
    if len(text.encode()) > INLINE_TEMPLATE:
        print(
            f"note: the template has {len(text.encode()):,} bytes; over {INLINE_TEMPLATE:,} it needs `--s3-bucket` ({CLOUDFORMATION})",
            file=sys.stderr,
        )


def check_environment(variables: dict[str, str]) -> None:
    """Of a function."""
    size = sum(len(f"{name}{value}".encode()) for name, value in LONGEST.put(variables).items())
    if size > ENVIRONMENT:
        longest = max(variables, key=lambda name: len(variables[name]))
        raise ManifestError(
            f"the function's environment has {size:,} bytes, and Lambda takes {ENVIRONMENT:,} ({LAMBDA}): most is `{longest}`; say it in "
            "the program's code, or in a `celeriac.toml` beside it, and print the manifest with that"
        )


def size(statements: list[dict]) -> int:
    """Characters of a policy, as IAM counts them."""
    policy = {"Version": "2012-10-17", "Statement": statements}
    return len(json.dumps(LONGEST.put(policy), separators=(",", ":")))


def managed(statements: list[dict], role: str) -> list[list[dict]]:
    """The statements of each managed policy: one where they fit, or several, between which resources are divided."""
    parts: list[list[dict]] = [[]]
    for statement in statements:
        for resource in statement["Resource"]:
            if size(_with(parts[-1], statement, resource)) > MANAGED_POLICY:
                parts.append([])
            parts[-1] = _with(parts[-1], statement, resource)
    if len(parts) > POLICIES_OF_A_ROLE:
        raise ManifestError(
            f"the rights of `{role}` take {len(parts)} managed policies of {MANAGED_POLICY:,} characters, and IAM attaches "
            f"{POLICIES_OF_A_ROLE} to a role ({IAM}): divide the queues between apps"
        )
    return parts


def _with(statements: list[dict], statement: dict, resource: str) -> list[dict]:
    """With one more resource of a statement."""
    if statements and statements[-1]["Sid"] == statement["Sid"]:
        last = statements[-1]
        return [*statements[:-1], {**last, "Resource": [*last["Resource"], resource]}]
    return [*statements, {**statement, "Resource": [resource]}]
