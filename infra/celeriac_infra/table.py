"""The result table, which is also the ledger."""

from __future__ import annotations

from . import tags
from .manifest import Manifest

LOGICAL = "Table"
# Of a table in a certain region: elsewhere it is not made.
CONDITION = "IsTheTablesRegion"


def resources(manifest: Manifest) -> dict:
    """By logical name; nothing where results are disabled."""
    table = manifest.table
    if table is None:
        return {}
    where = {"Condition": CONDITION} if table.region else {}
    return {
        LOGICAL: {
            **where,
            "Type": "AWS::DynamoDB::Table",
            # It knows which tasks have ended: it outlives a stack that is deleted by mistake.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "TableName": table.name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": table.hash_key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": table.hash_key, "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": table.ttl_attribute, "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "DeletionProtectionEnabled": True,
                "Tags": tags.of(manifest),
            },
        }
    }
