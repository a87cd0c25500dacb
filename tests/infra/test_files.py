"""What is checked in is what `infra/sam` makes of the example's manifest."""

import json
import subprocess
import sys

import boto3
import pytest
from botocore.validate import ParamValidator

from generated import INFRA, MANIFEST, run, tool

AGAIN = "run: infra/sam infra/manifest.json --all infra"


def files(folder) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.json")}


def test_checked_in_files_are_fresh(tmp_path):
    done = run(MANIFEST, "--all", str(tmp_path))
    assert done.returncode == 0, done.stderr
    made, kept = files(tmp_path), files(INFRA)
    del kept["manifest.json"]
    assert set(made) == set(kept), AGAIN
    stale = [name for name in made if made[name] != kept[name]]
    assert not stale, AGAIN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_manifest_that_windows_wrote_is_read(tmp_path, encoding):
    """PowerShell's `>` makes UTF-16, editors there put a mark before UTF-8."""
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(json.dumps(MANIFEST).replace("\n", "\r\n").encode(encoding))
    assert run_bytes(str(manifest)) == run_bytes("-", given=manifest.read_bytes()) == (0, run(MANIFEST).stdout, "")


def test_a_manifest_in_another_encoding_is_refused_with_its_cure(tmp_path):
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes('{"app": "größer"}'.encode("cp1252"))
    code, stdout, stderr = run_bytes(str(manifest))
    assert (code, stdout) == (1, "")
    assert stderr.startswith("error: the manifest is neither UTF-8 nor UTF-16: save it as UTF-8")


def run_bytes(*args: str, given: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, str(INFRA / "sam"), *args], input=given, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_template_needs_no_bucket():
    """CloudFormation takes this much in the request itself."""
    assert (INFRA / "template.json").stat().st_size <= 51_200


def test_iam_alone(tmp_path):
    done = run(MANIFEST, "--iam", str(tmp_path), "--partition", "aws-cn", "--region", "cn-north-1", "--account", "1")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "worker.policy.json").read_text()
    assert '"arn:aws-cn:sqs:cn-north-1:1:' in text
    assert "${" not in text


def test_no_file_has_a_placeholder_left():
    for name in ("alarms.json", "dashboard.json", "ecs-task-definition.json", "iam/worker.policy.json"):
        assert "${" not in (INFRA / name).read_text(), name


def test_task_definition():
    task = json.loads((INFRA / "ecs-task-definition.json").read_text())
    (container,) = task["containerDefinitions"]
    assert container["readonlyRootFilesystem"] is True
    assert not container["user"].startswith("0")
    environment = {each["name"]: each["value"] for each in container["environment"]}
    assert int(environment["CELERIAC_WORKER_SHUTDOWN_TIMEOUT"]) < container["stopTimeout"] == 120
    assert set(MANIFEST["environment"]) <= set(environment)
    own = [queue["name"] for queue in MANIFEST["queues"] if queue["tasks"]]
    assert container["command"] == ["worker", "-Q", ",".join(own)]


@pytest.mark.parametrize(("own", "form"), [({}, "json"), ({"CELERIAC_WORKER_LOG_FORMAT": "text"}, "text")])
def test_the_log_is_json_unless_the_app_says_otherwise(tmp_path, own, form):
    """CloudWatch takes metrics out of it: in JSON a task's text begins no line of its own."""
    done = run({**MANIFEST, "environment": {**MANIFEST["environment"], **own}}, "--all", str(tmp_path))
    assert done.returncode == 0, done.stderr
    template, task = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("template", "ecs-task-definition"))
    (container,) = task["containerDefinitions"]
    worker = {each["name"]: each["value"] for each in container["environment"]}
    function = template["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    for variables in (worker, function):
        assert (variables["CELERIAC_METRICS"], variables["CELERIAC_WORKER_LOG_FORMAT"]) == ("emf", form)


def test_dockerfile():
    done = tool("hadolint", str(INFRA / "Dockerfile"))
    assert done.returncode == 0, done.stdout


def test_aws_takes_the_task_definition_and_the_alarms():
    """By the API's own model, which the SDK ships."""
    inputs = [("ecs", "RegisterTaskDefinition", json.loads((INFRA / "ecs-task-definition.json").read_text()))]
    inputs += [("cloudwatch", "PutMetricAlarm", alarm) for alarm in json.loads((INFRA / "alarms.json").read_text())]
    for service, operation, given in inputs:
        shape = boto3.client(service, region_name="us-east-1").meta.service_model.operation_model(operation).input_shape
        report = ParamValidator().validate(given, shape)
        assert not report.has_errors(), report.generate_report()
