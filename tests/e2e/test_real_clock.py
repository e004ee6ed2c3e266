"""All of it on the real clock, with real servers: waits of seconds, several people at once."""

import re
import time

import pytest
from harness.project import CRM_SECRET
from harness.sends import link_to
from harness.stage import mail_of, phone_of
from harness.waiting import eventually
from standardwebhooks import Webhook

SOURCE = """
segment "Canada Hot Leads" = country == "Canada" and points > 50
points { on visited("/pricing") +1  on opened(any email) +49 }
email welcome { subject "Welcome" body file "emails/welcome.html" }
email reminder { subject "Still interested?" body "Here is where you left off. https://acme.example/start" }
sms thanks "Thanks for reading! Reply STOP to opt out."
sms code "Product X is 20 % off for you: X20. Reply STOP to opt out."
webhook crm { url "HOOK" secret env("CRM_SECRET") body { event: "hot_prospect", points: points } }
campaign "Hot lead follow-up" {
  published
  when segment "Canada Hot Leads"
  email welcome
  if opened(welcome) then sms thanks
  else {
    wait 11s
    email reminder
  }
}
campaign "Hot prospect to CRM" { published  when points reach 100  webhook crm }
campaign "Product X offer" { published  when clicked(welcome, "https://shop.example/x*")  wait 2s  sms code }
"""
WELCOME = '<html><body><a href="https://shop.example/x?a=1">X</a> <a href="{{ unsubscribe_url }}">Leave</a></body></html>'
THANKS, CODE = "Thanks for reading! Reply STOP to opt out.", "Product X is 20 % off for you: X20. Reply STOP to opt out."


@pytest.mark.real_clock
def test_the_scenarios_run_on_the_real_clock(served_stage):
    stage = served_stage
    http = stage.project.servers[1]
    stage.project.write("emails/welcome.html", WELCOME)
    daemon = stage.begins(SOURCE.replace("HOOK", stage.project.hook_url), clock="real")
    for name in ("ana", "ben", "cleo"):
        stage.person(name, points=50, fields={"country": "Canada"})
    assert stage.texts() == []
    for name in ("ana", "ben", "cleo"):
        daemon.page(name, "/pricing")
        assert daemon.contact(name)["segments"] == ["Canada Hot Leads"]
    welcome = {name: stage.expect("email", "Welcome", to=mail_of(name)) for name in ("ana", "ben", "cleo")}

    # Sooner than three seconds after the mail was taken nobody can have read it. This is what the test waits for, not a guess.
    arrived = max(mail.at for mail in stage.project.servers[0].mails)
    eventually("three seconds to pass", lambda: time.monotonic() > arrived + 3.2)
    daemon.open(welcome["ana"])
    assert daemon.click(link_to(welcome["cleo"], "shop.example/x")) == "https://shop.example/x?a=1"

    stage.expect("sms", THANKS, to=phone_of("ana"))
    stage.expect("sms", THANKS, to=phone_of("cleo"))  # a click implies an open
    stage.expect("sms", CODE, to=phone_of("cleo"))
    stage.expect("email", "Still interested?", to=mail_of("ben"))
    eventually("the webhook of the one who has 100 points", lambda: http.hooks)
    for call in http.hooks:
        # By the standard's own library: signature, and a timestamp within five minutes of the machine's clock.
        assert Webhook(CRM_SECRET).verify(call.body.decode(), call.headers)["points"] == 100
        assert re.fullmatch(r"msg_[a-z2-7]{32}", call.headers["webhook-id"])
    assert stage.texts(to=mail_of("ben")) == ["Welcome", "Still interested?"]
    assert stage.texts(to=mail_of("ana")) == ["Welcome"] and stage.texts(to=phone_of("ana")) == [THANKS]
    assert stage.texts(to=mail_of("cleo")) == ["Welcome"]
    daemon.stop()
