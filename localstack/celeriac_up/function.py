"""The Lambda function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeriac_infra import function
from celeriac_infra.manifest import Manifest
from celeriac_infra.place import Place

from .endpoint import REGION, Endpoint
from .report import Report, differing

if TYPE_CHECKING:
    from .app import App

# As infra/template.json has it.
MEMORY = 512


def create(app: App, endpoint: Endpoint, of_function: Endpoint, role: str, report: Report) -> None:
    """Or brings an old one up to date, its code and its configuration each where they differ."""
    lambda_, name, package = endpoint.client("lambda"), function.name(app.manifest), app.package
    wanted = {
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": role,
        "MemorySize": MEMORY,
        "Timeout": app.options.function_timeout,
        "Environment": {"Variables": environment(app.manifest, of_function)},
    }
    try:
        found = lambda_.get_function_configuration(FunctionName=name)
    except lambda_.exceptions.ResourceNotFoundException:
        code = {"ZipFile": package.content}
        lambda_.create_function(FunctionName=name, Code=code, Architectures=[package.architecture], **wanted)
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
        report.created(f"function {name}")
        return
    changed = differing(wanted, found)
    if changed:
        lambda_.update_function_configuration(FunctionName=name, **wanted)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    if found["CodeSha256"] != package.sha256:
        lambda_.update_function_code(FunctionName=name, ZipFile=package.content, Architectures=[package.architecture])
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
        changed.append("Code")
    report.compared(f"function {name}", changed)


def environment(manifest: Manifest, endpoint: Endpoint) -> dict[str, str]:
    """The manifest's, with the emulator in place of AWS. No account stands in it."""
    variables = Place("aws", REGION, "").put(manifest.environment)
    variables["CELERIAC_BROKER_URL"] = endpoint.broker_url
    if manifest.table:
        variables["CELERIAC_RESULT_BACKEND"] = endpoint.result_backend(manifest.table.name)
    return variables
