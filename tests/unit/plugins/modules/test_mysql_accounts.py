# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Databases and accounts against a server that is played: it keeps what it is told."""

import json
import re

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import connection
from ansible_collections.failover.stack.plugins.module_utils._sql.accounts import is_password, native_hash
from ansible_collections.failover.stack.plugins.module_utils._sql.beginning import STATEMENT
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable
from ansible_collections.failover.stack.plugins.modules import mysql_accounts

PASSWORD = "Ub2 of the shop's"
SHOP = {"name": "shop", "hosts": ["198.51.100.%"], "databases": ["my shop"]}
COUNT = {"login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": ""}


class Server:
    """A MariaDB or MySQL with databases and accounts: {(user, host): [string, require, {place: privileges}, second string]}.

    things: tables with their columns and routines, by (database, name). judges: active plugins that judge passwords.
    """

    def __init__(self, version, monkeypatch):
        self.version, self.databases, self.accounts, self.did, self.fails = version, ["mysql"], {}, [], ""
        self.globals = {"read_only": "OFF", "super_read_only": "OFF"}
        self.where = {"unix_socket": "/run/mysqld/mysqld.sock"}
        self.while_writing, self.things, self.judges = [], {}, []
        monkeypatch.setattr(connection, "open_server", lambda params: self)

    def close(self):
        self.closed = True

    def variables(self, *names):
        return {name: self.globals[name] for name in names if name in self.globals}

    def rows(self, statement, values=()):
        if statement == "SELECT VERSION() AS v":
            return [{"v": self.version}]
        if "FROM information_schema.SCHEMATA" in statement:
            return [{"n": name, "s": "utf8mb4", "c": "utf8mb4_general_ci"} for name in self.databases]
        if statement == "SHOW PRIVILEGES":
            return [{"Privilege": name} for name in ("Select", "File", "Usage", "Grant option", "BACKUP_ADMIN")]
        if "information_schema.PLUGINS" in statement:
            return [{"name": name} for name in self.judges]
        if "information_schema.ROUTINES" in statement:
            return [{"there": 1}] if self.things.get(tuple(values[:2])) == values[2] else []
        if "information_schema.COLUMNS" in statement:
            return [{"name": name} for name in self.things.get(tuple(values), ())]
        account = self.accounts.get(tuple(values))
        if statement.endswith("AS more FROM mysql.global_priv WHERE User = %s AND Host = %s"):
            more = [{}, {"plugin": "mysql_native_password", "authentication_string": account[3:] and account[3]}]
            return [{"more": json.dumps(more) if account[3:] else None}]
        if "additional_password" in statement:
            return [{"more": account[3].encode().hex() if account[3:] else None}]
        if statement.startswith("SELECT plugin"):
            plugin = b"caching_sha2_password" if (account or [""])[0].startswith("$A") else b"mysql_native_password"
            if account is None:
                return []
            require, issuer, subject = ([account[1], "", ""] if isinstance(account[1], str) else account[1])
            return [{"plugin": plugin, "string": account[0].encode().hex().encode(), "ssl_type": require.encode(), "ssl_cipher": None,
                     "x509_issuer": issuer.encode(), "x509_subject": subject}]
        assert statement.startswith("SHOW GRANTS")
        lines = ["GRANT USAGE ON *.* TO `%s`@`%s`" % tuple(values)]
        return [{"g": line} for line in lines + ["GRANT %s ON %s TO `%s`@`%s`" % (", ".join(sorted(names)), place, *values)
                                                 for place, names in account[2].items()]]

    def run(self, statement, values=()):
        self.did.append((statement, tuple(values)))
        if self.fails and re.search(self.fails, statement):
            raise Failure("the server says: no (error 1227)", 1227)
        if statement.startswith("SET GLOBAL"):
            _set, _global, name, _is, value = statement.split()
            self.globals[name] = value
            return
        self.while_writing.append(dict(self.globals))
        if statement == STATEMENT:
            return
        verb, key = statement.split()[0], tuple(values[:2])
        if statement.startswith("CREATE DATABASE"):
            self.databases.append(re.search(r"`(.+)`", statement).group(1))
        elif statement.startswith("ALTER DATABASE"):
            return
        elif verb == "CREATE":
            both = statement.count("USING")
            self.accounts[key] = [values[2], required(statement, values[2 + max(both, 1):]), {}, *(values[3:4] if both == 2 else [])]
        elif "REQUIRE" in statement:
            self.accounts[key][1] = required(statement, values[2:])
        elif verb == "ALTER":
            account = self.accounts[key]
            second = {"DISCARD": [], "RETAIN": [account[0]]}.get(
                (re.findall("DISCARD|RETAIN", statement) or [""])[0], values[3:4] if "VIA" in statement else account[3:])
            account[3:], account[0] = list(second), values[2] if values[2:] else account[0]
        else:
            names, place = re.match(r"\w+ (.+) ON ((?:PROCEDURE )?(?:\S+|`.*`\.\S+)) (?:TO|FROM) ", statement % ("'u'", "'h'")).groups()
            have = self.accounts[key][2].setdefault(place, set())
            if verb == "REVOKE" and "ALL PRIVILEGES" in have and names != "ALL PRIVILEGES":
                have.remove("ALL PRIVILEGES")
                have.update(["SELECT", "INSERT", "DELETE", "DROP"])
            changed = have.update if verb == "GRANT" else have.difference_update
            changed(re.split(r", (?![^(]*\))", names))
            if not have:
                del self.accounts[key][2][place]


def required(statement, values):
    if "SUBJECT" in statement:
        return ["SPECIFIED", *(values if len(values) > 1 else ["", values[0]])]
    return "ANY" if "REQUIRE SSL" in statement else "X509" if "REQUIRE X509" in statement else ""


@pytest.fixture(params=["10.11.19-MariaDB", "9.7.4"])
def server(request, monkeypatch):
    return Server(request.param, monkeypatch)


def asked(**more):
    return dict(COUNT, **dict({"databases": ["my shop"], "users": [SHOP], "passwords": {"shop": PASSWORD}}, **more))


def test_all_is_made_and_a_second_run_finds_it_so(server, play):
    first = play(mysql_accounts, asked())
    assert first["changed"] and first["done"] == [
        "database my shop: created", "shop@198.51.100.%: created", "shop@198.51.100.%: grant ALL PRIVILEGES on my shop.*"]
    assert server.databases == ["mysql", "my shop"] and ("shop", "198.51.100.%") in server.accounts
    server.did.clear()
    second = play(mysql_accounts, asked())
    assert (second["changed"], second["done"], server.did) == (False, [], [])


def test_the_mark_comes_before_everything_else_in_the_log(server, play):
    result = play(mysql_accounts, asked(mark_beginning=True), check=True)
    assert result["done"][0] == "the binary log: marked as beginning with an empty server" and server.did == []
    play(mysql_accounts, asked(mark_beginning=True))
    assert server.did[0][0] == STATEMENT and server.did[1][0].startswith("CREATE DATABASE")


def test_no_password_is_in_a_statement_a_diff_or_the_result(server, play):
    play(mysql_accounts, asked())
    result = play(mysql_accounts, asked(passwords={"shop": PASSWORD + "2"}), diff=True)
    assert result["done"] == ["shop@198.51.100.%: another password"] and result["diff"]["after"] == "shop@198.51.100.%: another password\n"
    assert PASSWORD not in json.dumps(result) and not [each for each in server.did if PASSWORD in str(each)]
    assert play(mysql_accounts, asked(passwords={"shop": PASSWORD + "2"}))["changed"] is False


def test_mysqls_password_has_a_salt_of_its_own(monkeypatch, play):
    server = Server("9.7.4", monkeypatch)
    play(mysql_accounts, asked(users=[dict(SHOP, hosts=["198.51.100.11", "198.51.100.12"])]))
    strings = [account[0] for account in server.accounts.values()]
    assert len(set(strings)) == 2 and all(len(string) == 7 + 20 + 43 for string in strings)


NEW, BOTH = {"shop": PASSWORD + "2"}, {"passwords": {"shop": PASSWORD + "2"}, "old_passwords": {"shop": PASSWORD}}


def takes(server):
    """The passwords of the shop's account."""
    return [password for password in (PASSWORD, NEW["shop"]) if any(
        is_password("caching_sha2_password" if one.startswith("$A") else "mysql_native_password", one.encode(), password)
        for one in [server.accounts["shop", "198.51.100.%"][0], *server.accounts["shop", "198.51.100.%"][3:]])]


def test_an_old_password_is_valid_beside_the_new_one_until_it_is_named_no_more(server, play):
    play(mysql_accounts, asked())
    said = play(mysql_accounts, asked(**BOTH), check=True)
    assert takes(server) == [PASSWORD] and said["done"] == ["shop@198.51.100.%: another password, the old one stays valid"]
    result = play(mysql_accounts, asked(**BOTH), diff=True)
    assert result["done"] == said["done"] and takes(server) == [PASSWORD, NEW["shop"]] and PASSWORD not in json.dumps(result)
    server.did.clear()
    assert not play(mysql_accounts, asked(**BOTH))["changed"] and server.did == []
    assert play(mysql_accounts, asked(passwords=NEW), check=True)["done"] == ["shop@198.51.100.%: the old password is dropped"]
    assert takes(server) == [PASSWORD, NEW["shop"]]
    assert play(mysql_accounts, asked(passwords=NEW))["done"] == ["shop@198.51.100.%: the old password is dropped"]
    assert takes(server) == [NEW["shop"]] and not play(mysql_accounts, asked(passwords=NEW))["changed"]


def test_a_new_account_has_both_and_one_that_has_the_new_one_gets_the_old_one_back(server, play):
    assert play(mysql_accounts, asked(**BOTH))["done"][1] == "shop@198.51.100.%: created" and takes(server) == [PASSWORD, NEW["shop"]]
    assert not play(mysql_accounts, asked(**BOTH))["changed"]
    play(mysql_accounts, asked(passwords=NEW))
    assert play(mysql_accounts, asked(**BOTH))["done"] == ["shop@198.51.100.%: the old password is valid, too"]
    assert takes(server) == [PASSWORD, NEW["shop"]]


@pytest.mark.parametrize("given, says", [
    ({"passwords": NEW, "old_passwords": NEW}, "old_passwords has the same one for the account shop as passwords: give the one that it had "
                                               "so far, or leave it out, then only the one in passwords is valid. Nothing was changed."),
    ({"passwords": NEW, "old_passwords": {"shop": "mistyped"}}, (
        "shop@198.51.100.% takes neither the password in passwords nor the one in old_passwords, so whoever uses it now would be refused: "
        "correct the old one, or leave it out to accept that. Nothing was changed.")),
    ({"old_passwords": {"shpo": PASSWORD}}, (
        "old_passwords has one for 'shpo', which is no account in users (shop): correct the name. Nothing was changed.")),
])
def test_an_old_password_that_would_leave_clients_refused_is_refused_itself(server, play, refused, given, says):
    play(mysql_accounts, asked())
    server.did.clear()
    assert refused(mysql_accounts, asked(databases=["other"], **given)) == says and server.did == []


def test_a_server_that_judges_passwords_lets_both_be_set_and_the_old_one_be_dropped(judging, play):
    play(mysql_accounts, asked())
    for given in (BOTH, {"passwords": NEW}):
        judging.while_writing.clear()
        assert play(mysql_accounts, asked(**given))["changed"]
        assert {seen["strict_password_validation"] for seen in judging.while_writing} == {"OFF"}
    assert judging.globals["strict_password_validation"] == "ON" and takes(judging) == [NEW["shop"]]


def test_privileges_tls_rule_and_hosts_become_what_is_asked(server, play):
    play(mysql_accounts, asked())
    changed = dict(SHOP, databases=[], privileges={"my shop.*": "SELECT, insert"}, tls=True, hosts=["198.51.100.%", "198.51.100.7"])
    result = play(mysql_accounts, asked(users=[changed]))
    assert result["done"] == [
        "shop@198.51.100.%: another rule about TLS", "shop@198.51.100.%: revoke DROP on my shop.*", "shop@198.51.100.7: created",
        "shop@198.51.100.7: grant INSERT, SELECT on my shop.*", "shop@198.51.100.%: revoke DELETE on my shop.*"]
    assert not play(mysql_accounts, asked(users=[changed]))["changed"]


def test_accounts_and_databases_that_are_not_named_stay(server, play):
    play(mysql_accounts, asked())
    before = dict(server.accounts)
    assert not play(mysql_accounts, asked(databases=[], users=[], passwords={}))["changed"]
    assert server.accounts == before and "my shop" in server.databases


def test_check_mode_says_the_same_and_writes_nothing(server, play):
    said = play(mysql_accounts, asked(), check=True)
    assert said["changed"] and server.did == [] and server.databases == ["mysql"]
    assert play(mysql_accounts, asked())["done"] == said["done"]


def test_an_account_without_a_password_is_refused_before_anything(server, refused):
    users = [SHOP, {"name": "nobody", "hosts": ["%"]}]
    assert refused(mysql_accounts, asked(users=users)) == "passwords has none for the account nobody: name it there."
    assert server.did == []


def test_a_read_only_server_is_refused_when_there_is_something_to_do(server, play, refused):
    server.globals["read_only"] = "ON"
    assert refused(mysql_accounts, asked()) == (
        "/run/mysqld/mysqld.sock is read-only: databases and accounts are made on the writer.")
    assert server.did == []
    assert not play(mysql_accounts, asked(databases=[], users=[]))["changed"]


SEMI = {"read_only": "ON", "super_read_only": "ON", "rpl_semi_sync_master_enabled": "ON"}


def test_what_was_lifted_is_put_back(server, play):
    server.globals = dict(SEMI)
    play(mysql_accounts, asked(lift_read_only=True))
    assert server.globals == SEMI
    assert all(set(seen.values()) == {"OFF"} for seen in server.while_writing) and server.while_writing


@pytest.mark.parametrize("fails", [
    "CREATE USER", "CREATE DATABASE", "GRANT", "rpl_semi_sync_master_enabled = OFF", "super_read_only = OFF"])
def test_what_was_lifted_is_put_back_whatever_fails(server, refused, fails):
    server.globals, server.fails = dict(SEMI), fails
    assert refused(mysql_accounts, asked(lift_read_only=True)) == "the server says: no (error 1227)"
    assert server.globals == SEMI


def test_a_server_that_does_not_answer_is_said(monkeypatch, refused):
    def down(params):
        raise Unreachable("/run/mysqld/mysqld.sock: Connection refused")

    monkeypatch.setattr(connection, "open_server", down)
    assert refused(mysql_accounts, asked()) == "/run/mysqld/mysqld.sock: Connection refused"


def test_half_an_account_is_completed(server, play):
    """A run that ended between CREATE USER and GRANT."""
    server.accounts[("shop", "198.51.100.%")] = [native_hash(PASSWORD), "", {}]
    result = play(mysql_accounts, asked(databases=[]))
    assert result["done"] == ["shop@198.51.100.%: grant ALL PRIVILEGES on my shop.*"]


def test_a_database_with_a_character_set_of_its_own(play, server):
    server.databases.append("there")
    wanted = [{"name": "old", "character_set": "latin1", "collation": "latin1_german2_ci"}, {"name": "there", "collation": "utf8mb4_bin"},
              "mysql", {"name": "plain"}]
    result = play(mysql_accounts, dict(COUNT, databases=wanted))
    assert [statement for statement, _values in server.did] == [
        "CREATE DATABASE `old` CHARACTER SET latin1 COLLATE latin1_german2_ci", "ALTER DATABASE `there` COLLATE utf8mb4_bin",
        "CREATE DATABASE `plain` CHARACTER SET utf8mb4"]
    assert result["done"][1] == ("database there: tables to come get another character set or collation, collation utf8mb4_bin (it was "
                                 "utf8mb4, utf8mb4_general_ci)")


COLUMNS = dict(SHOP, databases=[], privileges={"shop.orders": "UPDATE (buyer), Select (`Id`, buyer)", "PROCEDURE shop.report": "EXECUTE",
                                               "shop.*": "GRANT OPTION"})


def test_privileges_of_columns_and_routines_are_granted_once(server, play):
    server.things = {("shop", "orders"): ["Id", "Buyer"], ("shop", "report"): "PROCEDURE"}
    asked_for = asked(databases=[], users=[COLUMNS])
    assert play(mysql_accounts, asked_for)["done"] == [
        "shop@198.51.100.%: created", "shop@198.51.100.%: grant GRANT OPTION on shop.*",
        "shop@198.51.100.%: grant SELECT (buyer, id), UPDATE (buyer) on shop.orders",
        "shop@198.51.100.%: grant EXECUTE on PROCEDURE shop.report"]
    server.did.clear()
    second = play(mysql_accounts, asked_for)
    assert (second["changed"], second["pending"], server.did) == (False, [], [])


def test_what_is_not_there_yet_is_granted_by_a_later_run(server, play):
    server.things = {("shop", "orders"): ["Id"]}
    asked_for = asked(databases=[], users=[COLUMNS])
    first = play(mysql_accounts, asked_for)
    assert first["pending"] == [
        "shop@198.51.100.%: column buyer of shop.orders is not there yet, the next run grants SELECT (buyer, id), UPDATE (buyer) on it",
        "shop@198.51.100.%: PROCEDURE shop.report is not there yet, the next run grants EXECUTE on it"]
    assert first["warnings"] == [line + "." for line in first["pending"]]
    server.things = {("shop", "orders"): ["Id", "Buyer"], ("shop", "report"): "PROCEDURE"}
    assert len(play(mysql_accounts, asked_for)["done"]) == 2
    assert not play(mysql_accounts, asked_for)["changed"]


@pytest.mark.parametrize("rule", [{"x509": True}, {"subject": "/CN=shop"}, {"subject": "/CN=shop", "issuer": "/CN=our authority"}])
def test_a_certificate_is_required_as_asked(server, play, rule):
    play(mysql_accounts, asked())
    users = [dict(SHOP, **rule)]
    assert play(mysql_accounts, asked(users=users))["done"] == ["shop@198.51.100.%: another rule about TLS"]
    assert not play(mysql_accounts, asked(users=users))["changed"]


@pytest.mark.parametrize("privileges, says", [
    ({"shop": "SELECT"}, "users: shop has privileges on 'shop': write database.table, database.*, *.*, PROCEDURE database.name or "
                         "FUNCTION database.name."),
    ({"shop.*": "SELECT; DROP"}, "users: shop has privileges 'SELECT; DROP' on 'shop.*': write them separated by commas, columns in "
                                 "parentheses."),
])
def test_what_cannot_be_read_is_refused(server, refused, privileges, says):
    assert refused(mysql_accounts, asked(users=[dict(SHOP, privileges=privileges)])) == says
    assert server.did == []


STRICT = {"strict_password_validation": "ON", "simple_password_check_digits": "1", "simple_password_check_minimal_length": "8",
          "simple_password_check_letters_same_case": "1", "simple_password_check_other_characters": "1"}
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.fixture
def judging(monkeypatch):
    server = Server("11.8.9-MariaDB", monkeypatch)
    server.globals.update(STRICT)
    server.judges = ["simple_password_check"]
    return server


def test_a_good_password_is_set_on_a_server_that_judges_passwords(judging, play):
    play(mysql_accounts, asked())
    assert judging.globals["strict_password_validation"] == "ON"
    assert {seen["strict_password_validation"] for seen in judging.while_writing} == {"OFF"}
    judging.did.clear()
    assert not play(mysql_accounts, asked())["changed"] and judging.did == []


def test_a_password_that_the_servers_plugin_refuses_is_refused_before_anything(judging, refused):
    assert refused(mysql_accounts, asked(passwords={"shop": HEX})) == (
        "The password of the account shop has 0 capital letters where 1 are demanded, 0 other characters where 1 are demanded "
        "(simple_password_check): give another one. Nothing was changed.")
    assert judging.did == []


def test_severity_returns_whatever_fails(judging, refused):
    judging.fails = "CREATE USER"
    refused(mysql_accounts, asked())
    assert judging.globals["strict_password_validation"] == "ON"


@pytest.mark.parametrize("said, sentence", [
    ("%s: OK\n", ""), ("%s: it is based on a dictionary word\n",
                       "The password of the account shop is refused, it is based on a dictionary word (cracklib_password_check): "
                       "give another one. Nothing was changed.")])
def test_cracklib_is_asked_on_the_host(judging, play, refused, commands, said, sentence):
    judging.globals["cracklib_password_check_dictionary"] = "/var/cache/cracklib/cracklib_dict"
    commands.answers = {"cracklib-check": said % PASSWORD}
    if sentence:
        assert refused(mysql_accounts, asked()) == sentence and judging.did == []
    else:
        assert play(mysql_accounts, asked())["changed"]
    assert PASSWORD not in " ".join(commands.ran) and commands.stdin == [PASSWORD]
