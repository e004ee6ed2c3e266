"""Waiting for something to become true, with a deadline instead of a sleep of a guessed length."""

import time

# Generous: a loaded machine is slow, and no test asserts how fast anything is.
PATIENCE_SECONDS = 20.0


def eventually(what, probe, seconds=PATIENCE_SECONDS):
    """Asks `probe` until it answers with something true, and returns that; fails with `what` when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)
