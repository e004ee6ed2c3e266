#!/usr/bin/env python3
"""Writes changes.tsv: what local times around every change of the clock mean, by Python's zoneinfo.

A local time that does not exist is the first instant after the gap; one that exists twice is the first of the two.
`table.py` prints the table; the end-to-end tests run it again and compare.
"""

import datetime as dt
import sys
from zoneinfo import ZoneInfo

ZONES = """America/Toronto America/New_York America/Chicago America/Denver America/Los_Angeles America/Anchorage America/Halifax
America/St_Johns America/Havana America/Santiago Atlantic/Azores Europe/London Europe/Dublin Europe/Lisbon Europe/Madrid Europe/Berlin
Europe/Athens Europe/Helsinki Europe/Bucharest Asia/Jerusalem Australia/Sydney Australia/Lord_Howe Pacific/Auckland
Pacific/Chatham""".split()
FROM, UNTIL = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2031, 1, 1, tzinfo=dt.timezone.utc)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)


def changes(zone):
    """Every instant at which the zone's clock changes, with the offsets before and after."""
    def offset(second):
        return dt.datetime.fromtimestamp(second, zone).utcoffset()

    day = 86_400
    for start in range(int(FROM.timestamp()), int(UNTIL.timestamp()), day):
        low, high = start, start + day
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        yield dt.datetime.fromtimestamp(high, dt.timezone.utc), offset(low), offset(high)


def meaning(local, zone, change):
    """The instant that a local time means near a change of the clock."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(dt.timezone.utc)
    if first.astimezone(zone).replace(tzinfo=None) != local:
        return change  # it does not exist
    return first


def rows():
    for name in ZONES:
        zone = ZoneInfo(name)
        for change, before, after in changes(zone):
            wall = change.replace(tzinfo=None)
            low, high = sorted([wall + before, wall + after])
            middle = low + (high - low) / 2
            for local in [low - HOUR, low - SECOND, low, low + SECOND, middle, high - SECOND, high, high + SECOND, high + HOUR]:
                local = local.replace(microsecond=0)
                instant = meaning(local, zone, change)
                yield f"{name}\t{local:%Y-%m-%d %H:%M:%S}\t{int(instant.timestamp())}"


def text():
    return "\n".join(rows()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
