#!/usr/bin/env python3
"""Compares two OpenAPI documents and lists breaking changes: operations, parameters, statuses, media types, headers,
fields and enum values. Fails if a loss is not named in a "Removed" section of the changelog.

usage: contract_diff.py OLD NEW CHANGELOG
       contract_diff.py --self-test DOCUMENT

A loss is named by its label in backticks, such as `Book.subtitle`, `listBooks`, `listBooks ?author` or `createBook 409`.
"""

import copy
import json
import re
import sys

METHODS = ("get", "put", "post", "patch", "delete")


def resolve(document, schema):
    """Schema behind a reference, with the name of its component."""
    name = None
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = document["components"]["schemas"][name]
    return schema, name


def alternatives(document, schema):
    """A schema and its parts."""
    schema, _ = resolve(document, schema)
    yield schema
    for key in ("oneOf", "anyOf", "allOf"):
        for part in schema.get(key, []):
            yield from alternatives(document, part)


def properties(document, schema):
    merged = {}
    for part in alternatives(document, schema):
        merged.update(part.get("properties", {}))
    return merged


def values(document, schema):
    """Enum values; none if the schema has no enum."""
    found = [part[key] for part in alternatives(document, schema) for key in ("enum",) if key in part]
    return {json.dumps(value) for enum in found for value in enum} if found else None


def items(document, schema):
    return next((part["items"] for part in alternatives(document, schema) if "items" in part), None)


class Comparison:
    def __init__(self, old, new):
        self.old, self.new = old, new
        self.lost, self.seen = [], set()

    def lose(self, label):
        if label not in self.lost:
            self.lost.append(label)

    def schema(self, place, before, after):
        """Compares schemas at the same place of both documents; components may have other names."""
        key = (place if "$ref" not in before else before["$ref"], json.dumps(after.get("$ref")))
        if key in self.seen:
            return
        self.seen.add(key)
        _, name = resolve(self.old, before)
        place = name or place
        fields = properties(self.new, after)
        for field, schema in properties(self.old, before).items():
            if field not in fields:
                self.lose(f"{place}.{field}")
            else:
                self.schema(f"{place}.{field}", schema, fields[field])
        was, still = values(self.old, before), values(self.new, after)
        if was is not None and still is not None:
            for value in sorted(was - still):
                self.lose(f"{place} {json.loads(value)}")
        was, still = items(self.old, before), items(self.new, after)
        if was is not None:
            if still is None:
                self.lose(f"{place}[]")
            else:
                self.schema(f"{place}[]", was, still)

    def content(self, place, before, after):
        for media_type, body in before.get("content", {}).items():
            if media_type not in after.get("content", {}):
                self.lose(f"{place} {media_type}")
            else:
                self.schema(place, body.get("schema", {}), after["content"][media_type].get("schema", {}))

    def operation(self, before, after):
        name = before["operationId"]
        if after.get("operationId") != name:
            self.lose(name)
            return
        mark = {"query": "?", "header": "header ", "cookie": "cookie ", "path": "path "}
        parameters = {(one["in"], one["name"]): one for one in after.get("parameters", [])}
        for one in before.get("parameters", []):
            label = f"{name} {mark[one['in']]}{one['name']}"
            if (one["in"], one["name"]) not in parameters:
                self.lose(label)
            else:
                self.schema(label, one.get("schema", {}), parameters[one["in"], one["name"]].get("schema", {}))
        self.content(f"{name} body", before.get("requestBody", {}), after.get("requestBody", {}))
        for status, response in before["responses"].items():
            now = after["responses"].get(status)
            if now is None:
                self.lose(f"{name} {status}")
                continue
            for header in response.get("headers", {}):
                if header not in now.get("headers", {}):
                    self.lose(f"{name} {status} {header}")
            self.content(f"{name} {status}", response, now)

    def run(self):
        for path, item in self.old["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operation(item[method], self.new["paths"].get(path, {}).get(method, {}))
        return self.lost


def named(changelog):
    """Labels in the "Removed" sections."""
    sections = re.findall(r"^### Removed\n(.*?)(?=^##|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return {label for section in sections for label in re.findall(r"`([^`\n]+)`", section)}


def unnamed(old, new, changelog):
    return [label for label in Comparison(old, new).run() if label not in named(changelog)]


def self_test(document):
    """Applies each breaking change to a copy of the document, and expects exactly that change in the result."""

    def book(copied):
        return copied["components"]["schemas"]["Book"]["properties"]

    def operation(copied, path, method):
        return copied["paths"][path][method]

    def without(parameters, name):
        parameters[:] = [one for one in parameters if one["name"] != name]

    def rename_book(copied):
        schemas = copied["components"]["schemas"]
        schemas["Volume"] = schemas.pop("Book")
        text = json.dumps(copied).replace('#/components/schemas/Book"', '#/components/schemas/Volume"')
        copied.clear()
        copied.update(json.loads(text))

    listed = "/api/v1/books"
    breaks = [
        (lambda copied: None, []),
        (rename_book, []),
        (lambda copied: copied["paths"].update({"/new": {}}), []),
        (lambda copied: book(copied).update(colour={"type": "string"}), []),
        (lambda copied: copied["paths"].pop("/livez"), ["getLiveness"]),
        (lambda copied: operation(copied, listed, "get").update(operationId="books"), ["listBooks"]),
        (lambda copied: operation(copied, listed, "post")["responses"].pop("409"), ["createBook 409"]),
        (lambda copied: without(operation(copied, listed, "get")["parameters"], "author"), ["listBooks ?author"]),
        (
            lambda copied: operation(copied, listed, "post")["responses"]["201"]["headers"].pop("Location"),
            ["createBook 201 Location"],
        ),
        (
            lambda copied: operation(copied, listed + "/import", "post")["requestBody"]["content"].pop("text/csv"),
            ["importBooks body text/csv"],
        ),
        (lambda copied: copied["components"]["schemas"]["Role"]["enum"].remove("cashier"), ["Role cashier"]),
        (lambda copied: copied["components"]["schemas"]["NewBook"]["properties"].pop("isbn"), ["NewBook.isbn"]),
        (lambda copied: book(copied).pop("subtitle"), ["Book.subtitle"]),
    ]
    for change, expected in breaks:
        changed = copy.deepcopy(document)
        change(changed)
        lost = Comparison(document, changed).run()
        assert lost == expected, f"expected {expected}, found {lost}"
        changelog = "## [Unreleased]\n\n### Removed\n\n" + "".join(f"- The `{label}`.\n" for label in expected)
        assert not unnamed(document, changed, changelog)
        assert unnamed(document, changed, changelog.replace("Removed", "Changed")) == expected
    print(f"the comparison of documents finds each of {len(breaks)} changes")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--self-test":
        with open(sys.argv[2]) as file:
            return self_test(json.load(file))
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1]) as old, open(sys.argv[2]) as new, open(sys.argv[3]) as changelog:
        missing = unnamed(json.load(old), json.load(new), changelog.read())
    if missing:
        lines = "\n".join(f"  `{label}`" for label in missing)
        sys.exit(f"error: clients lose what no \"Removed\" section of {sys.argv[3]} names:\n{lines}")
    print("the document has no breaking change, or the changelog names it")


main()
