"""perf/tcp_load as an object: clients and origin on one core, driven line by line."""

import json
import subprocess

from . import machine


class Generator:
    binary = "build/perf/tcp_load"

    def __init__(self, core, namespace=None, seed=1):
        self.process = machine.start([self.binary, "--core", str(core), "--seed", str(seed)],
                                     {core}, namespace, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.origin_port = self._read()["origin_port"]

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended")
        return json.loads(line)

    def ask(self, command, **words):
        line = " ".join([command, *(f"{key}={value}" for key, value in words.items())])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self._read()
        if "failed" in answer:
            raise RuntimeError(f"tcp_load: {line}: {answer['failed']}")
        if answer["errors"]["total"]:
            raise WrongAnswers(f"{line}: {answer['errors']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class WrongAnswers(RuntimeError):
    """The bytes that came back were not the right ones, or did not come back."""
