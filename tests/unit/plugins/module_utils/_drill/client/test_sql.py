from __future__ import annotations

import socket
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import sql
from ansible_collections.failover.stack.plugins.module_utils._drill.history import Failed, Unknown


class Error(Exception):
    pass


class InterfaceError(Error):
    pass


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.setattr(sql, "pymysql", types.SimpleNamespace(err=types.SimpleNamespace(Error=Error, InterfaceError=InterfaceError)))


@pytest.mark.parametrize(
    "error, kind, words",
    [
        (Error(1290, "running with the --read-only option"), Failed, "error 1290 (read only)"),
        (Error(1836, "Running in read-only mode"), Failed, "error 1836 (read only)"),
        (Error(1047, "WSREP has not yet prepared node"), Failed, "error 1047 (not in the primary component)"),
        (Error(1114, "The table is full"), Failed, "error 1114 (disk full)"),
        (Error(9999, "something else"), Failed, "error 9999 (something else)"),
        (Error(1927, "Connection was killed"), Unknown, "unknown: error 1927 (connection killed)"),
        (Error(1053, "Server shutdown in progress"), Unknown, "unknown: error 1053 (server shuts down)"),
        (Error(2013, "Lost connection to MySQL server during query"), Unknown, "unknown: connection lost before the answer"),
        (Error(2013, "Lost connection (The read operation timed out)"), Unknown, "unknown: no answer within the time limit"),
        (Error(2006, "MySQL server has gone away (BrokenPipeError)"), Failed, "connection lost before it was sent"),
        (InterfaceError(0, ""), Failed, "connection lost before it was sent"),
        (OSError(104, "reset"), Unknown, "unknown: connection lost before the answer"),
    ],
)
def test_verdicts(error, kind, words):
    found = sql.verdict(error)
    assert isinstance(found, kind) and found.__class__ is kind
    assert str(found) == words


def refused(why, *arguments):
    error = Error(*arguments)
    error.original_exception = why
    return error


@pytest.mark.parametrize(
    "error, words",
    [
        (refused(socket.timeout("timed out"), 2003, "x"), "no connection: time limit"),
        (refused(ConnectionRefusedError(111, "Connection refused"), 2003, "x"), "no connection: refused"),
        (refused(OSError(113, "No route to host"), 2003, "x"), "no connection: no route to host"),
        (Error(1040, "Too many connections"), "no connection: error 1040 (too many connections)"),
        (Error(1045, "Access denied for user 'x'@'1.2.3.4'"), "no connection: error 1045 (access denied)"),
        (Error(2013, "Lost connection"), "no connection: lost while it was made"),
        (Error(2026, "the server offers no TLS"), "no connection: no TLS"),
    ],
)
def test_why_there_is_no_connection(error, words):
    assert sql.connect_words(error) == words


@pytest.mark.parametrize(
    "version, variables, side",
    [
        ("10.11.19-MariaDB", {"read_only": "OFF"}, ["db1"]),
        ("10.11.19-MariaDB", {"read_only": "ON"}, []),
        ("12.1.1-MariaDB", {"read_only": "NO_LOCK"}, []),
        ("9.7.4", {"read_only": "OFF", "super_read_only": "OFF"}, ["db1"]),
        ("9.7.4", {"read_only": "ON", "super_read_only": "ON"}, []),
        ("9.7.4", {}, []),
    ],
)
def test_who_accepts_writes(version, variables, side):
    assert sql.replication_side("db1", version, variables) == side


def test_the_primary_component_that_a_member_sees():
    status = {"wsrep_cluster_status": "Primary", "wsrep_ready": "ON", "wsrep_incoming_addresses": "a:3306,b:3306,AUTO"}
    assert sql.galera_side("g1", status) == ["g1", "a:3306", "b:3306"]
    assert sql.galera_side("g1", dict(status, wsrep_cluster_status="non-Primary")) == []
    assert sql.galera_side("g1", dict(status, wsrep_ready="OFF")) == []


def test_identifiers_are_quoted():
    assert sql.quoted("a`b") == "`a``b`"


class Cursor:
    def __init__(self, answers, asked):
        self.answers, self.asked = answers, asked

    def __enter__(self):
        return self

    def __exit__(self, *_what):
        return False

    def execute(self, statement, values=None):
        self.asked.append((statement % () if values == () else statement, values))
        answer = next((a for word, a in self.answers if word in statement), ())
        if isinstance(answer, Exception):
            raise answer
        self.found = answer

    def fetchall(self):
        return self.found


class Server:
    def __init__(self, *answers):
        self.answers, self.asked = answers, []

    def cursor(self):
        return Cursor(self.answers, self.asked)

    def close(self):
        pass


SETTINGS = {"database": "d", "table": "t", "address": "10.0.0.1", "cluster": "replication", "connect_timeout_ms": 1000}


def client(server, **more):
    kind = sql.Sql(dict(SETTINGS, **more), "secret", 77)
    kind.connection = lambda *_where: server
    return kind


def test_the_table_is_made_only_where_it_is_missing():
    server = Server()
    client(server).prepare()
    assert [s for s, _v in server.asked] == ["DELETE FROM `d`.`t` WHERE run <> %s"]
    server = Server(("DELETE", Error(1146, "no such table")))
    client(server).prepare()
    assert [s.split(" (")[0] for s, _v in server.asked[1:]] == ["CREATE DATABASE IF NOT EXISTS `d`", "CREATE TABLE IF NOT EXISTS `d`.`t`"]
    with pytest.raises(Error, match="denied"):
        client(Server(("DELETE", Error(1142, "denied")))).prepare()


def test_a_write():
    server = Server()
    link = sql.Link(client(server), server, "db1")
    link.write(5)
    assert server.asked == [("INSERT INTO `d`.`t` (run, id) VALUES (%s, %s)", (77, 5))]
    with pytest.raises(Failed, match="read only"):
        sql.Link(client(server), Server(("INSERT", Error(1290, "no"))), "db1").write(6)


def test_a_link_without_a_socket_is_stale():
    assert sql.Link(None, types.SimpleNamespace(_sock=None), "db1").stale()


def test_a_link_with_something_to_read_is_stale():
    near, far = socket.socketpair()
    link = sql.Link(None, types.SimpleNamespace(_sock=near), "db1")
    assert not link.stale()
    far.close()
    assert link.stale()
    near.close()


def test_the_server_behind_the_address_has_its_inventory_name():
    server = Server(("@@hostname", (("host-a", 3306, "10.11-MariaDB"),)))
    kind = client(server)
    assert kind.ask("db1", "10.0.0.2") == (server, "10.11-MariaDB")
    server.answers = (("@@hostname", (("host-a", 3306),)),)
    kind.p["timeout_ms"] = 1000
    assert kind.connect().server == "db1"


def test_a_look():
    server = Server(("VARIABLES", (("read_only", "OFF"),)), ("MAX(id)", ((42,),)))
    assert client(server).look("db1", server, "10.11-MariaDB") == (["db1"], 42)
    server = Server(("STATUS", (("wsrep_cluster_status", "Primary"), ("wsrep_ready", "ON"))), ("MAX(id)", ((None,),)))
    assert client(server, cluster="galera").look("g1", server, "x") == (["g1"], 0)
