"""Instants as the tests speak of them: aware `datetime`s in UTC, and the RFC 3339 text of the HTTP API."""

from datetime import datetime, timedelta, timezone

# A Monday far enough ahead that a manual clock, which starts at the machine's time, can always be moved to it.
MONDAY = datetime(2035, 1, 8, 9, 0, tzinfo=timezone.utc)


def rfc3339(instant):
    """The text of an instant, in UTC."""
    return instant.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text):
    """The instant of an RFC 3339 text."""
    return datetime.fromisoformat(text).astimezone(timezone.utc)


def of(**parts):
    """A `timedelta`, for short: `of(hours=5)`."""
    return timedelta(**parts)
