"""DKIM: what is signed here is verified by a library of other make."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SOURCE = """
event ping {}
email hello { subject "Grüße aus Toronto" body "Good to see you. https://acme.example/start" }
campaign "Hello" { published  when ping  email hello }
"""


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
def test_a_marketing_mail_is_signed_with_its_unsubscribe_headers(served_stage, form):
    project = served_stage.project
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption())
    project.write("dkim.pem", pem)
    config = (project.folder / "camp.toml").read_text()
    signing = 'dkim = { domain = "acme.example", selector = "s1", key_file = "dkim.pem" }'
    project.write("camp.toml", config.replace("[email]", f"[email]\n{signing}"))
    daemon = served_stage.begins(SOURCE)
    served_stage.person("ana")
    daemon.track("ana", "ping")
    served_stage.expect("email", "Grüße aus Toronto")
    raw = project.servers[0].mails[0].raw
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: record)
    signature = project.servers[0].mails[0].message["DKIM-Signature"].lower()
    assert all(name in signature for name in ("list-unsubscribe:", "list-unsubscribe-post", "from:", "message-id")), signature
    signed = signature.split(" h=")[1].split(";")[0].split(":")
    assert "content-type" in signed and [signed.count(name) for name in ("from", "to", "subject")] == [2, 2, 2], signed
    # Another sender on top, or one changed letter, and the signature fails.
    assert not dkim.verify(b"From: Eve <eve@evil.example>\r\n" + raw, dnsfunc=lambda name, timeout=5: record)
    assert not dkim.verify(raw.replace(b"Good to see you", b"Good to see yuo"), dnsfunc=lambda name, timeout=5: record)
