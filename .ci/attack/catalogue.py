"""A catalogue under attack: its database on any server, and a client of the program that serves it."""

import json
import os
import random
import subprocess
import urllib.error
import urllib.parse
import urllib.request

PASSWORD = "correct horse battery staple"

# Settings that let one client write as fast as it can.
SETTINGS = {"EMAIL_VERIFICATION": "off", "BCRYPT_COST": "10", "AUTO_MIGRATE": "true"}


def create_database(url):
    """Creates a database on a server, or in a folder for SQLite, and returns its URL."""
    parts = urllib.parse.urlsplit(url)
    name = f"attack_{random.getrandbits(32)}"
    if parts.scheme == "sqlite":
        return f"sqlite://{parts.path}/{name}.db?mode=rwc"
    sql = f"CREATE DATABASE {name}"
    if parts.scheme == "mysql":
        on_mariadb(url, "mariadb", f"--execute={sql}")
    else:
        subprocess.run(["psql", "--quiet", url, f"--command={sql}"], check=True)
    return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))


def on_mariadb(url, program, *arguments):
    """Runs a client program of MariaDB on the server of a URL; returns its output."""
    parts = urllib.parse.urlsplit(url)
    command = [program, "--no-defaults", "--protocol=tcp", f"--host={parts.hostname}", f"--port={parts.port}",
               f"--user={parts.username}", *arguments]
    environment = {**os.environ, "MYSQL_PWD": urllib.parse.unquote(parts.password)}
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, env=environment).stdout


class Visitor:
    """Client of a program, without an account."""

    token = None

    def __init__(self, program):
        self.base = "http://{}:{}".format(*program.address)
    def send(self, method, path, body=None):
        """Sends a request; returns the status and the body. Without a response, the status is 0."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except (OSError, ValueError):
            return 0, None


class Client(Visitor):
    """Client of a program, with an account that may write."""

    def __init__(self, program, name="alice"):
        super().__init__(program)
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        self.send("POST", "/api/v1/auth/signup", account)
        status, tokens = self.send("POST", "/api/v1/auth/login", {"login": name, "password": PASSWORD})
        if status != 200:
            raise SystemExit(f"no log-in: {status} {tokens}")
        self.token = tokens["access_token"]

    def add_book(self, title):
        """Adds a book; returns the status and the body."""
        return self.send("POST", "/api/v1/books", {"title": title, "author": "Anonymous"})
