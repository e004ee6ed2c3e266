"""Drip: mails on weekdays in office hours of each contact's own zone, decisions on the mail before, and changes after a send."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from harness.calendar import of
from harness.sends import link_to
from harness.stage import mail_of

SOURCE = """
contact { stage: text }
list newsletter
segment "Readers" = in list newsletter
email one { subject "One" body "The first. https://shop.example/start" }
email again { subject "One, again" body "You may have missed it. https://shop.example/start" }
email two { subject "Two" body file "emails/two.html" }
email three { subject "Three" body "For the keen. https://shop.example/more" }
campaign "Drip" {
  published
  when segment "Readers"
  send between 09:00 and 17:00 on weekdays in contact timezone
  email one
  set stage = "welcomed"
  if not opened(one) within 1d then email again
  else {
    email two
    if clicked(two, "https://shop.example/guide*") within 2d then {
      set stage = "keen"
      email three
    } else {
      set stage = "cold"
      remove from list newsletter
    }
  }
}
"""
TWO = '<html><body><a href="https://shop.example/guide/2">Guide</a> <a href="https://shop.example/other">Other</a> <a href="{{ unsubscribe_url }}">Leave</a></body></html>'
ZONES = {"toki": "Asia/Tokyo", "bert": "Europe/Berlin", "ana": "America/Toronto", "uma": None}
SATURDAY = datetime(2035, 1, 6, 10, 0, tzinfo=timezone.utc)


@pytest.fixture
def drip(stage):
    stage.project.write("emails/two.html", TWO)
    return stage


def subscribe(stage, name, zone):
    stage.person(name, timezone=zone, lists=["newsletter"]) if zone else stage.person(name, lists=["newsletter"])


def local(zone, *parts):
    """An instant by the clock on the wall of a zone; by another library than the product's."""
    return datetime(*parts, tzinfo=ZoneInfo(zone or "UTC"))


def test_who_joins_on_saturday_gets_the_mail_on_monday_at_nine_of_its_own_zone(drip):
    daemon = drip.begins(SOURCE, at=SATURDAY)
    for name, zone in ZONES.items():
        subscribe(drip, name, zone)
    drip.expect_only()
    due = sorted((local(zone, 2035, 1, 8, 9), name) for name, zone in ZONES.items())
    assert [name for _, name in due] == ["toki", "bert", "uma", "ana"]
    for when, name in due:
        daemon.advance_to(when - of(seconds=1))
        assert drip.texts(to=mail_of(name)) == [], f"{name} too early"
        daemon.advance_to(when)
        drip.expect("email", "One", to=mail_of(name))
    assert len(drip.sent()) == 4


def test_nothing_after_a_send_happens_before_it(folder_stage):
    folder_stage.project.write("emails/two.html", TWO)
    daemon = folder_stage.begins(SOURCE, at=SATURDAY)
    subscribe(folder_stage, "ana", "America/Toronto")
    assert daemon.contact("ana")["fields"].get("stage") is None
    assert len(daemon.happened("ana", "held")) == 1
    daemon.advance_to(local("America/Toronto", 2035, 1, 8, 9))
    assert daemon.contact("ana")["fields"]["stage"] == "welcomed"


def test_the_window_has_its_start_and_not_its_end(drip):
    friday = local("Europe/Berlin", 2035, 1, 12, 16, 59, 58)
    daemon = drip.begins(SOURCE, at=friday)
    subscribe(drip, "bert", "Europe/Berlin")
    drip.expect("email", "One", to=mail_of("bert"))
    daemon.advance_to(local("Europe/Berlin", 2035, 1, 12, 17))
    subscribe(drip, "berta", "Europe/Berlin")
    daemon.advance_to(local("Europe/Berlin", 2035, 1, 15, 9) - of(seconds=1))
    assert drip.texts(to=mail_of("berta")) == []
    daemon.advance_to(local("Europe/Berlin", 2035, 1, 15, 9))
    drip.expect("email", "One", to=mail_of("berta"))


def test_who_does_not_open_gets_it_again_within_the_window(drip):
    thursday = local("Asia/Tokyo", 2035, 1, 11, 16, 30)
    daemon = drip.begins(SOURCE, at=thursday)
    subscribe(drip, "toki", "Asia/Tokyo")
    drip.expect("email", "One")
    # A day later it is Friday, half past four, inside the window.
    daemon.advance_to(thursday + of(days=1, seconds=-1))
    assert drip.texts() == ["One"]
    daemon.advance_to(thursday + of(days=1))
    drip.expect_only("One", "One, again")


def test_listening_goes_on_while_the_red_mail_is_held(drip):
    friday = local("Asia/Tokyo", 2035, 1, 12, 16, 30)
    source = SOURCE.replace("if not opened(one) within 1d then email again\n  else {", "if opened(one) within 1d then {").replace(
        "      remove from list newsletter\n    }\n  }\n", "      remove from list newsletter\n    }\n  } else email again\n"
    )
    daemon = drip.begins(source, at=friday)
    subscribe(drip, "toki", "Asia/Tokyo")
    mail = drip.expect("email", "One")
    daemon.advance(days=1, hours=1)
    drip.expect_only("One")  # Saturday: due, and held until Monday
    daemon.open(mail)
    daemon.advance_to(local("Asia/Tokyo", 2035, 1, 15, 9))
    drip.expect_only("One", "Two")


def opened_one_and_got_two(stage):
    monday = local("America/Toronto", 2035, 1, 8, 9)
    daemon = stage.begins(SOURCE, at=monday)
    subscribe(stage, "ana", "America/Toronto")
    one = stage.expect("email", "One")
    daemon.advance(hours=1)
    daemon.open(one)
    daemon.advance(seconds=10)
    return daemon, stage.expect("email", "Two")


def test_a_click_on_the_link_brings_the_next_mail_and_changes_the_contact(drip):
    daemon, two = opened_one_and_got_two(drip)
    daemon.advance(hours=1)
    daemon.click(link_to(two, "shop.example/other"))
    daemon.advance(seconds=10)
    assert drip.texts() == ["One", "Two"]
    daemon.click(link_to(two, "shop.example/guide/2"))
    daemon.advance(seconds=10)
    drip.expect("email", "Three")
    ana = daemon.contact("ana")
    assert (ana["fields"]["stage"], ana["lists"]) == ("keen", ["newsletter"])


def test_no_click_takes_the_contact_off_the_list(drip):
    daemon, _ = opened_one_and_got_two(drip)
    daemon.advance(days=3)
    ana = daemon.contact("ana")
    assert (ana["fields"]["stage"], ana["lists"], ana["segments"]) == ("cold", [], [])
    drip.expect_only("One", "Two")


def test_a_contact_that_moves_gets_its_mail_by_the_new_clock(drip):
    daemon = drip.begins(SOURCE, at=SATURDAY)
    subscribe(drip, "ana", "America/Toronto")
    drip.person("ana", timezone="Asia/Tokyo")
    daemon.advance_to(local("Asia/Tokyo", 2035, 1, 8, 9))
    drip.expect_only("One")
