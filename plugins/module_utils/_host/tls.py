# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's own certificate authority and the certificates of its members. No files, no connections: text in, text out."""

from __future__ import annotations

import datetime
import ipaddress
import re

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError:
    x509 = None

MISSING = "Python's cryptography is missing on %s: install python3-cryptography (or cryptography by pip)"
# Clocks differ: a certificate is not refused because it was made a moment ago.
EARLIER = datetime.timedelta(hours=1)
RENEWED_BEFORE = datetime.timedelta(days=365)
# Of an authority, whose certificate is renewed with the same key.
AUTHORITY_DAYS = 3650
EPOCH = datetime.datetime(1970, 1, 1)


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def end_of(certificate):
    """When it ends, in UTC without a zone; cryptography before 42 has no other way of telling."""
    return certificate.not_valid_after_utc.replace(tzinfo=None) if hasattr(certificate, "not_valid_after_utc") \
        else certificate.not_valid_after


def begin_of(certificate):
    return certificate.not_valid_before_utc.replace(tzinfo=None) if hasattr(certificate, "not_valid_before_utc") \
        else certificate.not_valid_before


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def pem(thing):
    return thing.public_bytes(serialization.Encoding.PEM).decode("ascii")


def general(name):
    """DNS:mq1 or IP:198.51.100.1, as OpenSSL writes them."""
    kind, _colon, value = name.partition(":")
    return x509.IPAddress(ipaddress.ip_address(value)) if kind == "IP" else x509.DNSName(value)


def new_key():
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode("ascii")


def is_locked(key_text):
    """Whether a private key needs a passphrase."""
    return "ENCRYPTED" in key_text


def lock(key_text, passphrase):
    """The same private key, of no use without `passphrase`."""
    return load_key(key_text).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                            serialization.BestAvailableEncryption(passphrase.encode("utf-8"))).decode("ascii")


def unlock(key_text, passphrase):
    """The same private key without a passphrase. Raises ValueError when it is not `passphrase` that opens it."""
    key = serialization.load_pem_private_key(key_text.encode("ascii"), passphrase.encode("utf-8"))
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode("ascii")


def load_key(text):
    return serialization.load_pem_private_key(text.encode("ascii"), None)


def read(text):
    """A certificate; None when the text is none."""
    try:
        return x509.load_pem_x509_certificate(text.encode("ascii"))
    except ValueError:
        return None


def certificates(text):
    """All certificates of a PEM text, whatever else it has."""
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)
    return [found for found in map(read, blocks) if found]


def first_to_end(text):
    """Of all certificates of a PEM text the one that ends first: a chain is worth no more. None where there is none."""
    return min(certificates(text), key=end_of, default=None)


def _certificate(subject, issuer, public_key, days):
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - EARLIER).not_valid_after(now() + datetime.timedelta(days=days)))


def _usage(**true):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
             "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in true for name in names})


def self_signed(key_text, name, days):
    """The authority's own certificate. It signs members and nothing below them."""
    return _self_signed(key_text, name_of(name), days)


def _self_signed(key_text, subject, days):
    key = load_key(key_text)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = (_certificate(subject, subject, key.public_key(), days)
             .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
             .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
             .add_extension(identifier, critical=False))
    return pem(built.sign(key, hashes.SHA256()))


def request(key_text):
    """What a member asks to be signed: its public key, with the proof that it has the private one. Names in it would count for nothing."""
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return pem(built.sign(load_key(key_text), hashes.SHA256()))


def sign(request_text, common_name, names, authority_text, authority_key, days):
    """A member's certificate, good for both ends of a connection.

    Of the request only the public key counts. What the member is called says who signs: a member that was taken over must not get
    another one's name.
    """
    asked, authority, key = x509.load_pem_x509_csr(request_text.encode("ascii")), read(authority_text), load_key(authority_key)
    if not asked.is_signature_valid:
        raise ValueError("the request is not signed by its own key")
    purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH]) \
        if hasattr(x509, "ExtendedKeyUsageOID") else x509.ExtendedKeyUsage(
            [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH])
    built = (_certificate(name_of(common_name), authority.subject, asked.public_key(), days)
             .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
             .add_extension(_usage(digital_signature=True, key_agreement=True), critical=True)
             .add_extension(purposes, critical=False)
             .add_extension(x509.SubjectAlternativeName([general(name) for name in names]), critical=False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False))
    return pem(built.sign(key, hashes.SHA256()))


def _public(thing):
    """The public key of a certificate, a request or a private key."""
    return thing.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _names(thing):
    try:
        found = thing.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return sorted(str(name.value) for name in found)


def _signed_by(certificate, authority):
    try:
        algorithm = ec.ECDSA(certificate.signature_hash_algorithm)
        authority.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes, algorithm)
    except Exception:  # whatever a foreign key's kind throws: it is not ours
        return False
    return certificate.issuer == authority.subject


def stale(certificate_text, request_text, common_name, names, authority_text):
    """Why a member's certificate is made anew; None when it can stay."""
    certificate, asked, authority = read(certificate_text), x509.load_pem_x509_csr(request_text.encode("ascii")), read(authority_text)
    if certificate is None:
        return "there is none"
    if _public(certificate) != _public(asked):
        return "it belongs to another key"
    if not _signed_by(certificate, authority):
        return "another authority signed it"
    if _names(certificate) != sorted(str(general(name).value) for name in names) or certificate.subject != name_of(common_name):
        return "it has other names"
    return "it ends on %s" % end_of(certificate).date() if ending(certificate) else None


def ending(certificate):
    """Whether it is in the last quarter of its life, or year when that is less: time enough for a run that comes by."""
    begin, end = begin_of(certificate), end_of(certificate)
    return now() > end - min((end - begin) / 4, RENEWED_BEFORE)


def days_left(certificate):
    """Days until it ends, negative when it has ended."""
    return round((end_of(certificate) - now()).total_seconds() / 86400, 2)


def ends_soon(certificate, days):
    """Whether it ends within so many days, or of a short one within the last twentieth of its life."""
    life = (end_of(certificate) - begin_of(certificate)).total_seconds() / 86400
    return days_left(certificate) <= min(days, life / 20)


def renewed(certificate_text, key_text, days):
    """The authority's own certificate for another while, when it ends before long (see ending); None when it can stay.

    Key and name are the same, so whoever has the old one and whoever has the new one trust the same members.
    """
    certificate = read(certificate_text)
    if certificate is None:
        raise ValueError("ca.pem is no certificate")
    if _public(certificate) != _public(load_key(key_text)):
        raise ValueError("ca.key does not belong to ca.pem")
    return _self_signed(key_text, certificate.subject, days) + bundle(certificates(certificate_text)[1:]) if ending(certificate) else None


def same_authority(one_text, other_text):
    """Whether two texts have a certificate of the same key; what has none is no other authority."""
    one, other = ({_public(certificate) for certificate in certificates(text)} for text in (one_text, other_text))
    return not one or not other or bool(one & other)


# --- Another authority, while both are believed. The first certificate of a text is the one that signs. ---


def bundle(found):
    return "".join(map(pem, found))


def place_of(key_text, text):
    """Where in a text the certificate of this key stands; None where it does not."""
    wanted = _public(load_key(key_text))
    return next((number for number, certificate in enumerate(certificates(text)) if _public(certificate) == wanted), None)


def believed_too(text, key_text, days):
    """The text with a certificate of another key, of the name that the first one has, at its end."""
    if place_of(key_text, text) is not None:
        return text
    return bundle(certificates(text)) + _self_signed(key_text, certificates(text)[0].subject, days)


def signing(text, key_text):
    """The text, the certificate of this key first."""
    found, place = certificates(text), place_of(key_text, text)
    return bundle([found[place], *found[:place], *found[place + 1:]])
