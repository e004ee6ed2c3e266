"""The binary under test, and what came of calling it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


def binary():
    """Where the binary is: CAMPC_BIN, which `tests/e2e/run` sets; else the debug build of this checkout."""
    named = os.environ.get("CAMPC_BIN")
    if named:
        return Path(named).resolve()
    root = Path(__file__).resolve().parents[3]
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    subprocess.run(["cargo", "build", "--quiet", "--bin", "campc"], cwd=root, check=True)
    return target / "debug" / "campc"


@dataclass(frozen=True)
class Called:
    """A finished call."""

    arguments: list
    exit: int
    out: str
    err: str

    def exits(self, expected):
        """Itself, after making sure of the exit code."""
        assert self.exit == expected, f"`campc {' '.join(self.arguments)}` exited with {self.exit}, not {expected}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"
        return self

    @property
    def said(self):
        """Both streams, for looking for a word."""
        return self.out + self.err


def call(arguments, folder, environment, stdin=None, seconds=60):
    """Calls the binary and waits for it."""
    arguments = [str(argument) for argument in arguments]
    done = subprocess.run(
        [str(binary()), *arguments], cwd=folder, env=environment, input=stdin, capture_output=True, timeout=seconds, check=False
    )
    return Called(arguments, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
