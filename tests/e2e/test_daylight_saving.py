"""The table of what local times mean around changes of the clock is what Python's zoneinfo says today."""

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "zones"


def test_the_table_of_changes_is_what_zoneinfo_says():
    spec = importlib.util.spec_from_file_location("table", FOLDER / "table.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    assert (FOLDER / "changes.tsv").read_text() == table.text()
