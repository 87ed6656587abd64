#!/usr/bin/env python3
"""Reads every JSON answer of `stats_test --answers` back and holds it against the schema.

    check_json.py STATS_TEST SCHEMA

Knows only the keywords that the schema says it uses, so that nothing need be installed; an unknown
keyword is an error, not something to pass over.
"""
import copy
import json
import subprocess
import sys

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}
NOT_CHECKED = {"$schema", "$defs", "title", "description"}


def has_type(value, name):
    if name in ("integer", "number"):
        numbers = int if name == "integer" else (int, float)
        return isinstance(value, numbers) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def faults(value, schema, root, at="answer"):
    """All the ways in which `value` breaks `schema`, as sentences."""
    unknown = set(schema) - NOT_CHECKED - {
        "$ref", "anyOf", "type", "enum", "minimum", "required", "properties",
        "additionalProperties", "items"}
    assert not unknown, f"the schema uses {unknown}"
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return faults(value, root["$defs"][name], root, at)
    if "anyOf" in schema:
        tries = [faults(value, each, root, at) for each in schema["anyOf"]]
        return [] if [] in tries else min(tries, key=len)
    found = []
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(has_type(value, name) for name in names):
            return [f"{at}: {value!r} is not of type {names}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not one of {schema['enum']}")
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        found.append(f"{at}: {value!r} is below {schema['minimum']}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += faults(item, schema["items"], root, f"{at}[{index}]")
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        found += [f"{at}: {key} is missing" for key in schema["required"] if key not in value]
        if not schema.get("additionalProperties", True):
            found += [f"{at}: {key} is unknown" for key in value if key not in known]
        for key in value.keys() & known.keys():
            found += faults(value[key], known[key], root, f"{at}.{key}")
    return found


def no_repeats(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key appears twice: {keys}"
    return dict(pairs)


def check_finds_faults(schema, good):
    """A checker that accepts everything would be worth nothing."""
    broken = []
    for change in (
            lambda a: a.pop("version"),
            lambda a: a.update(surprise=1),
            lambda a: a.update(schema=2),
            lambda a: a["total"]["connections"].update(accepted=-1),
            lambda a: a["total"]["connections"].update(accepted=True),
            lambda a: a["total"]["upstreams"][0]["endpoints"][0].update(state="tired")):
        answer = copy.deepcopy(good)
        change(answer)
        broken.append(answer)
    return [f"fault {index} was not found" for index, answer in enumerate(broken)
            if not faults(answer, schema["$defs"]["stats"], schema)]


def main():
    program, schema_path = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    output = subprocess.run([program, "--answers"], check=True, capture_output=True).stdout
    answers = output.decode("utf-8").splitlines()
    passed = failed = 0
    parsed = []
    for number, line in enumerate(answers):
        try:
            answer = json.loads(line, object_pairs_hook=no_repeats)
            found = faults(answer, schema, schema)
            parsed.append(answer)
        except (ValueError, AssertionError) as error:
            found = [str(error)]
        passed += not found
        failed += bool(found)
        for fault in found:
            print(f"answer {number}: {fault}")
    kinds = {answer.get("kind", answer.get("event", "log")) for answer in parsed}
    wanted = {"stats", "upstreams", "connections", "info", "session", "exchange", "log"}
    extra = [f"no answer of kind {kind}" for kind in sorted(wanted - kinds)]
    extra += check_finds_faults(schema, parsed[0]) if parsed else ["no answers at all"]
    for fault in extra:
        print(fault)
    failed += len(extra)
    passed += not extra
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
