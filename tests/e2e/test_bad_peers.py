"""Servers that refuse, hang or break off: the record says what happened, nothing is lost, and the daemon goes on."""

from harness.calendar import of
from harness.http_client import request
from harness.stage import mail_of
from harness.waiting import eventually

SOURCE = """
event ping {}
event pong {}
email hello { subject "Hello" body "Good to see you. https://acme.example/start" }
sms after "The mail was sent. Reply STOP to opt out."
sms instead "No mail could be sent. Reply STOP to opt out."
sms pong "Pong. Reply STOP to opt out."
campaign "Hello" {
  published
  when ping
  email hello
  wait 1h
  if sent(hello) then sms after
  else sms instead
}
campaign "Pong" { published  when pong  reenter always  sms pong }
"""
AFTER, INSTEAD, PONG = (f"{text} Reply STOP to opt out." for text in ("The mail was sent.", "No mail could be sent.", "Pong."))


def lives_on(stage):
    """The daemon is healthy, and what comes in is still done."""
    request("GET", stage.daemon.url + "/healthz").expect(200)
    pongs = stage.texts("sms").count(PONG)
    stage.person("pia")
    stage.daemon.track("pia", "pong")
    eventually("the next event to be done", lambda: stage.texts("sms").count(PONG) == pongs + 1)


def begin(stage, clock="manual"):
    daemon = stage.begins(SOURCE, clock=clock)
    stage.person("ana")
    return daemon, stage.project.servers[0]


def test_an_address_the_server_refuses_fails_on_the_record_and_the_campaign_goes_on(served_stage):
    stage = served_stage
    daemon, server = begin(stage)
    server.at_recipient[mail_of("ana")] = "550 5.1.1 no such user here"
    daemon.track("ana", "ping")
    daemon.idle()
    (failed,) = daemon.happened("ana", "failed")
    assert "no such user here" in str(failed) or "550" in str(failed)
    lives_on(stage)
    daemon.advance(hours=2)
    assert stage.texts("sms", to=None).count(INSTEAD) == 1 and AFTER not in stage.texts("sms")
    # 5.1.1 says that the address is dead: nothing goes there again, in any campaign.
    server.at_recipient.clear()
    daemon.advance(days=2)
    assert stage.texts("email") == []


def test_a_refusal_of_the_content_fails_the_send_but_not_the_address(served_stage):
    stage = served_stage
    daemon, server = begin(stage)
    server.at_data = ["554 5.7.1 looks like spam"]
    daemon.track("ana", "ping")
    daemon.idle()
    assert len(daemon.happened("ana", "failed")) == 1
    stage.person("ben")
    daemon.track("ben", "ping")
    stage.expect("email", "Hello", to=mail_of("ben"))
    lives_on(stage)


def test_a_server_that_asks_to_wait_gets_the_same_mail_later(served_stage):
    stage = served_stage
    daemon, server = begin(stage)
    server.at_data = ["451 4.7.1 greylisted, come back later"]
    daemon.track("ana", "ping")
    daemon.idle()
    assert stage.texts("email") == []
    lives_on(stage)
    daemon.advance(seconds=47)
    assert stage.texts("email") == [], "sooner than a minute less a fifth"
    daemon.advance(seconds=26)
    stage.expect("email", "Hello")
    # The hour counts from the hand-over.
    daemon.advance(hours=2)
    assert stage.texts("sms").count(AFTER) == 1


def test_a_line_that_goes_dead_after_the_message_brings_the_same_bytes_again(served_stage):
    stage = served_stage
    daemon, server = begin(stage)
    server.at_data = ["close"]
    daemon.track("ana", "ping")
    daemon.idle()
    lives_on(stage)
    daemon.advance(minutes=5)
    stage.expect("email", "Hello")
    daemon.advance(days=1)
    first, second = server.mails
    assert (first.answered, second.answered) == (False, True)
    assert first.raw == second.raw and first.message_id == second.message_id
    assert stage.texts("sms").count(AFTER) == 1


def test_a_server_that_hangs_holds_up_nobody_else_and_loses_nothing(served_stage):
    stage = served_stage
    daemon, server = begin(stage, clock="real")
    server.at_data = ["hang"]
    daemon.track("ana", "ping")
    eventually("the mail server to hang", lambda: len(server.mails) == 1)
    stage.daemon.put_contact("ben", email=mail_of("ben"))
    daemon.track("ben", "ping")
    eventually("another mail to pass", lambda: mail_of("ben") in [one.to for one in stage.sent("email")])
    request("GET", daemon.url + "/healthz").expect(200)
    # Killed while it hangs: nobody knows whether the mail was taken, so it comes again, as the very same message.
    daemon.kill()
    stage.daemon = daemon = stage.project.run(clock="manual")
    for _ in range(3):
        daemon.advance(minutes=5)
    stage.expect("email", "Hello", to=mail_of("ana"))
    mails = [mail for mail in server.mails if mail.recipients == (mail_of("ana"),)]
    assert [mail.answered for mail in mails] == [False, True]
    assert mails[0].raw == mails[1].raw
    daemon.advance(hours=2)
    assert sorted(stage.texts("sms")) == [AFTER, AFTER]


def test_a_mail_server_that_is_not_there_is_tried_again_until_it_is(served_stage):
    stage = served_stage
    daemon, server = begin(stage)
    port = server.port
    server.stop()
    daemon.track("ana", "ping")
    daemon.idle()
    lives_on(stage)
    daemon.advance(minutes=10)
    assert stage.texts("email") == []
    from harness.mail_sink import MailSink

    again = MailSink().start(port)
    try:
        daemon.advance(hours=2)
        eventually("the mail", lambda: [str(mail.message["Subject"]) for mail in again.mails] == ["Hello"])
    finally:
        again.stop()


def test_an_sms_service_that_fails_is_tried_again_and_one_that_refuses_is_not(served_stage):
    stage = served_stage
    daemon, _ = begin(stage)
    http = stage.project.servers[1]
    http.sms_answers = [429, 400]
    daemon.track("ana", "pong")
    daemon.idle()
    assert stage.texts("sms") == []
    daemon.advance(seconds=75)
    calls = [request for request in http.requests if "/Messages.json" in request.path]
    assert [call.answered for call in calls] == [429, 400]
    daemon.advance(days=1)
    assert len([request for request in http.requests if "/Messages.json" in request.path]) == 2
    assert len(daemon.happened("ana", "failed")) == 1
    lives_on(stage)


def test_a_template_that_fails_for_one_contact_fails_that_send_alone(served_stage):
    stage = served_stage
    source = SOURCE.replace("Good to see you.", "Good to see you. {{ 100 / contact.points }}")
    daemon = stage.begins(source)
    stage.person("ana", points=0)
    stage.person("ben", points=5)
    daemon.track("ana", "ping")
    daemon.track("ben", "ping")
    stage.expect("email", "Hello", to=mail_of("ben"))
    daemon.idle()
    assert stage.texts("email", to=mail_of("ana")) == []
    assert [line["why"] for line in daemon.happened("ana", "failed")] == ["template"]


def test_a_line_break_in_a_name_makes_no_header(served_stage):
    stage = served_stage
    daemon = stage.begins(SOURCE.replace('subject "Hello"', "subject \"Hello {{ contact.first_name | default('you') }}\""))
    stage.person("ana", fields={"first_name": "Ana\r\nBcc: evil@people.example"})
    daemon.track("ana", "ping")
    daemon.idle()
    daemon.advance(hours=2)
    for mail in stage.project.servers[0].mails:
        assert mail.message["Bcc"] is None and mail.recipients == (mail_of("ana"),)
    assert len(daemon.happened("ana", "failed")) == 1
    lives_on(stage)


def test_a_webhook_to_a_private_network_is_not_called_unless_allowed(served_stage):
    stage = served_stage
    http = stage.project.servers[1]
    text = stage.project.folder.joinpath("camp.toml").read_text()
    stage.project.write("camp.toml", text.replace("allow_private_networks = true", "allow_private_networks = false"))
    daemon = stage.begins(SOURCE + f'webhook crm {{ url "{stage.project.hook_url}" }}\ncampaign "C" {{ published when points reach 9 webhook crm }}\n')
    stage.person("ana", points=0)
    daemon.put_contact("ana", points=10)
    daemon.idle()
    daemon.advance_to(daemon.now() + of(minutes=10))
    assert http.hooks == []
    lives_on(stage)
