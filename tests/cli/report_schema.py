# SPDX-License-Identifier: LGPL-3.0-or-later
"""Holds reports to docs/report.schema.json, with the keywords of JSON Schema that it uses.

Members that the schema does not name are errors here, though readers have to pass over them:
whoever adds one documents it.
"""

import json
import os
import re
import sys

TYPES = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

KEYWORDS = {"$schema", "$defs", "$ref", "title", "description", "type", "properties", "required",
            "items", "enum", "const", "pattern", "minimum", "anyOf", "additionalProperties"}


def load(source):
    """The schema in the source folder of the project."""
    with open(os.path.join(source, "docs", "report.schema.json"), encoding="utf-8") as file:
        return json.load(file)


def same(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def object_errors(root, schema, value, where):
    errors = [f"{where}: '{name}' is missing"
              for name in schema.get("required", []) if name not in value]
    known = schema.get("properties")
    for name, member in value.items():
        if known and name in known:
            errors += check(root, known[name], member, f"{where}.{name}")
        elif "additionalProperties" in schema:
            errors += check(root, schema["additionalProperties"], member, f"{where}.{name}")
        elif known:
            errors.append(f"{where}: '{name}' is not in the schema")
    return errors


def check(root, schema, value, where="report"):
    """What is wrong with the value, a line each."""
    unknown = set(schema) - KEYWORDS
    if unknown:
        return [f"{where}: the schema uses {sorted(unknown)}, which this test does not know"]
    if "$ref" in schema:
        return check(root, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, where)
    if "anyOf" in schema:
        tried = [check(root, choice, value, where) for choice in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    types = schema.get("type", list(TYPES))
    if not any(TYPES[name](value) for name in ([types] if isinstance(types, str) else types)):
        return [f"{where}: {value!r} is no {types}"]
    if "enum" in schema and not any(same(value, choice) for choice in schema["enum"]):
        return [f"{where}: {value!r} is not one of {schema['enum']}"]
    if "const" in schema and not same(value, schema["const"]):
        return [f"{where}: {value!r} is not {schema['const']!r}"]
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        return [f"{where}: {value!r} does not match {schema['pattern']}"]
    if "minimum" in schema and isinstance(value, int) and value < schema["minimum"]:
        return [f"{where}: {value} is less than {schema['minimum']}"]
    errors = []
    if isinstance(value, dict):
        errors += object_errors(root, schema, value, where)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            errors += check(root, schema["items"], item, f"{where}[{index}]")
    return errors


def main():
    """usage: report_schema.py SOURCE REPORT..."""
    schema = load(sys.argv[1])
    status = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            errors = check(schema, schema, json.load(file))
        for error in errors[:20]:
            print(f"{path}: {error}")
        status |= bool(errors)
    return status


if __name__ == "__main__":
    sys.exit(main())
