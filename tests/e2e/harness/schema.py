"""The part of JSON Schema that tests/e2e/stats_schema.json uses."""

from harness.base import Failure, shorten

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KNOWN = {"$ref", "anyOf", "type", "enum", "minimum", "required", "properties",
         "additionalProperties", "items", "description"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(schema, value, root, place="answer"):
    """Fails at the first member of `value` that is not as `schema` says."""
    unknown = set(schema) - KNOWN
    if unknown:
        raise Failure(f"the schema of {place} uses {unknown}, which this check does not know")
    if "$ref" in schema:
        check(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root, place)
    if "anyOf" in schema:
        check_any(schema["anyOf"], value, root, place)
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(is_type(value, name) for name in names):
            raise Failure(f"{place} is {shorten(value, 200)}, not of type {names}")
    if "enum" in schema and value not in schema["enum"]:
        raise Failure(f"{place} is {shorten(value, 200)}, not one of {schema['enum']}")
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        raise Failure(f"{place} is {value}, below {schema['minimum']}")
    if isinstance(value, dict):
        check_members(schema, value, root, place)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            check(schema["items"], item, root, f"{place}[{number}]")


def check_any(choices, value, root, place):
    complaints = []
    for choice in choices:
        try:
            return check(choice, value, root, place)
        except Failure as complaint:
            complaints.append(str(complaint))
    raise Failure(f"{place} fits none of its shapes: {'; '.join(complaints)}")


def check_members(schema, value, root, place):
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            raise Failure(f"{place} has no {name}")
    for name, member in value.items():
        if name in known:
            check(known[name], member, root, f"{place}.{name}")
        elif schema.get("additionalProperties") is False:
            raise Failure(f"{place} has {name}, which is not documented")
        elif isinstance(schema.get("additionalProperties"), dict):
            check(schema["additionalProperties"], member, root, f"{place}.{name}")
