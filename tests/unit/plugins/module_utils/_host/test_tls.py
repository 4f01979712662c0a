from __future__ import annotations

import datetime

import pytest

pytest.importorskip("cryptography")

from ansible_collections.failover.stack.plugins.module_utils._host import tls as authority

NAMES = ["DNS:mq1", "IP:198.51.100.51"]
KEY = authority.new_key()
CA = authority.self_signed(KEY, "RabbitMQ orders", 3650)
OWN = authority.new_key()
REQUEST = authority.request(OWN)


def signed_for(request_text, common_name="mq1", names=None, days=3650):
    return authority.sign(request_text, common_name, names or NAMES, CA, KEY, days)


def why_stale(certificate, request_text=REQUEST, names=None, common_name="mq1", ca=CA):
    return authority.stale(certificate, request_text, common_name, names or NAMES, ca)


def test_a_member_keeps_what_the_authority_signed():
    assert why_stale(signed_for(REQUEST)) is None
    assert why_stale(signed_for(REQUEST), names=NAMES[::-1]) is None


@pytest.mark.parametrize("certificate, more, why", [
    ("", {}, "there is none"),
    ("rubbish", {}, "there is none"),
    (signed_for(authority.request(authority.new_key())), {}, "it belongs to another key"),
    (signed_for(REQUEST), {"names": [*NAMES, "DNS:queue.example"]}, "it has other names"),
    (signed_for(REQUEST), {"common_name": "mq2"}, "it has other names"),
])
def test_why_a_certificate_is_made_anew(certificate, more, why):
    assert why_stale(certificate, **more) == why


def greedy():
    """What a member that was taken over may ask for: to be another one, and an authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    built = x509.CertificateSigningRequestBuilder().subject_name(authority.name_of("mq2"))
    for value in (x509.SubjectAlternativeName([authority.general("DNS:mq2")]), x509.BasicConstraints(ca=True, path_length=None)):
        built = built.add_extension(value, critical=True)
    return authority.pem(built.sign(authority.load_key(OWN), hashes.SHA256()))


def test_of_a_request_only_the_key_counts():
    from cryptography import x509
    signed = authority.read(signed_for(greedy()))
    assert authority.pem(signed) and signed.subject == authority.name_of("mq1")
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mq1"]
    assert not signed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert why_stale(signed_for(greedy()), greedy()) is None


def test_a_certificate_that_was_signed_for_what_a_member_asked_is_replaced():
    other = signed_for(REQUEST, "mq2", ["DNS:mq2"])
    assert why_stale(other, greedy()) == "it has other names"


def test_a_request_that_its_key_did_not_sign_is_refused():
    import base64
    lines = REQUEST.splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    torn = "\n".join([lines[0], base64.b64encode(bytes(der)).decode(), lines[-1]]) + "\n"
    with pytest.raises(ValueError, match="not signed by its own key"):
        signed_for(torn)


def test_an_authority_of_the_same_name_is_another_one():
    other_key = authority.new_key()
    other = authority.self_signed(other_key, "RabbitMQ orders", 3650)
    assert why_stale(authority.sign(REQUEST, "mq1", NAMES, other, other_key, 3650)) == "another authority signed it"


@pytest.mark.parametrize("days, stays, goes", [(100, 70, 76), (397, 290, 299), (3650, 3200, 3286)])
def test_the_last_quarter_of_its_life_or_its_last_year(monkeypatch, days, stays, goes):
    signed, begin = signed_for(REQUEST, days=days), authority.now()
    monkeypatch.setattr(authority, "now", lambda: begin + datetime.timedelta(days=stays))
    assert why_stale(signed) is None
    monkeypatch.setattr(authority, "now", lambda: begin + datetime.timedelta(days=goes))
    assert why_stale(signed).startswith("it ends on ")


def test_the_authority_goes_on_with_its_key_and_name(monkeypatch):
    assert authority.renewed(CA, KEY, 3650) is None
    later = authority.now() + datetime.timedelta(days=3400)
    monkeypatch.setattr(authority, "now", lambda: later)
    new = authority.renewed(CA, KEY, 3650)
    assert authority.same_authority(CA, new) and authority.read(new).subject == authority.read(CA).subject
    assert authority.end_of(authority.read(new)) > authority.end_of(authority.read(CA)) + datetime.timedelta(days=3000)
    assert why_stale(signed_for(REQUEST), ca=new) is None


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
    ca, member = authority.read(CA), authority.read(signed_for(REQUEST, days=10))
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not member.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert member.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == ["mq1"]
