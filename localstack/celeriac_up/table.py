"""The result table."""

from __future__ import annotations

from celeriac_infra.manifest import Manifest, Table

from .endpoint import Endpoint
from .error import UpError
from .report import Report


def create(manifest: Manifest, endpoint: Endpoint, report: Report) -> None:
    """With its time to live; nothing where results are disabled."""
    table = manifest.table
    if table is None:
        return
    dynamodb = endpoint.client("dynamodb")
    try:
        found = dynamodb.describe_table(TableName=table.name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        _create(dynamodb, table)
        _ensure_ttl(dynamodb, table)
        report.created(f"table {table.name}")
        return
    keys = [key["AttributeName"] for key in found["KeySchema"]]
    if keys != [table.hash_key]:
        raise UpError(f"the table `{table.name}` has the key {keys}, not `{table.hash_key}`", "delete it, or name another one")
    report.compared(f"table {table.name}", ["TimeToLive"] if _ensure_ttl(dynamodb, table) else [])


def _create(dynamodb, table: Table) -> None:
    dynamodb.create_table(
        TableName=table.name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": table.hash_key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": table.hash_key, "KeyType": "HASH"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})


def _ensure_ttl(dynamodb, table: Table) -> bool:
    """Whether it had to be changed."""
    found = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    if found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and found.get("AttributeName") == table.ttl_attribute:
        return False
    specification = {"AttributeName": table.ttl_attribute, "Enabled": True}
    dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)
    return True
