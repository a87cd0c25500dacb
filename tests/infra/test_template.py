"""The template by itself: lint, rights, options."""

import copy
import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from generated import MANIFEST, manifest_named, of_type, run, schedule_of, template, tool, with_fifo, with_schedule, with_universal


FUNCTION = f"{MANIFEST['deployment']}-worker"


def statements_of(document: dict) -> list[dict]:
    """With the manifest's placeholders instead of CloudFormation's."""
    text = json.dumps(document["Statement"])
    for name, pseudo in {"partition": "Partition", "region": "Region", "account": "AccountId"}.items():
        text = text.replace("${AWS::" + pseudo + "}", "${" + name + "}")
    statements = json.loads(text, object_hook=lambda found: found["Fn::Sub"] if set(found) == {"Fn::Sub"} else found)
    return [
        {
            "sid": each["Sid"],
            "actions": each["Action"],
            "resources": each["Resource"],
            **({"condition": each["Condition"]} if "Condition" in each else {}),
        }
        for each in statements
        if each["Effect"] == "Allow"
    ]


def documents(made: dict) -> list[dict]:
    """Every policy of an identity in a template."""
    managed = [policy["PolicyDocument"] for policy in of_type(made, "AWS::IAM::ManagedPolicy").values()]
    inline = [policy["PolicyDocument"] for role in of_type(made, "AWS::IAM::Role").values() for policy in role["Policies"]]
    return managed + inline


@pytest.mark.parametrize(
    "args",
    [(), ("--batch-size", "100", "--batching-window", "1"), ("--function-queues", "")],
    ids=["default", "large batches", "no function"],
)
def test_cfn_lint_is_content(tmp_path, args):
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template(with_universal(MANIFEST), *args)))
    done = tool("cfn-lint", "--include-checks", "I", "--", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_rights_are_the_manifests_and_writing_logs():
    manifests = [role["statements"] for role in MANIFEST["roles"].values() if role["statements"]]
    found = [statements_of(document) for document in documents(template(MANIFEST))]
    logs = [statements for statements in found if statements[0]["sid"] == "WriteLogs"]
    assert logs == [
        [
            {
                "sid": "WriteLogs",
                "actions": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "resources": f"arn:${{partition}}:logs:${{region}}:${{account}}:log-group:/aws/lambda/{FUNCTION}:log-stream:*",
            }
        ]
    ]
    rest = [statements for statements in found if statements not in logs]
    assert sorted(map(json.dumps, rest)) == sorted(map(json.dumps, manifests))


def test_wildcards_are_the_manifests_only():
    said = {
        arn
        for role in MANIFEST["roles"].values()
        for statement in role["statements"]
        for arn in [*statement["resources"], *statement["actions"]]
        if "*" in arn
    }
    made = {
        text
        for document in documents(template(MANIFEST))
        for statement in statements_of(document)
        if statement["sid"] != "WriteLogs"  # its streams, see above
        for text in [*statement["actions"], *statement["resources"]]
        if "*" in text
    }
    assert made == said


def test_a_role_without_rights_is_not_made():
    made = template(MANIFEST)
    empty = [name for name, role in MANIFEST["roles"].items() if not role["statements"]]
    roles = [*of_type(made, "AWS::IAM::Role"), *of_type(made, "AWS::IAM::ManagedPolicy")]
    assert not [name for name in roles for role in empty if name.lower().startswith(role)]


def test_a_role_is_taken_by_its_service_in_its_account_only():
    changed = copy.deepcopy(MANIFEST)
    statement = {"sid": "Send", "actions": ["sqs:SendMessage"], "resources": ["arn:${partition}:sqs:${region}:${account}:a"]}
    changed["roles"]["scheduler"]["statements"] = [statement]
    roles = of_type(template(changed), "AWS::IAM::Role")
    account = {"aws:SourceAccount": {"Fn::Sub": "${AWS::AccountId}"}}
    group = "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/" + MANIFEST["schedule_group"]
    for name, condition in (("WorkerRole", account), ("SchedulerRole", {**account, "aws:SourceArn": {"Fn::Sub": group}})):
        (trust,) = roles[name]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"] == {"StringEquals": condition}


def test_table_has_ttl_and_recovery_and_is_retained():
    """In the template: ministack's CloudFormation leaves TTL and point-in-time recovery out."""
    made = template(MANIFEST)
    table = made["Resources"]["Table"]
    ttl = {"AttributeName": MANIFEST["table"]["ttl_attribute"], "Enabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == ttl
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_schedules_keep_their_time_zone_and_role():
    """In the template: ministack's CloudFormation leaves the zone out."""
    manifest = with_schedule({**MANIFEST, "schedules": []})
    (made,) = of_type(template(manifest), "AWS::Scheduler::Schedule").values()
    (schedule,) = manifest["schedules"]
    assert made["ScheduleExpressionTimezone"] == schedule["schedule_expression_timezone"]
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["Target"]["RoleArn"] == {"Fn::GetAtt": ["SchedulerRole", "Arn"]}
    assert made["Target"]["Input"] == schedule["input"]


def test_keywords_stand_bare_in_every_input():
    """EventBridge Scheduler finds no others."""
    made = of_type(template(with_universal({**MANIFEST, "schedules": []})), "AWS::Scheduler::Schedule")
    inputs = {each["Name"]: each["Target"]["Input"] for each in made.values()}
    assert "new-year:<aws.scheduler.scheduled-time>" in inputs["new-year"]
    assert "late:<aws.scheduler.scheduled-time>" in inputs["late"]["Fn::Sub"]
    assert '"<aws.scheduler.schedule-arn>"' in inputs["late"]["Fn::Sub"]
    assert "ordered:<aws.scheduler.scheduled-time>" in inputs["ordered"]["Fn::Sub"]


def test_schedules_start_when_they_should_and_stay_when_they_are_over():
    """In the template: ministack's CloudFormation leaves dates out."""
    made = of_type(template(with_universal(MANIFEST)), "AWS::Scheduler::Schedule")
    (late,) = [each for each in made.values() if each["Name"] == "late"]
    assert late["StartDate"] == "2098-01-01T00:00:00Z"
    assert not [each for each in made.values() if "ActionAfterCompletion" in each]


def test_starts_that_have_been_are_left_out_and_rates_go_on_from_their_grid():
    """AWS refuses a start in the past, and an older manifest has such."""
    manifest = with_schedule({**MANIFEST, "schedules": []})
    (first,) = manifest["schedules"]
    manifest["schedules"] = [
        {**first, "name": "crontab", "start_date": "2024-01-01T00:00:00Z"},
        {**first, "name": "interval", "schedule_expression": "rate(1560 minutes)", "start_date": "2024-01-01T12:00:00Z"},
        {**first, "name": "later", "schedule_expression": "rate(7 minutes)", "start_date": "2098-01-01T00:00:00Z"},
    ]
    made = {each["Name"]: each for each in of_type(template(manifest), "AWS::Scheduler::Schedule").values()}
    assert "StartDate" not in made["crontab"]
    assert made["later"]["StartDate"] == "2098-01-01T00:00:00Z"
    start = datetime.fromisoformat(made["interval"]["StartDate"].replace("Z", "+00:00"))
    assert (start - datetime(2024, 1, 1, 12, tzinfo=timezone.utc)) % timedelta(minutes=1560) == timedelta()
    assert timedelta() < start - datetime.now(timezone.utc) <= timedelta(minutes=1560 + 15)


def with_queues(number: int) -> dict:
    """The manifest with more queues, in the rights of every role too."""
    changed = copy.deepcopy(MANIFEST)
    first = changed["queues"][0]
    names = [f"tenant-{n:03}-reports" for n in range(number)]
    changed["queues"] = [{**first, "name": name, "queue_name": name, "dead_letter_queue": f"{name}-dlq"} for name in names]
    changed["schedules"] = []
    for role in changed["roles"].values():
        for statement in role["statements"]:
            of_queues = [arn for arn in statement["resources"] if ":sqs:" in arn and not arn.endswith("*")]
            if of_queues:
                dead = "-dlq" if all(arn.endswith(("-dlq", "-dlq.fifo")) for arn in of_queues) else ""
                statement["resources"] = [f"arn:${{partition}}:sqs:${{region}}:${{account}}:{name}{dead}" for name in names]
    return changed


def placed(value) -> str:
    """As IAM counts it: `value` in a real account, without white space."""
    text = json.dumps(value, separators=(",", ":"))
    for pseudo, real in {"Partition": "aws", "Region": "ap-southeast-2", "AccountId": "123456789012"}.items():
        text = text.replace("${AWS::" + pseudo + "}", real)
    return re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", text)


@pytest.mark.parametrize("number", [4, 20, 60, 68])
def test_policies_are_cut_so_that_iam_takes_them(number):
    manifest = with_queues(number)
    made = template(manifest, "--function-queues", "")
    policies = of_type(made, "AWS::IAM::ManagedPolicy")
    for name, policy in policies.items():
        assert len(placed(policy["PolicyDocument"])) <= 6144, name
    for name, role in of_type(made, "AWS::IAM::Role").items():
        assert len(placed(role["Policies"])) <= 10240, name
    for role, said in manifest["roles"].items():
        if role == "lambda" or not said["statements"]:
            continue
        name = role.capitalize()
        documents = [policy["PolicyDocument"] for key, policy in policies.items() if key.startswith(name)]
        documents += [each["PolicyDocument"] for each in of_type(made, "AWS::IAM::Role").get(f"{name}Role", {"Policies": []})["Policies"]]
        rights = {
            (action, arn)
            for document in documents
            for statement in statements_of(document)
            for action in statement["actions"]
            for arn in statement["resources"]
        }
        wanted = {(action, arn) for each in said["statements"] for action in each["actions"] for arn in each["resources"]}
        assert wanted <= rights, role
        assert len(documents) <= 10


def test_quotas_are_told_by_name_and_source():
    for manifest, said in [
        (with_queues(80), "resources, and CloudFormation takes 500 (https://docs.aws.amazon.com/AWSCloudFormation"),
        ({**MANIFEST, "environment": {"CELERIAC_TASK_ROUTES": "a" * 4097}}, "Lambda takes 4,096 (https://docs.aws.amazon.com/lambda"),
        (with_queues(700), "IAM attaches 10 to a role (https://docs.aws.amazon.com/IAM"),
    ]:
        done = run(manifest)
        assert done.returncode == 1
        assert said in done.stderr
    done = run(with_queues(30))
    assert done.returncode == 0, done.stderr
    assert "over 51,200 it needs `--s3-bucket`" in done.stderr


def test_scale_in_protection_is_for_the_cluster_that_is_named():
    (before,) = [each for each in statements_of_role("WorkerRole") if each["sid"] == "ProtectFromScaleIn"]
    (after,) = [each for each in statements_of_role("WorkerRole", "--cluster", "tasks") if each["sid"] == "ProtectFromScaleIn"]
    assert before["resources"] == ["arn:${partition}:ecs:${region}:${account}:task/*"]
    assert after["resources"] == ["arn:${partition}:ecs:${region}:${account}:task/tasks/*"]
    assert "no name of an ECS cluster" in run(MANIFEST, "--cluster", "*").stderr


def statements_of_role(name: str, *args: str) -> list[dict]:
    return statements_of(of_type(template(MANIFEST, *args), "AWS::IAM::Role")[name]["Policies"][0]["PolicyDocument"])


def test_an_organisation_may_bound_every_role():
    made = template(MANIFEST)
    boundary = {"Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    assert all(role["PermissionsBoundary"] == boundary for role in of_type(made, "AWS::IAM::Role").values())
    assert made["Parameters"]["PermissionsBoundary"]["Default"] == "none"


def test_a_table_that_is_there_is_not_made():
    made = template(MANIFEST, "--existing-table")
    assert not of_type(made, "AWS::DynamoDB::Table")
    assert MANIFEST["table"]["name"] in json.dumps(of_type(made, "AWS::IAM::Role")["WorkerRole"])


def test_no_results_no_table():
    made = template({**MANIFEST, "table": None})
    assert not of_type(made, "AWS::DynamoDB::Table")


def test_a_queue_of_others_has_no_mapping():
    changed = copy.deepcopy(MANIFEST)
    changed["queues"][0]["tasks"] = []
    mappings = of_type(template(changed), "AWS::Lambda::EventSourceMapping")
    own = sum(bool(queue["tasks"]) for queue in changed["queues"])
    assert len(mappings) == own


def test_fifo_batches_stay_small():
    made = template(with_fifo(MANIFEST), "--batch-size", "100", "--batching-window", "2")
    fifo = {name for name, queue in of_type(made, "AWS::SQS::Queue").items() if queue.get("FifoQueue")}
    for mapping in of_type(made, "AWS::Lambda::EventSourceMapping").values():
        is_fifo = mapping["EventSourceArn"]["Fn::GetAtt"][0] in fifo
        assert mapping["BatchSize"] == (10 if is_fifo else 100)
        assert ("MaximumBatchingWindowInSeconds" in mapping) != is_fifo


def test_a_visibility_timeout_below_the_functions_timeout_is_raised_to_it():
    manifest = copy.deepcopy(MANIFEST)
    first, second = manifest["queues"][:2]
    first.update(function_timeout=900, visibility_timeout=5400)
    second.update(function_timeout=100, visibility_timeout=600)

    def visibility(*args: str) -> list[int]:
        queues = of_type(template(manifest, *args), "AWS::SQS::Queue").values()
        by_name = {queue["QueueName"]: queue.get("VisibilityTimeout") for queue in queues}
        return [by_name[first["queue_name"]], by_name[second["queue_name"]]]

    assert visibility() == [5400, 900]
    assert visibility("--function-queues", second["name"]) == [5400, 600]


def test_one_dead_letter_queue_may_serve_several():
    manifest = copy.deepcopy(MANIFEST)
    for queue in manifest["queues"][:2]:
        queue["dead_letter_queue"] = "shared-dlq"
    queues = of_type(template(manifest), "AWS::SQS::Queue").values()
    (shared,) = [queue for queue in queues if queue["QueueName"] == "shared-dlq"]
    assert len(shared["RedriveAllowPolicy"]["sourceQueueArns"]) == 2


def test_names_that_differ_in_punctuation_stay_apart():
    manifest = copy.deepcopy(MANIFEST)
    first, second = manifest["queues"][:2]
    for one, other in (("a_b", "a-b"), ("aB", "a-b"), ("a-1", "a1"), ("a-fifo", "a.fifo")):
        first.update(queue_name=one, dead_letter_queue=f"{one}-dlq")
        second.update(queue_name=other, dead_letter_queue=f"{other}-dlq")
        names = {queue["QueueName"] for queue in of_type(template(manifest), "AWS::SQS::Queue").values()}
        assert {one, other, f"{one}-dlq", f"{other}-dlq"} <= names


def predefined(manifest: dict) -> dict:
    """With a first queue that is there already, in another account."""
    changed = copy.deepcopy(manifest)
    arn = "arn:${partition}:sqs:us-east-1:210987654321:legacy"
    url = "https://sqs.us-east-1.amazonaws.com/210987654321/legacy"
    changed["queues"][0].update(queue_name="legacy", dead_letter_queue="legacy-dlq", arn=arn, url=url)
    return changed


def test_a_predefined_queue_is_used_and_not_made():
    manifest = predefined(MANIFEST)
    made = template(manifest)
    assert not {queue["QueueName"] for queue in of_type(made, "AWS::SQS::Queue").values()} & {"legacy", "legacy-dlq"}
    sources = [mapping["EventSourceArn"] for mapping in of_type(made, "AWS::Lambda::EventSourceMapping").values()]
    assert {"Fn::Sub": "arn:${AWS::Partition}:sqs:us-east-1:210987654321:legacy"} in sources
    names = {name for name, resource in made["Resources"].items() if resource["Type"].startswith("AWS::SQS")}
    text = json.dumps(made)
    for name in ("QueueLegacy", "TlsOnlyLegacy"):
        assert name not in names and f'"{name}"' not in text


def test_a_table_in_a_certain_region_is_made_there_only():
    manifest = {**MANIFEST, "table": {**MANIFEST["table"], "region": "eu-west-1"}}
    made = template(manifest)
    assert made["Conditions"]["IsTheTablesRegion"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
    of_the_table = [name for name, resource in made["Resources"].items() if resource.get("Condition") == "IsTheTablesRegion"]
    assert of_the_table == ["Table", "AlarmTable"]
    done = run({**manifest, "region": "eu-central-1"})
    assert "its queues in eu-central-1: deploy there" in done.stderr
    assert "its table in eu-west-1" in done.stderr


FIFO = next(queue["name"] for queue in with_fifo(MANIFEST)["queues"] if queue["fifo"])


def twice(*names: str) -> list[dict]:
    """Queues of these Celery names."""
    sqs = [name.replace(".", "-") for name in names]
    first = MANIFEST["queues"][0]
    return [{**first, "name": name, "queue_name": own, "dead_letter_queue": f"{own}-dlq"} for name, own in zip(names, sqs, strict=True)]


def sending(universal: dict, fifo: bool = False) -> dict:
    """The manifest with one schedule, of such a message."""
    manifest = with_universal({**MANIFEST, "schedules": []})
    queue = FIFO if fifo else next(queue["name"] for queue in manifest["queues"] if not queue["fifo"])
    return {**manifest, "schedules": [{**schedule_of("a", queue), "universal": universal}]}


def named(manifest: dict) -> set[tuple[str, str]]:
    """The names that CloudFormation does not choose, with the type of what has them."""
    keys = ("QueueName", "FunctionName", "RoleName", "LogGroupName", "AlarmName", "DashboardName", "TableName", "Name", "Family")
    return {
        (resource["Type"], resource["Properties"][key])
        for resource in template(manifest)["Resources"].values()
        for key in keys
        if isinstance(resource["Properties"].get(key), str) and resource["Type"] != "AWS::Scheduler::Schedule"
    }


def test_environments_of_one_app_have_no_name_in_common():
    """Their stacks stand side by side; schedules are in their groups."""
    manifest = with_universal(MANIFEST)
    production, staging = (named(manifest_named(manifest, prefix)) for prefix in ("prod", "staging"))
    assert production
    assert not production & staging


def test_metrics_and_tags_tell_environments_apart():
    made = template(manifest_named(MANIFEST, "staging"))
    deployment = f"staging-{MANIFEST['deployment']}"
    alarms = of_type(made, "AWS::CloudWatch::Alarm").values()
    own = [alarm["Dimensions"] for alarm in alarms if alarm["Namespace"] == "celeriac"]
    assert own and all(dimensions == [{"Name": "app", "Value": deployment}] for dimensions in own)
    tags = of_type(made, "AWS::Scheduler::ScheduleGroup")["ScheduleGroup"]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"celeriac:app": MANIFEST["app"], "celeriac:deployment": deployment}


@pytest.mark.parametrize(
    ("change", "args", "said"),
    [
        ({"manifest_version": 2}, (), "manifest_version"),
        ({"buckets": [{"name": "big"}]}, (), "buckets"),
        ({"queues": [{}]}, (), "not a manifest: KeyError 'queue_name'"),
        ({"queues": twice("mail.high", "mail-high")}, (), "queues `mail.high` and `mail-high` are one in SQS, `mail-high`"),
        ({"queues": twice("mail", "mail-dlq")}, (), "queue `mail-dlq` and the dead-letter queue of `mail` are one in SQS"),
        ({}, ("--function-queues", "nowhere"), "`nowhere` is no queue"),
        ({}, ("--batch-size", "11"), "batching window"),
        ({**with_schedule(MANIFEST), "roles": {"lambda": MANIFEST["roles"]["lambda"]}}, (), "the role `scheduler`"),
        (sending({"delay_seconds": 901}), (), "0 to 900 whole seconds, not by 901"),
        (sending({"delay_seconds": 0.5}), (), "0 to 900 whole seconds, not by 0.5"),
        (sending({"delay_seconds": 1}, fifo=True), (), "delays no single message of a FIFO queue"),
        (sending({"message_deduplication_id": "a"}, fifo=True), (), "needs a `message_group_id`"),
        (sending({"message_group_id": "a"}, fifo=True), (), "needs a `message_deduplication_id`"),
        (sending({"message_deduplication_id": "a"}), (), "refuses one on any other queue"),
        (sending({"message_attributes": {str(n): "a" for n in range(11)}}), (), "at most 10 attributes"),
        (sending({"message_attributes": {"a": ""}}), (), "none of them is empty"),
        ({**sending({}), "schedule_dead_letter_queue": "elsewhere"}, (), "dead letters of schedules go to `elsewhere`, which is no queue"),
        ({**sending({}, fifo=True), "schedule_dead_letter_queue": FIFO}, (), "they need a standard queue"),
    ],
)
def test_what_cannot_be_deployed_is_said(change, args, said):
    done = run({**MANIFEST, **change}, *args)
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in done.stderr
