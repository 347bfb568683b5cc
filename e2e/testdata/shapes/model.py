"""Holds what a service answered on the wire against the model of the service that botocore carries.

Run by itself it reads answers from the standard input, one JSON object a line ({"service", "operation", "status",
"headers", "body"}), and prints for each a JSON list of the differences.
"""

import base64
import binascii
import datetime
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

import botocore.session

# What every service may answer, whatever the operation:
# https://docs.aws.amazon.com/codedeploy/latest/APIReference/CommonErrors.html and its siblings. SerializationException is
# what SDKs' services answer to a body that can't be read, and ValidationException to one that the model forbids.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredTokenException", "IncompleteSignature", "InternalFailure", "InvalidAction",
    "InvalidSignatureException", "MalformedQueryString", "MissingAction", "RequestExpired", "SerializationException",
    "ServiceUnavailable", "SignatureDoesNotMatch", "ThrottlingException", "UnknownOperationException", "ValidationError",
    "ValidationException",
}

# Values that the developer guides have and the models' enumerations don't.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html lists the stage.
DOCUMENTED_VALUES = {"ServiceDeploymentLifecycleStage": {"PRE_PRODUCTION_TRAFFIC_SHIFT"}}

SERVICES = {"codedeploy": "codedeploy", "ecs": "ecs", "elasticloadbalancing": "elbv2", "lambda": "lambda", "sts": "sts"}


class Model:
    """The models of the services, by the names that signatures have for them."""

    def __init__(self):
        self._session = botocore.session.Session()
        self._services = {}

    def operation(self, service, name):
        if service not in self._services:
            self._services[service] = self._session.get_service_model(SERVICES[service])
        return self._services[service].operation_model(name)

    def differences(self, service, name, status, headers, body):
        """Lists what in an answer isn't as the model of the operation has it. body is bytes."""
        operation = self.operation(service, name)
        headers = {key.lower(): value for key, value in headers.items()}
        check = {"json": _JSONAnswer, "rest-json": _RESTJSONAnswer, "query": _QueryAnswer}[operation.service_model.resolved_protocol]
        answer = check(operation, status, headers, body)
        found = answer.of_success() if status < 300 else answer.of_error()
        return [f"{service} {name}: {difference}" for difference in found]


class _Answer:
    def __init__(self, operation, status, headers, body):
        self.operation, self.status, self.headers, self.body = operation, status, headers, body

    def error_differences(self, code, members):
        """members gives the differences of the error's own shape."""
        if not code:
            yield f"the error with the status {self.status} has no code"
            return
        for shape in self.operation.error_shapes:
            error = shape.metadata.get("error", {})
            if code != error.get("code", shape.name):
                continue
            expected = error.get("httpStatusCode", 500 if shape.metadata.get("fault") else 400)
            if self.status != expected:
                yield f"{code} comes with the status {self.status}, not {expected}"
            yield from members(shape)
            return
        if code not in COMMON_ERRORS:
            yield f"{code} is no error of the operation"


class _JSONAnswer(_Answer):
    content_type = "application/x-amz-json-1.1"

    def of_success(self):
        yield from self.type_differences()
        value, problem = self.value()
        if problem:
            yield problem
        elif self.operation.output_shape is None:
            if value != {}:
                yield f"the operation answers nothing, and {value!r} came"
        else:
            yield from from_json(self.operation.output_shape, value, "answer")

    def of_error(self):
        yield from self.type_differences()
        value, problem = self.value()
        if problem:
            yield problem
            return
        yield from self.error_differences(self.code(value), lambda shape: self.error_members(shape, value))

    def code(self, value):
        return value.get("__type", "").rpartition("#")[2]

    def error_members(self, shape, value):
        # Many models leave the message out, which all errors have.
        own = {key: member for key, member in value.items() if key != "__type" and (key != "message" or key in shape.members)}
        if "message" not in value:
            yield f"{shape.name} has no message"
        yield from from_json(shape, own, shape.name)

    def type_differences(self):
        if self.headers.get("content-type") != self.content_type:
            yield f"Content-Type is {self.headers.get('content-type')}, not {self.content_type}"
        if not self.headers.get("x-amzn-requestid"):
            yield "there is no X-Amzn-Requestid"

    def value(self):
        try:
            value = json.loads(self.body)
        except ValueError as e:
            return None, f"the body is not JSON: {e}: {self.body[:200]!r}"
        if not isinstance(value, dict):
            return None, f"the body is no object: {self.body[:200]!r}"
        return value, None


class _RESTJSONAnswer(_JSONAnswer):
    content_type = "application/json"

    def of_success(self):
        shape = self.operation.output_shape
        payload = shape.serialization.get("payload") if shape else None
        placed = {name: member for name, member in shape.members.items() if "location" in member.serialization} if shape else {}
        yield from self.placed_differences(placed)
        # A status that is a member of the answer is the caller's to choose, as in Invoke.
        if "statusCode" not in [m.serialization["location"] for m in placed.values()] and self.status != self.operation.http.get("responseCode", 200):
            yield f"the status is {self.status}, not {self.operation.http.get('responseCode', 200)}"
        if payload:  # it is the caller's own
            if not self.headers.get("x-amzn-requestid"):
                yield "there is no X-Amzn-Requestid"
        elif shape is None or self.status == 204:
            if self.body:
                yield f"the operation answers no body, and {self.body[:200]!r} came"
        else:
            yield from self.type_differences()
            value, problem = self.value()
            if problem:
                yield problem
            else:
                yield from from_json(shape, value, "answer", {name for name in shape.members if name not in placed})

    def placed_differences(self, placed):
        for name, member in placed.items():
            value = self.headers.get(member.serialization.get("name", "").lower())
            if member.serialization["location"] == "header" and value is not None:
                yield from from_text(member, value, name)

    def code(self, value):
        return self.headers.get("x-amzn-errortype", "").partition(":")[0]

    def error_members(self, shape, value):
        if not {"message", "Message"} & value.keys():
            yield f"{shape.name} has no message"
        yield from from_json(shape, value, shape.name, {n for n, m in shape.members.items() if "location" not in m.serialization})


class _QueryAnswer(_Answer):
    def of_success(self):
        root, problem = self.root(self.operation.name + "Response")
        if problem:
            yield problem
            return
        shape, wrapper = self.operation.output_shape, None
        for child in root:
            if shape is not None and local(child) == shape.serialization.get("resultWrapper"):
                wrapper = child
            elif local(child) == "ResponseMetadata":
                if not (child.findtext(f"{{{self.namespace()}}}RequestId") or "").strip():
                    yield "ResponseMetadata has no RequestId"
            else:
                yield f"{local(child)} is no part of an answer"
        if shape is not None and wrapper is None:
            yield f"there is no {shape.serialization.get('resultWrapper')}"
        elif shape is not None:
            yield from from_xml(shape, wrapper, "answer")

    def of_error(self):
        root, problem = self.root("ErrorResponse")
        if problem:
            yield problem
            return
        found = {local(child): child for child in root}
        if set(found) != {"Error", "RequestId"}:
            yield f"an ErrorResponse has an Error and a RequestId, not {sorted(found)}"
            return
        error = {local(child): child for child in found["Error"]}
        for name in ["Type", "Code", "Message"]:
            if name not in error:
                yield f"Error has no {name}"
        if "Type" in error and error["Type"].text not in ("Sender", "Receiver"):
            yield f"Error's Type is {error['Type'].text}"
        yield from self.error_differences(error["Code"].text if "Code" in error else "", lambda shape: [])

    def namespace(self):
        return self.operation.service_model.metadata["xmlNamespace"]

    def root(self, name):
        if self.headers.get("content-type", "").partition(";")[0] != "text/xml":
            return None, f"Content-Type is {self.headers.get('content-type')}, not text/xml"
        try:
            root = ElementTree.fromstring(self.body)
        except ElementTree.ParseError as e:
            return None, f"the body is not XML: {e}: {self.body[:200]!r}"
        if root.tag != f"{{{self.namespace()}}}{name}":
            return None, f"the body is {root.tag}, not {name} of {self.namespace()}"
        return root, None


def from_json(shape, value, at, only=None):
    """Yields the differences of a JSON value. only names the members of a structure that stand in the body."""
    kind = shape.type_name
    if value is None:
        yield f"{at} is null"
    elif getattr(shape, "is_document_type", False):
        return
    elif kind == "structure":
        yield from _structure(shape, value, at, only)
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{at} is {value!r}, not a list"
            return
        for i, member in enumerate(value):
            yield from from_json(shape.member, member, f"{at}[{i}]")
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"{at} is {value!r}, not a map"
            return
        for key, member in value.items():
            yield from _value_of_enum(shape.key, key, f"{at}'s key")
            yield from from_json(shape.value, member, f"{at}.{key}")
    else:
        yield from _scalar(shape, value, at)


def _structure(shape, value, at, only):
    if not isinstance(value, dict):
        yield f"{at} is {value!r}, not a structure"
        return
    names = {m.serialization.get("name", name): name for name, m in shape.members.items() if only is None or name in only}
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{at} has {sorted(value)} of the union {shape.name}, not one of its members"
    for key, member in value.items():
        if key in names:
            yield from from_json(shape.members[names[key]], member, f"{at}.{key}")
        else:
            yield f"{at}.{key} is no member of {shape.name}{_near(key, names)}"
    for wire, name in names.items():
        if name in shape.required_members and wire not in value:
            yield f"{at}.{wire} is missing, which {shape.name} requires"


def _near(key, names):
    """A hint for a name that is spelled in another case."""
    return "".join(f"; {name} is" for name in names if name.lower() == key.lower())


def _scalar(shape, value, at):
    kind = shape.type_name
    right = {
        "string": lambda: isinstance(value, str),
        "character": lambda: isinstance(value, str),
        "boolean": lambda: isinstance(value, bool),
        "integer": lambda: isinstance(value, int) and not isinstance(value, bool),
        "long": lambda: isinstance(value, int) and not isinstance(value, bool),
        "float": lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
        "double": lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
        "blob": lambda: isinstance(value, str) and _is_base64(value),
        "timestamp": lambda: _is_time(shape, value, "unixtimestamp"),
    }[kind]()
    if not right:
        yield f"{at} is {value!r}, not a {kind}"
    elif kind == "string":
        yield from _value_of_enum(shape, value, at)


def _value_of_enum(shape, value, at):
    known = shape.metadata.get("enum")
    if known and value not in known and value not in DOCUMENTED_VALUES.get(shape.name, ()):
        yield f"{at} is {value!r}, not one of {known}"


def _is_base64(text):
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


def _is_time(shape, value, default):
    if shape.serialization.get("timestampFormat", default) == "unixtimestamp":
        # A time of 0 is one that nobody has set: members like that are left out.
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    try:
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return False
    return True


def local(element):
    return element.tag.rpartition("}")[2]


def from_text(shape, text, at):
    """Yields the differences of a scalar that is written as text, in XML or in a header."""
    kind = shape.type_name
    forms = {"integer": r"-?\d+", "long": r"-?\d+", "float": r"-?\d+(\.\d+)?([eE][-+]?\d+)?", "boolean": "true|false"}
    forms["double"] = forms["float"]
    if kind in forms and not re.fullmatch(forms[kind], text):
        yield f"{at} is {text!r}, not a {kind}"
    elif kind == "timestamp" and not _is_time(shape, text, "iso8601"):
        yield f"{at} is {text!r}, not a timestamp"
    elif kind == "blob" and not _is_base64(text):
        yield f"{at} is {text!r}, not a blob"
    elif kind == "string":
        yield from _value_of_enum(shape, text, at)


def from_xml(shape, element, at):
    """Yields the differences of an XML element in the Query protocol."""
    kind = shape.type_name
    if kind == "structure":
        names = {m.serialization.get("name", name): name for name, m in shape.members.items()}
        seen = []
        for child in element:
            name = local(child)
            if name not in names:
                yield f"{at}.{name} is no member of {shape.name}{_near(name, names)}"
                continue
            if name in seen:
                yield f"{at}.{name} is there more than once"
            seen.append(name)
            yield from from_xml(shape.members[names[name]], child, f"{at}.{name}")
        for wire, name in names.items():
            if name in shape.required_members and wire not in seen:
                yield f"{at}.{wire} is missing, which {shape.name} requires"
    elif kind == "list":
        member = shape.member.serialization.get("name", "member")
        for i, child in enumerate(element):
            if local(child) != member:
                yield f"{at} has a {local(child)}, where lists have {member}"
                continue
            yield from from_xml(shape.member, child, f"{at}[{i}]")
    elif kind == "map":
        for entry in element:
            key = next((c for c in entry if local(c) == shape.key.serialization.get("name", "key")), None)
            value = next((c for c in entry if local(c) == shape.value.serialization.get("name", "value")), None)
            if local(entry) != "entry" or key is None or value is None:
                yield f"{at} has a {local(entry)} that is no entry with a key and a value"
                continue
            yield from from_text(shape.key, key.text or "", f"{at}'s key")
            yield from from_xml(shape.value, value, f"{at}.{key.text}")
    elif len(element) > 0:
        yield f"{at} has elements in it, and is a {kind}"
    else:
        yield from from_text(shape, element.text or "", at)
    if kind in ("structure", "list", "map") and (element.text or "").strip():
        yield f"{at} is the text {element.text!r}, not a {kind}"


if __name__ == "__main__":
    model = Model()
    for line in sys.stdin:
        a = json.loads(line)
        print(json.dumps(model.differences(a["service"], a["operation"], a["status"], a["headers"], a["body"].encode())))
