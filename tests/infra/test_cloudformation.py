"""The example's stack on ministack, read back service by service: it is what the manifest says."""

import json

import pytest
from botocore.validate import ParamValidator

REGION_OF_TESTS = "us-east-1"
ACCOUNT = "000000000000"


def queue_attributes(stack, name: str) -> dict:
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION_OF_TESTS}:{ACCOUNT}:{resource}"


def placed(statements: list[dict]) -> list[dict]:
    """The manifest's statements as IAM documents of the emulator's account."""
    text = json.dumps(
        [
            {
                "Sid": each["sid"],
                "Effect": "Allow",
                "Action": each["actions"],
                "Resource": each["resources"],
                **({"Condition": each["condition"]} if "condition" in each else {}),
            }
            for each in statements
        ]
    )
    for name, value in {"partition": "aws", "region": REGION_OF_TESTS, "account": ACCOUNT}.items():
        text = text.replace("${" + name + "}", value)
    return json.loads(text)


def test_queues(stack):
    for queue in stack.manifest["queues"]:
        found = queue_attributes(stack, queue["queue_name"])
        assert found["MessageRetentionPeriod"] == str(queue["message_retention"])
        assert found["SqsManagedSseEnabled"] == "true"
        assert found.get("FifoQueue", "false") == str(queue["fifo"]).lower()
        assert int(found["VisibilityTimeout"]) == max(queue["visibility_timeout"], stack.function_timeout(queue))
        assert found["ReceiveMessageWaitTimeSeconds"] == "20"
        redrive = json.loads(found["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"] == arn("sqs", queue["dead_letter_queue"])
        assert int(redrive["maxReceiveCount"]) == queue["max_receive_count"]


def test_dead_letter_queues(stack):
    for queue in stack.manifest["queues"]:
        found = queue_attributes(stack, queue["dead_letter_queue"])
        assert found["MessageRetentionPeriod"] == str(queue["dead_letter_retention"])
        assert found["SqsManagedSseEnabled"] == "true"
        assert found.get("FifoQueue", "false") == str(queue["fifo"]).lower()
        allowed = json.loads(found["RedriveAllowPolicy"])
        assert allowed["redrivePermission"] == "byQueue"
        assert arn("sqs", queue["queue_name"]) in allowed["sourceQueueArns"]


def test_queues_are_reached_by_tls_only(stack):
    for queue in stack.manifest["queues"]:
        for name in (queue["queue_name"], queue["dead_letter_queue"]):
            (statement,) = json.loads(queue_attributes(stack, name)["Policy"])["Statement"]
            assert statement["Effect"] == "Deny"
            assert statement["Resource"] == arn("sqs", name)
            assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_table(stack):
    if not stack.manifest["table"]:
        pytest.skip("the example keeps no results")
    expected = stack.manifest["table"]
    found = stack.client("dynamodb").describe_table(TableName=expected["name"])["Table"]
    assert found["KeySchema"] == [{"AttributeName": expected["hash_key"], "KeyType": "HASH"}]
    assert found["AttributeDefinitions"] == [{"AttributeName": expected["hash_key"], "AttributeType": "S"}]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_function(stack):
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.function)
    assert found["Runtime"] == "provided.al2023"
    assert found["Handler"] == "bootstrap"
    assert found["Architectures"] == ["arm64"]
    assert found["Timeout"] == stack.function_timeout()
    assert found["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{stack.function}"
    environment = {key: value.replace("${region}", REGION_OF_TESTS) for key, value in stack.manifest["environment"].items()}
    assert found["Environment"]["Variables"] == {**environment, "CELERIAC_METRICS": "emf", "CELERIAC_WORKER_LOG_FORMAT": "json"}


def test_event_source_mappings(stack):
    """One for each queue on which tasks of the app run, and no other."""
    found = stack.client("lambda").list_event_source_mappings(FunctionName=stack.function)["EventSourceMappings"]
    by_queue = {mapping["EventSourceArn"]: mapping for mapping in found}
    own = [queue for queue in stack.manifest["queues"] if queue["tasks"]]
    assert set(by_queue) == {arn("sqs", queue["queue_name"]) for queue in own}
    assert len(found) == len(own)
    for mapping in found:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["BatchSize"] <= 10
        assert mapping["ScalingConfig"]["MaximumConcurrency"] in (100, "100")


def test_logs_are_not_kept_for_ever(stack):
    for name in (f"/aws/lambda/{stack.function}", f"/ecs/{stack.manifest['deployment']}-worker"):
        (group,) = stack.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert int(group["retentionInDays"]) == 30


@pytest.mark.parametrize(("role", "logical"), [("worker", "WorkerRole"), ("lambda", "LambdaRole")])
def test_roles_have_the_manifests_rights(stack, role, logical):
    name = stack.physical(logical)
    iam = stack.client("iam")
    found = iam.get_role_policy(RoleName=name, PolicyName="celeriac")["PolicyDocument"]
    assert found["Statement"] == placed(stack.manifest["roles"][role]["statements"])
    others = set(iam.list_role_policies(RoleName=name)["PolicyNames"]) - {"celeriac"}
    assert others == ({"logs"} if role == "lambda" else set())
    trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [each["Principal"]["Service"] for each in trusted] == stack.manifest["roles"][role]["trusted_services"]


@pytest.mark.parametrize("role", ["producer", "reader", "forgetter", "operator"])
def test_policies_have_the_manifests_rights(stack, role):
    policy_arn = stack.physical(f"{role.capitalize()}Policy")
    iam = stack.client("iam")
    version = iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]["Document"]
    document = json.loads(document) if isinstance(document, str) else document
    assert document["Statement"] == placed(stack.manifest["roles"][role]["statements"])


def test_schedule_group(stack):
    found = stack.client("scheduler").get_schedule_group(Name=stack.manifest["schedule_group"])
    assert found["State"] == "ACTIVE"


def found_schedules(stack) -> list[tuple[dict, dict, dict]]:
    """Each of the manifest, what the emulator has of it, and its queue."""
    scheduler, group = stack.client("scheduler"), stack.manifest["schedule_group"]
    queues = {queue["name"]: queue for queue in stack.manifest["queues"]}
    return [
        (schedule, scheduler.get_schedule(GroupName=group, Name=schedule["name"]), queues[schedule["queue"]])
        for schedule in stack.manifest["schedules"]
    ]


def test_schedules(stack):
    dead_letters = {queue["name"]: queue["queue_name"] for queue in stack.manifest["queues"]}
    for schedule, found, queue in found_schedules(stack):
        assert found["ScheduleExpression"] == schedule["schedule_expression"]
        assert found["Target"]["RoleArn"].endswith(stack.physical("SchedulerRole"))
        assert found["Target"]["DeadLetterConfig"]["Arn"] == arn("sqs", dead_letters[stack.manifest["schedule_dead_letter_queue"]])
        assert found["ActionAfterCompletion"] == "NONE"
        if not schedule.get("universal"):
            assert found["Target"]["Arn"] == arn("sqs", queue["queue_name"])
            assert found["Target"]["Input"] == schedule["input"]


def test_schedules_that_send_by_the_api_itself(stack):
    """Nothing fires them here; their input is what SQS would be told."""
    sqs = stack.client("sqs")
    universal = [each for each in found_schedules(stack) if each[0].get("universal")]
    assert universal
    for schedule, found, queue in universal:
        assert found["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
        assert "SqsParameters" not in found["Target"]
        text, said = found["Target"]["Input"], schedule["universal"]
        assert f"{schedule['name']}:<aws.scheduler.scheduled-time>" in text
        parameters = json.loads(text)
        shape = sqs.meta.service_model.operation_model("SendMessage").input_shape
        report = ParamValidator().validate(parameters, shape)
        assert not report.has_errors(), report.generate_report()
        assert parameters.pop("QueueUrl") == sqs.get_queue_url(QueueName=queue["queue_name"])["QueueUrl"]
        attributes = parameters.pop("MessageAttributes", {})
        assert {name: value["StringValue"] for name, value in attributes.items()} == said["message_attributes"]
        expected = {
            "MessageBody": schedule["input"],
            "DelaySeconds": said["delay_seconds"] or None,
            "MessageGroupId": said["message_group_id"],
            "MessageDeduplicationId": said["message_deduplication_id"],
        }
        assert parameters == {name: value for name, value in expected.items() if value is not None}


def test_sqs_takes_what_schedules_send(stack):
    """Each input is sent once, as EventBridge Scheduler would."""
    sqs = stack.client("sqs")
    for schedule, found, _ in found_schedules(stack):
        if not schedule.get("universal"):
            continue
        parameters = json.loads(found["Target"]["Input"])
        url = parameters["QueueUrl"]
        sqs.send_message(**{**parameters, **({"DelaySeconds": 0} if "DelaySeconds" in parameters else {})})
        answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=5)
        (message,) = answer["Messages"]
        assert message["Body"] == schedule["input"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_the_schedules_role_is_for_their_group_and_their_queues(stack):
    name, iam = stack.physical("SchedulerRole"), stack.client("iam")
    (trust,) = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    group = f"schedule-group/{stack.manifest['schedule_group']}"
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": arn("scheduler", group)}}
    rights = iam.get_role_policy(RoleName=name, PolicyName="celeriac")["PolicyDocument"]["Statement"]
    assert rights == placed(stack.manifest["roles"]["scheduler"]["statements"])
    (dead_letters,) = iam.get_role_policy(RoleName=name, PolicyName="dead-letters")["PolicyDocument"]["Statement"]
    queues = {queue["name"]: queue["queue_name"] for queue in stack.manifest["queues"]}
    assert dead_letters["Action"] == ["sqs:SendMessage"]
    assert dead_letters["Resource"] == arn("sqs", queues[stack.manifest["schedule_dead_letter_queue"]])


def test_alarms(stack):
    found = stack.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{stack.manifest['deployment']}-")["MetricAlarms"]
    by_name = {alarm["AlarmName"]: alarm for alarm in found}
    app = stack.manifest["deployment"]
    for queue in stack.manifest["queues"]:
        assert by_name[f"{app}-oldest-message-{queue['name'].replace('.', '-')}"]["Threshold"] == 300
        assert by_name[f"{app}-dead-letters-{queue['dead_letter_queue'].replace('.', '-')}"]["Threshold"] == 0
    assert by_name[f"{app}-failed"]["Dimensions"] == [{"Name": "app", "Value": app}]
    others = {f"{app}-throttles", f"{app}-lease-takeovers", f"{app}-table-throttles"}
    assert {*others, f"{stack.function}-errors", f"{stack.function}-throttles"} <= set(by_name)


def test_dashboard(stack):
    body = stack.client("cloudwatch").get_dashboard(DashboardName=f"{stack.manifest['deployment']}-tasks")["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    assert {widget["properties"]["region"] for widget in widgets} == {REGION_OF_TESTS}
