"""Hooks of schemathesis: plausible inputs instead of random text, and protection of the accounts of the run."""

import itertools
import json
import os
import uuid

import requests
import schemathesis
from hypothesis import strategies as st

PASSWORD = "correct horse battery staple"


def isbn(number):
    """ISBN-13 of a number of nine digits, with its check digit."""
    digits = f"978{number:09}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


# Few enough for duplicates.
isbns = st.integers(0, 99).map(isbn)

# Formats beyond schemas: random text is hardly ever a strong password, a valid ISBN or a language.
schemathesis.openapi.format("password", st.sampled_from([PASSWORD, "violet anchor tundra 71", "guess"]))
schemathesis.openapi.format("isbn", isbns)
schemathesis.openapi.format("language", st.sampled_from(["en", "de-CH", "zh-Hant-TW", "pt_BR"]))


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for schema in raw_schema["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if name in ("isbn", "language"):
                field["format"] = name
    # Examples of media types with a strategy would have to be bytes, which JSON has not.
    for media_type in raw_schema["paths"]["/api/v1/books/import"]["post"]["requestBody"]["content"].values():
        media_type.pop("example", None)


# Files of books: valid and invalid rows, and files without a table.
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
rows = st.lists(st.fixed_dictionaries({"title": words, "author": words}, optional={"isbn": isbns | words}), max_size=5)


def csv(rows):
    lines = ([row.get(name, "").replace('"', '""') for name in ("title", "author", "isbn")] for row in rows)
    return "\n".join(["title,author,isbn", *('"' + '","'.join(line) + '"' for line in lines)])


def ndjson(rows):
    return "\n".join(map(json.dumps, rows))


for media_type, write in {"text/csv": csv, "application/x-ndjson": ndjson}.items():
    schemathesis.openapi.media_type(media_type, rows.map(write).map(str.encode) | st.binary(max_size=200))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Protects the accounts of the run: after one is deleted or disabled, every response would be 401."""
    lasting = os.environ.get("ACCOUNTS", "").split()
    if case.method in ("PATCH", "DELETE") and str(case.path_parameters.get("id")) in lasting:
        case.path_parameters["id"] = str(uuid.uuid4())


if "NEW_ACCOUNTS" in os.environ:
    numbers = itertools.count()

    @schemathesis.auth(refresh_interval=None)
    class NewAccount:
        """Token of a new account for each request, for operations that end an account or its session."""

        def get(self, case, context):
            auth = f"{os.environ['SERVER']}/api/v1/auth"
            name = f"fuzz-{os.getpid()}-{next(numbers)}"
            new = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
            requests.post(f"{auth}/signup", json=new, timeout=10).raise_for_status()
            answer = requests.post(f"{auth}/login", json={"login": name, "password": PASSWORD}, timeout=10)
            return answer.json()["access_token"]

        def set(self, case, token, context):
            case.headers["Authorization"] = f"Bearer {token}"
