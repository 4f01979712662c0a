from __future__ import annotations

import datetime

import pytest

pytest.importorskip("cryptography")

from ansible_collections.failover.stack.plugins.module_utils._host import tls as authority

NAMES = ["DNS:mq1", "IP:198.51.100.51"]
KEY = authority.new_key()
CA = authority.self_signed(KEY, "RabbitMQ orders", 3650)
OWN = authority.new_key()
REQUEST = authority.request(OWN, "mq1", NAMES)


def test_a_member_keeps_what_the_authority_signed():
    signed = authority.sign(REQUEST, CA, KEY, 3650)
    assert authority.stale(signed, REQUEST, CA) is None


@pytest.mark.parametrize("certificate, request_text, why", [
    ("", REQUEST, "there is none"),
    ("rubbish", REQUEST, "there is none"),
    (authority.sign(authority.request(authority.new_key(), "mq1", NAMES), CA, KEY, 3650), REQUEST, "it belongs to another key"),
    (authority.sign(REQUEST, CA, KEY, 3650), authority.request(OWN, "mq1", [*NAMES, "DNS:queue.example"]), "it has other names"),
    (authority.sign(REQUEST, CA, KEY, 3650), authority.request(OWN, "mq2", NAMES), "it has other names"),
])
def test_why_a_certificate_is_made_anew(certificate, request_text, why):
    assert authority.stale(certificate, request_text, CA) == why


def test_an_authority_of_the_same_name_is_another_one():
    other_key = authority.new_key()
    other = authority.self_signed(other_key, "RabbitMQ orders", 3650)
    assert authority.stale(authority.sign(REQUEST, other, other_key, 3650), REQUEST, CA) == "another authority signed it"


def test_the_last_tenth_of_its_life(monkeypatch):
    signed = authority.sign(REQUEST, CA, KEY, 100)
    later = authority.now() + datetime.timedelta(days=85)
    monkeypatch.setattr(authority, "now", lambda: later)
    assert authority.stale(signed, REQUEST, CA) is None
    much_later = later + datetime.timedelta(days=6)
    monkeypatch.setattr(authority, "now", lambda: much_later)
    assert authority.stale(signed, REQUEST, CA).startswith("it ends on ")


def test_the_authority_goes_on_with_its_key_and_name(monkeypatch):
    assert authority.renewed(CA, KEY, 3650) is None
    later = authority.now() + datetime.timedelta(days=3400)
    monkeypatch.setattr(authority, "now", lambda: later)
    new = authority.renewed(CA, KEY, 3650)
    assert authority.same_authority(CA, new) and authority.read(new).subject == authority.read(CA).subject
    assert authority.end_of(authority.read(new)) > authority.end_of(authority.read(CA)) + datetime.timedelta(days=3000)
    signed = authority.sign(REQUEST, CA, KEY, 3650)
    assert authority.stale(signed, REQUEST, new) is None


@pytest.mark.parametrize("certificate, key, words", [
    ("rubbish", KEY, "ca.pem is no certificate"), (CA, OWN, "ca.key does not belong to ca.pem")])
def test_an_authority_that_is_none(certificate, key, words):
    with pytest.raises(ValueError, match=words):
        authority.renewed(certificate, key, 3650)


def test_another_key_is_another_authority():
    assert not authority.same_authority(CA, authority.self_signed(OWN, "RabbitMQ orders", 3650))
    assert authority.same_authority("", CA)


def test_what_a_certificate_may_do():
    from cryptography import x509
    ca, member = authority.read(CA), authority.read(authority.sign(REQUEST, CA, KEY, 10))
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not member.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert member.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == ["mq1"]
