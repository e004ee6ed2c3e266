"""The daemon is killed at random moments under load: nothing accepted is lost, nothing is done twice.

Senders repeat each event under its own messageId until it is accepted, as Segment's libraries do. So every event is accepted
in the end, and each must have changed its contact exactly once: points are the sum, and every order has one receipt.
"""

import collections
import contextlib
import http.client
import json
import os
import random
import sqlite3
import threading
import time

from harness.waiting import eventually

KILLS = int(os.environ.get("CAMP_E2E_KILLS", "40"))
SEED = int(os.environ.get("CAMP_E2E_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
CONTACTS = 25
SENDERS = 2
# Delivery, section 4: what may be under way at one moment in one lane, and so may come a second time after a kill.
LANE = 20

SOURCE = """
event step { size: number }
event order { number: text }
points { on step +1 }
email receipt { transactional subject "Receipt {{ bought.number }}" body "Thanks. https://acme.example/orders" }
campaign "Receipts" {
  published
  when order as bought
  reenter always
  email receipt
  points +1000
}
"""


class Sender(threading.Thread):
    """Sends batches until told to stop; what is not accepted is sent again, under the same ids, for ever."""

    def __init__(self, name, project, stop):
        super().__init__(name=name, daemon=True)
        self.project, self.stop_asked = project, stop
        self.random = random.Random(f"{SEED}-{name}")
        self.accepted = []  # items, each once
        self.repeated = 0
        self.refused = []
        self.count = 0
        self.connection = None

    def items(self):
        for _ in range(self.random.randrange(1, 8)):
            self.count += 1
            number = f"{self.name}-{self.count}"
            is_order = self.random.random() < 0.2
            yield {
                "type": "track",
                "userId": f"user{self.random.randrange(CONTACTS)}",
                "messageId": number,
                "event": "order" if is_order else "step",
                "properties": {"number": number} if is_order else {"size": 1},
            }

    def run(self):
        while not self.stop_asked.is_set():
            batch = list(self.items())
            while not self.post(batch):
                self.repeated += 1
                time.sleep(0.005)
            self.accepted.extend(batch)

    def post(self, batch):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.project.port, timeout=30)
            body = json.dumps({"batch": batch, "writeKey": self.project.write_key})
            self.connection.request("POST", "/v1/batch", body, {"content-type": "application/json"})
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            # Nobody knows whether it was taken.
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return False
        if answer.status not in (200, 503, 429):
            self.refused.append((answer.status, content))
        return answer.status == 200


def test_killed_forty_times_under_load_it_loses_nothing_and_does_nothing_twice(served_stage):
    print(f"CAMP_E2E_SEED={SEED}")
    stage, project = served_stage, served_stage.project
    mail_server = project.servers[0]
    project.source(SOURCE)
    daemon = project.run(clock="real")
    for number in range(CONTACTS):
        daemon.identify(f"user{number}", email=f"user{number}@people.example")

    dice = random.Random(SEED)
    stop = threading.Event()
    senders = [Sender(f"s{number}", project, stop) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    kills = []
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.02, 0.4))
        assert daemon.is_alive, daemon.said
        daemon.kill()
        killed = time.monotonic()
        daemon = project.run(clock="real")
        # What the dead process had written to the wire may still arrive while the next one starts.
        kills.append((killed, time.monotonic()))
    stop.set()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive(), "a sender's last batch was never accepted"
    accepted = [item for sender in senders for item in sender.accepted]
    assert [sender.refused for sender in senders] == [[] for _ in senders]
    orders = [item for item in accepted if item["event"] == "order"]
    print(f"{len(accepted)} events accepted, {len(orders)} orders, {sum(sender.repeated for sender in senders)} repeated requests")
    assert len(orders) > KILLS and sum(sender.repeated for sender in senders) >= KILLS // 4, "the load was too thin to prove anything"

    # What was under way at a kill comes again after its lease and its pause; a manual clock need not be waited for.
    daemon.stop()
    stage.daemon = daemon = project.run(clock="manual")
    daemon.idle()
    for _ in range(6):
        daemon.advance(minutes=20)

    expected = collections.Counter()
    for item in accepted:
        expected[item["userId"]] += 1000 if item["event"] == "order" else 1
    found = {f"user{number}": daemon.contact(f"user{number}")["points"] for number in range(CONTACTS)}
    wrong = {user: (points, expected[user]) for user, points in found.items() if points != expected[user]}
    assert not wrong, f"points found and expected: {wrong}"

    wanted = {f"Receipt {item['properties']['number']}" for item in orders}
    eventually("all receipts", lambda: wanted <= {str(mail.message["Subject"]) for mail in list(mail_server.mails)})
    copies = collections.defaultdict(list)
    for mail in mail_server.mails:
        copies[mail.message_id].append(mail)
    assert len(copies) == len(wanted), "an effect has one Message-ID, whatever the attempt"
    repeated = {message_id: mails for message_id, mails in copies.items() if len(mails) > 1}
    print(f"{len(repeated)} receipts came more than once")
    across = collections.Counter()
    for message_id, mails in repeated.items():
        assert len({mail.raw for mail in mails}) == 1, f"{message_id} came with other bytes"
        for before, after in zip(mails, mails[1:]):
            between = [number for number, (killed, ready) in enumerate(kills) if before.at <= ready and killed <= after.at]
            assert between, f"{message_id} came again and nothing was killed in between"
            # It was under way at the first kill after its arrival, and at no other.
            across[between[0]] += 1
    assert all(count <= LANE for count in across.values()), f"more came again than can have been under way: {across}"

    daemon.stop()
    with contextlib.closing(sqlite3.connect(project.folder / "camp.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
