"""The program under attack: a server on an empty SQLite file and a free port of loopback."""

import os
import re
import resource
import signal
import subprocess
import tempfile
import threading


class Program:
    """Running server; ends with the `with` block."""

    def __init__(self, path, descriptors=None, **settings):
        self.folder = tempfile.TemporaryDirectory()
        environment = {
            "APP_SECRETS": "a secret for attacks of more than thirty-two bytes",
            "DATABASE_URL": f"sqlite://{self.folder.name}/bookly.db?mode=rwc",
            "PORT": "0",
            "RATE_LIMIT": "off",
            "RUST_LOG": "warn,api=info",
            **settings,
        }

        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.log = []
        self.process = subprocess.Popen(
            [os.path.abspath(path)],
            cwd=self.folder.name,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit,
        )
        started = threading.Event()
        self.address = None
        threading.Thread(target=self._read, args=(started,), daemon=True).start()
        if not started.wait(60) or not self.address:
            self.process.kill()
            raise SystemExit("the server does not start:\n" + "".join(self.log))

    def _read(self, started):
        for line in self.process.stderr:
            self.log.append(line)
            if match := re.search(r"serving on http://([\d.]+):(\d+)", line):
                self.address = (match[1], int(match[2]))
                started.set()
        started.set()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def allow_descriptors(number):
    """Raises this script's own limit of file descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if most == resource.RLIM_INFINITY else min(number, most)
    if wanted < number:
        raise SystemExit(f"the attack needs {number} file descriptors, {most} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, most))
