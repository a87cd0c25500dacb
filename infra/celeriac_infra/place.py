"""Where it is deployed: what stands for `${partition}`, `${region}` and `${account}`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"\$\{(partition|region|account)\}")
_PSEUDO_PARAMETERS = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId"}


@dataclass(frozen=True)
class Place:
    """One account and region."""

    partition: str
    region: str
    account: str

    def put(self, value):
        """The value with this place in it."""
        return _map(value, lambda text: _PLACEHOLDER.sub(lambda found: getattr(self, found[1]), text))


class Stack:
    """Wherever CloudFormation creates the stack."""

    def put(self, value):
        """The value with `Fn::Sub` around each text that has a placeholder."""
        return _map(value, self._text)

    def json(self, value) -> object:
        """The value as JSON text, for properties that take such."""
        return self._text(json.dumps(value))

    @staticmethod
    def literal(value):
        """The value such that `Fn::Sub` leaves it as it is: `${!name}` is CloudFormation's way to write `${name}`."""
        return _map(value, lambda text: text.replace("${", "${!"))

    @staticmethod
    def _text(text: str):
        if not _PLACEHOLDER.search(text):
            return text
        # What is no placeholder of ours must stay as it is.
        escaped = re.sub(r"\$\{(?!(?:partition|region|account)\})", "${!", text)
        return {"Fn::Sub": _PLACEHOLDER.sub(lambda found: "${" + _PSEUDO_PARAMETERS[found[1]] + "}", escaped)}


def _map(value, change):
    match value:
        case str():
            return change(value)
        case list() | tuple():
            return [_map(each, change) for each in value]
        case dict():
            return {key: _map(each, change) for key, each in value.items()}
        case _:
            return value


def arn(service: str, resource: str) -> str:
    """An ARN with placeholders."""
    return f"arn:${{partition}}:{service}:${{region}}:${{account}}:{resource}"
