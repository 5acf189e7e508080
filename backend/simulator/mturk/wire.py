"""Requests and answers of the JSON 1.1 protocol, held to botocore's own model of MTurk. Knows no HIT and no money.

RequestError (400) is an answer that stays; the client does not ask again. A fault of the server is a 500.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import botocore.session
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

TARGET = "MTurkRequesterServiceV20170117."
NUMBERS = (int, float)
KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "timestamp": NUMBERS,
    "string": (str,),
}

Answer = Mapping[str, object]


class RequestError(Exception):
    """What MTurk answers to a request that it will not do. code: without its prefix AWS.MechanicalTurk."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """The members of a valid request or of a structure in it; absent ones have a default."""

    fields: Mapping[str, object]

    def text(self, name: str, default: str = "") -> str:
        value = self.fields.get(name, default)
        assert isinstance(value, str)
        return value

    def integer(self, name: str, default: int = 0) -> int:
        value = self.fields.get(name, default)
        assert isinstance(value, int)
        return value

    def moment(self, name: str) -> datetime:
        value = self.fields[name]
        assert isinstance(value, NUMBERS)
        return datetime.fromtimestamp(value, UTC).replace(microsecond=0)

    def cents(self, name: str) -> int:
        return int(Decimal(self.text(name)).scaleb(2))

    def listed(self, name: str) -> list[object]:
        value = self.fields.get(name, [])
        assert isinstance(value, list)
        return value

    def texts(self, name: str) -> list[str]:
        return [str(value) for value in self.listed(name)]

    def parts(self, name: str) -> list["Request"]:
        return [Request(value) for value in self.listed(name) if isinstance(value, dict)]

    def part(self, name: str) -> "Request | None":
        value = self.fields.get(name)
        return Request(value) if isinstance(value, dict) else None


def service(name: str = "mturk") -> ServiceModel:
    """botocore's model of MTurk, or of its queue, sqs: its operations, and the shapes of what goes in and out."""
    return botocore.session.get_session().get_service_model(name)


def request(operation: OperationModel, body: bytes) -> Request:
    """The members of a request's body. Raises RequestError with everything that the model does not allow."""
    try:
        fields = json.loads(body or b"{}")
    except ValueError:
        raise RequestError("ParameterValidationError", "The request is not JSON.") from None
    if wrong := list(faults(operation.input_shape, fields, "")):
        raise RequestError("ParameterValidationError", "; ".join(wrong))
    return Request(fields)


def response(operation: OperationModel, answer: Answer) -> bytes:
    """An answer's body: times as seconds since 1970. Raises ValueError where the model would not know it."""
    body = json.dumps(answer, default=datetime.timestamp)
    if operation.output_shape and (wrong := list(faults(operation.output_shape, json.loads(body), ""))):
        raise ValueError(
            f"{operation.name} would answer what {operation.service_model.service_id} never does: {'; '.join(wrong)}"
        )
    return body.encode()


def faults(shape: Shape | None, value: object, path: str) -> Iterable[str]:
    """What the model does not allow in a value, in sentences with the path to it."""
    if isinstance(shape, StructureShape):
        yield from faults_of_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from faults_of_list(shape, value, path)
    elif shape is not None:
        allowed = KINDS[shape.type_name]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            yield f"{path} is no {shape.type_name}"
        elif isinstance(value, str):
            yield from faults_of_text(shape, value, path)
        elif isinstance(value, NUMBERS):
            yield from faults_of_size(shape, value, path)


def faults_of_structure(shape: StructureShape, value: object, path: str) -> Iterable[str]:
    if not isinstance(value, dict):
        yield f"{path or 'the request'} is no structure"
        return
    prefix = f"{path}." if path else ""
    yield from (f"{prefix}{name} is missing" for name in shape.required_members if name not in value)
    for name, member in value.items():
        if name in shape.members:
            yield from faults(shape.members[name], member, f"{prefix}{name}")
        else:
            yield f"{prefix}{name} is unknown"


def faults_of_list(shape: ListShape, value: object, path: str) -> Iterable[str]:
    if not isinstance(value, list):
        yield f"{path} is no list"
        return
    yield from faults_of_size(shape, len(value), path)
    for number, member in enumerate(value):
        yield from faults(shape.member, member, f"{path}[{number}]")


def faults_of_text(shape: Shape, value: str, path: str) -> Iterable[str]:
    yield from faults_of_size(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(str(pattern), value):
        yield f"{path} {value!r} does not match {pattern}"
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{path} {value!r} is none of {', '.join(shape.enum)}"


def faults_of_size(shape: Shape, size: float, path: str) -> Iterable[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < int(str(least)):
        yield f"{path} is shorter or smaller than {least}"
    if most is not None and size > int(str(most)):
        yield f"{path} is longer or larger than {most}"
