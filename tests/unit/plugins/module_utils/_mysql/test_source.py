from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import source as m
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable

CHANNEL = {"source_host": "old", "source_port": 13306, "source_user": "repl", "ssl": True, "ssl_ca": "/ca", "ssl_capath": "",
           "ssl_cert": "",
           "ssl_key": "", "ssl_verify_server_cert": True}
GIVEN = {"source_host": None, "source_port": None, "source_user": None, "source_password": None, "ssl": None, "ssl_ca": None,
         "ssl_capath": None, "ssl_cert": None, "ssl_key": None, "ssl_verify_server_cert": None, "get_source_public_key": None,
         "source_public_key_path": None, "connect_timeout": 10}
MINE = {"server_id": 2, "dialect": "mariadb"}
SOURCE = {"server_id": 1, "dialect": "mariadb", "log_bin": True, "gtid": {"enabled": True}, "secure": True, "plugin": "",
          "grants": ["GRANT REPLICATION SLAVE ON *.* TO `repl`@`%`"]}


def test_given_goes_before_what_the_channel_has():
    where = m.wanted(GIVEN, CHANNEL, "stored")
    assert (where["host"], where["port"], where["user"], where["password"], where["ca"], where["verify"], where["ssl"]) == (
        "old", 13306, "repl", "stored", "/ca", True, True)
    where = m.wanted(dict(GIVEN, source_host="new", source_password="", ssl=False), CHANNEL, "stored")
    assert (where["host"], where["password"], where["ssl"], where["unix_socket"], where["ca"]) == ("new", "", False, None, None)


def test_a_new_channel_says_nothing_about_tls():
    where = m.wanted(dict(GIVEN, source_host="new"), None, None)
    assert (where["ssl"], where["port"], where["password"]) == (None, 3306, None)


@pytest.mark.parametrize(("failure", "sentence"), [
    (Unreachable("db1:3306: Can't connect to MySQL server on 'db1' ([Errno -2] Name or service not known) (error 2003)", 2003),
     "source_host is 'db1', which no resolver knows: correct the name, or give an address."),
    (Unreachable("x ([SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed)", 2003),
     "the certificate of the source db1:3306 is not trusted"),
    (Unreachable("x (timed out) (error 2003)", 2003), "the source db1:3306 cannot be reached"),
    (Failure("Access denied (error 1045)", 1045), "refuses user 'repl' with this password: correct source_user and source_password"),
    (Failure("not allowed", 1130), "allows no user from this host"),
    (Failure("SSL is required but the server doesn't support it (error 2026)", 2026), "offers no TLS"),
    (Failure("Too many connections (error 1040)", 1040), "does not let 'repl' in: Too many connections (error 1040)."),
])
def test_what_a_failed_login_means(failure, sentence):
    said = m.sentence({"host": "db1", "port": 3306, "user": "repl"}, failure)
    assert sentence in said and said.endswith(".")


def found(source=None, mine=None, wants_gtid=True, **where):
    source, mine = source or SOURCE, mine or MINE
    return list(m.troubles(dict({"host": "db1", "port": 3306, "user": "repl", "ssl": True, "public_key": False}, **where), source, mine,
                           wants_gtid))


def test_a_good_source():
    assert found() == []
    assert found(dict(SOURCE, grants=["GRANT `replicator` TO `repl`@`%`"])) == []
    assert found(dict(SOURCE, grants=["GRANT ALL PRIVILEGES ON *.* TO `repl`@`%`"])) == []
    assert found(dict(SOURCE, grants=["GRANT SELECT ON *.* TO `r`@`%`", "GRANT REPLICATION REPLICA ON *.* TO `r`@`%`"])) == []


@pytest.mark.parametrize(("change", "words"), [
    ({"server_id": 2}, "has the server id 2, which is this server's too"),
    ({"log_bin": False}, "has no binary log: turn on log_bin"),
    ({"secure": False}, "ssl is on, but the source db1:3306 offers no TLS"),
    ({"gtid": {"enabled": False, "mode": "OFF"}}, "GTIDs are asked for, but the source db1:3306 has gtid_mode OFF: set gtid_mode to ON"),
    ({"gtid": {"enabled": False, "mode": "OFF_PERMISSIVE"}}, "has gtid_mode OFF_PERMISSIVE: SET GLOBAL gtid_mode = ON_PERMISSIVE there,"),
    ({"gtid": {"enabled": False, "mode": "ON_PERMISSIVE"}}, "ON_PERMISSIVE: wait until Ongoing_anonymous_transaction_count is 0 there"),
    ({"dialect": "mysql"}, "is mysql and this server mariadb, whose GTIDs differ"),
    ({"grants": ["GRANT USAGE ON *.* TO `repl`@`%`"]}, "may not replicate from db1:3306: GRANT REPLICATION SLAVE"),
    ({"grants": ["GRANT REPLICATION SLAVE ADMIN ON *.* TO `repl`@`%`"]}, "may not replicate"),
])
def test_a_source_that_nobody_can_follow(change, words):
    assert [words in one for one in found(dict(SOURCE, **change))] == [True]


def test_several_at_once():
    assert len(found(dict(SOURCE, server_id=2, log_bin=False))) == 2


def test_a_sha2_password_needs_tls_or_the_key():
    mine, source = dict(MINE, dialect="mysql"), dict(SOURCE, dialect="mysql", plugin="caching_sha2_password")
    assert "get_source_public_key" in found(source, mine, ssl=False)[0]
    assert found(source, mine, ssl=False, public_key=True) == []
    assert found(source, mine, ssl=True) == []
    # On a new channel the server's default decides.
    assert found(source, mine, ssl=None) == []


def test_without_gtids_their_mode_does_not_matter():
    assert found(dict(SOURCE, gtid={"enabled": False}, dialect="mysql"), wants_gtid=False) == []


def test_gtids():
    mine, theirs = {"executed": "0-1-50"}, {"purged": "0-1-40"}
    assert list(m.gtid_troubles("db1:3306", theirs, mine, "")) == []
    assert "no longer has binary logs with 0-1-51..60" in next(m.gtid_troubles("db1:3306", {"purged": "0-1-60"}, mine, ""))
    assert "transactions that the source db1:3306 has not: 0-2-9" in next(m.gtid_troubles("db1:3306", {"purged": None}, mine, "0-2-9"))
