from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import accounts
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import identifier

# As MySQL 9.7 and MariaDB 10.11 stored them for CREATE USER … IDENTIFIED BY 'geheim1' and 'sehr geheim…'.
SHA2 = b"$A$005$vCistyAHtVk3vqj2HkikO03JGBuuLfICAQMHSGTFBhuRMmtsk/Wk87jX7Pz/cPC"
NATIVE = b"*941AEE516FD767D5EF8FDA8763B542B406701922"


def test_passwords_as_servers_store_them():
    assert accounts.is_password("caching_sha2_password", SHA2, "geheim1")
    assert not accounts.is_password("caching_sha2_password", SHA2, "geheim2")
    assert accounts.is_password("mysql_native_password", NATIVE, "sehr geheim'\"\\%sö")
    assert not accounts.is_password("mysql_native_password", NATIVE, "sehr geheim")


def test_other_ways_to_log_in_are_no_password():
    assert not accounts.is_password("unix_socket", b"", "geheim1")
    assert not accounts.is_password("caching_sha2_password", b"", "geheim1")


@pytest.mark.parametrize("dialect, plugin", [("mariadb", "mysql_native_password"), ("mysql", "caching_sha2_password")])
def test_what_is_stored_is_recognised(dialect, plugin):
    string = accounts.stored(dialect, "correct horse", b"A" * accounts.SALT_BYTES)
    assert accounts.is_password(plugin, string, "correct horse")


@pytest.mark.parametrize(("password", "salt", "rounds", "letters"), [
    (b"Hello world!", b"saltstring", 5000, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
    (b"Hello world!", b"saltstringsaltst", 10000, "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"),
    (b"a much longer password than one block of the digest, really", b"abcdefgh", 5000, "x9QKXCTNMkRhkN3GuAzMZWW4wJEAFCgD04MMI0p3zh3"),
])
def test_sha_crypt_is_what_openssl_passwd_5_prints(password, salt, rounds, letters):
    assert accounts.sha256_crypt(password, salt, rounds) == letters


SHOP = {"name": "shop", "databases": ["my_shop"], "privileges": {"other.*": "select, insert"}, "tls": False}
MINE, OTHER = ("", r"my\_shop", "*"), ("", "other", "*")
READ, WRITE, ALL = ("SELECT", ""), ("INSERT", ""), ("ALL PRIVILEGES", "")


def test_new_account():
    assert accounts.plan_account(SHOP, None, "x", "mariadb") == [
        ("create", None, ["new"]), ("grant", MINE, [ALL]), ("grant", OTHER, [WRITE, READ])]


def found(**changes):
    here = {"ways": [("mysql_native_password", accounts.native_hash("x").encode())], "require": ["", "", ""],
            "grants": {MINE: {ALL}, OTHER: {READ, WRITE}}}
    return dict(here, **changes)


def test_nothing_to_do():
    assert accounts.plan_account(SHOP, found(), "x", "mariadb") == []


@pytest.mark.parametrize("changes, steps", [
    ({"ways": [("mysql_native_password", b"*0")]}, [("password", None, ["new"])]),
    ({"require": ["ANY", "", ""]}, [("require", None, None)]),
    ({"require": ["SPECIFIED", "", "", "DHE-RSA"]}, [("require", None, None)]),
    ({"grants": {MINE: {ALL}, OTHER: {READ, ("DELETE", "")}, ("", "*", "*"): {("FILE", "")}}},
     [("grant", OTHER, [WRITE]), ("revoke", ("", "*", "*"), [("FILE", "")]), ("revoke", OTHER, [("DELETE", "")])]),
])
def test_what_differs(changes, steps):
    assert accounts.plan_account(SHOP, found(**changes), "x", "mariadb") == steps


# As mysql.user of MariaDB 10.11, 11.8 and MySQL 9.7 have them.
@pytest.mark.parametrize("asked, kept, sql, values", [
    ({}, ("", "", ""), "REQUIRE NONE", []),
    ({"tls": True}, ("ANY", "", ""), "REQUIRE SSL", []),
    ({"tls": True, "x509": True}, ("X509", "", ""), "REQUIRE X509", []),
    ({"x509": True, "subject": "/CN=shop"}, ("SPECIFIED", "", "/CN=shop"), "REQUIRE SUBJECT %s", ["/CN=shop"]),
    ({"subject": "/CN=a%b", "issuer": "/O=x/CN=ca"}, ("SPECIFIED", "/O=x/CN=ca", "/CN=a%b"), "REQUIRE ISSUER %s AND SUBJECT %s",
     ["/O=x/CN=ca", "/CN=a%b"]),
])
def test_a_certificate_can_be_required_by_issuer_and_subject(asked, kept, sql, values):
    assert accounts.requirement(asked) == kept
    assert accounts.require_clause(asked) == (sql, values)
    assert accounts.plan_account(dict(SHOP, **asked), found(require=list(kept)), "x", "mariadb") == []


@pytest.mark.parametrize("step, dialect, sql", [
    (("require", None, None), "mysql", "ALTER USER %s@%s REQUIRE NONE"),
    (("grant", ("", "*", "*"), [("FILE", ""), ("SUPER", "")]), "mysql", "GRANT FILE, SUPER ON *.* TO %s@%s"),
    (("revoke", ("", r"a\%b", "*"), [("SELECT", "")]), "mysql", r"REVOKE SELECT ON `a\%%b`.* FROM %s@%s"),
    (("grant", ("", "a`b", "t"), [("SELECT", "")]), "mysql", "GRANT SELECT ON `a``b`.`t` TO %s@%s"),
    (("grant", ("", "a", "t"), [("SELECT", "50%"), ("SELECT", "b")]), "mysql", "GRANT SELECT (`50%%`, `b`) ON `a`.`t` TO %s@%s"),
    (("grant", ("PROCEDURE", "shop", "report"), [("EXECUTE", "")]), "mariadb", "GRANT EXECUTE ON PROCEDURE `shop`.`report` TO %s@%s"),
])
def test_statements(step, dialect, sql):
    assert accounts.statements(step, {}, dialect, identifier) == [(sql, [], [])]


@pytest.mark.parametrize("step, dialect, made", [
    (("create", None, ["new"]), "mariadb", [("CREATE USER %s@%s IDENTIFIED VIA mysql_native_password USING %s REQUIRE SUBJECT %s", ["new"],
                                             ["/CN=a"])]),
    (("create", None, ["old", "new, retain"]), "mysql", [
        ("CREATE USER %s@%s IDENTIFIED WITH caching_sha2_password AS %s REQUIRE SUBJECT %s", ["old"], ["/CN=a"]),
        ("ALTER USER %s@%s IDENTIFIED WITH caching_sha2_password AS %s RETAIN CURRENT PASSWORD", ["new"], [])]),
    (("beside", None, ["both"]), "mariadb", [
        ("ALTER USER %s@%s IDENTIFIED VIA mysql_native_password USING %s OR mysql_native_password USING %s", ["new", "old"], [])]),
    (("drop", None, ["new, retain", "discard"]), "mysql", [
        ("ALTER USER %s@%s IDENTIFIED WITH caching_sha2_password AS %s RETAIN CURRENT PASSWORD", ["new"], []),
        ("ALTER USER %s@%s DISCARD OLD PASSWORD", [], [])]),
])
def test_statements_that_set_passwords(step, dialect, made):
    assert accounts.statements(step, {"subject": "/CN=a"}, dialect, identifier) == made


def test_sentences():
    assert accounts.sentence("a@%", ("grant", ("", "b", "*"), [("INSERT", ""), ("SELECT", "")])) == "a@%: grant INSERT, SELECT on b.*"
    assert accounts.sentence("a@%", ("create", None, ["new"])) == "a@%: created"
