from __future__ import annotations

import os
import pathlib
import ssl
import sys
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import connection as c

GIVEN = {name: spec.get("default") for name, spec in c.LOGIN.items()}


@pytest.fixture
def sockets(monkeypatch):
    there = set()
    monkeypatch.setattr(c, "is_socket", lambda path: path in there)
    return there


@pytest.fixture
def options(tmp_path):
    path = tmp_path / "my.cnf"
    path.write_text("!includedir /etc/mysql/conf.d/\n[mysqld]\nport=1\n[client]\nuser = root\npassword = \"it's #1\"\n"
                    "socket=/run/other.sock\nssl_ca=/ca.crt\nskip-ssl\n[mysql]\nport=13306\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("version", "result"), [
    ("10.11.18-MariaDB-0+deb12u1-log", ("mariadb", (10, 11, 18))),
    ("5.5.5-10.5.8-MariaDB", ("mariadb", (10, 5, 8))),
    ("11.8.6-MariaDB-0+deb13u1 from Debian-log", ("mariadb", (11, 8, 6))),
    ("9.7.4-2", ("mysql", (9, 7, 4))), ("8.0.40-0ubuntu0.22.04.1", ("mysql", (8, 0, 40))), ("", ("mysql", (0, 0, 0)))])
def test_dialect(version, result):
    assert c.dialect_of(version) == result


def test_option_file(options):
    found = c.read_option_file(options)
    assert (found["user"], found["password"], found["socket"], found["port"], found["ssl-ca"]) == (
        "root", "it's #1", "/run/other.sock", "13306", "/ca.crt")
    assert c.read_option_file("/nowhere/my.cnf") == {}


def test_an_option_file_that_is_none(tmp_path):
    path = tmp_path / "my.cnf"
    path.write_text("user=root\n", encoding="utf-8")
    with pytest.raises(c.Failure, match="cannot be read as an option file"):
        c.read_option_file(str(path))


def test_root_logs_in_by_the_socket(sockets):
    sockets.add("/run/mysqld/mysqld.sock")
    where = c.login(dict(GIVEN, config_file=None))
    assert (where["unix_socket"], where["user"], where["port"]) == ("/run/mysqld/mysqld.sock", None, 3306)
    assert c.is_local(where) and c.place(where) == "/run/mysqld/mysqld.sock"


def test_a_port_that_is_asked_for_is_meant(sockets):
    sockets.add("/run/mysqld/mysqld.sock")
    where = c.login(dict(GIVEN, config_file=None, login_port=13306))
    assert (where["unix_socket"], c.place(where)) == (None, "localhost:13306")


def test_parameters_go_before_the_option_file(options, sockets):
    sockets.add("/run/other.sock")
    assert c.login(dict(GIVEN, config_file=options))["unix_socket"] == "/run/other.sock"
    where = c.login(dict(GIVEN, config_file=options, login_user="me", login_password="", login_host="db1", ca_cert="/x"))
    assert (where["user"], where["password"], where["host"], where["unix_socket"], where["ca"], where["port"]) == (
        "me", "", "db1", None, "/x", 13306)
    assert not c.is_local(where)


@pytest.mark.parametrize(("name", "quoted"), [("shop", "`shop`"), ("we`ird; drop", "`we``ird; drop`"), ("", "``")])
def test_identifiers(name, quoted):
    assert c.identifier(name) == quoted


def test_reason_of_an_error():
    assert c.reason(Exception(1045, "Access denied.")) == (1045, "Access denied")
    assert c.reason(Exception("odd")) == (None, "odd")


def test_what_is_no_socket(tmp_path):
    assert not c.is_socket(str(tmp_path)) and not c.is_socket(os.path.join(str(tmp_path), "gone"))


# --- What the driver is asked for


class Closing:
    closed, _secure = False, True

    def close(self):
        self.closed = True


class Driver:
    """PyMySQL as far as dial() knows it."""

    class Error(Exception):
        pass

    cursors = types.SimpleNamespace(DictCursor="dictionaries")
    err = types.SimpleNamespace(OperationalError=Error, MySQLError=Error)

    def __init__(self):
        self.asked, self.connection = None, Closing()

    def connect(self, **arguments):
        self.asked = arguments
        return self.connection


@pytest.fixture
def driver(monkeypatch):
    one = Driver()
    monkeypatch.setattr(c, "driver", lambda: one)
    monkeypatch.setattr(c, "tls_context", lambda *given, **more: ("context", *given))
    return one


def test_a_socket_and_time_limits(driver):
    where = {"unix_socket": "/s", "user": "agent", "connect_timeout": 1, "read_timeout": 0.5, "write_timeout": 0.5}
    assert c.dial(where) is driver.connection
    assert driver.asked == {"unix_socket": "/s", "user": "agent", "password": "", "connect_timeout": 1, "read_timeout": 0.5,
                            "write_timeout": 0.5, "autocommit": True, "charset": "utf8mb4"}


def test_a_host_with_and_without_tls(driver):
    where = {"host": "localhost", "port": 3307, "user": None, "password": "p", "connect_timeout": 0.25, "ca": None}
    c.dial(where, named=True)
    assert driver.asked == {"host": "127.0.0.1", "port": 3307, "password": "p", "connect_timeout": 0.25, "autocommit": True,
                            "charset": "utf8mb4", "cursorclass": "dictionaries"}
    c.dial(dict(where, host="db1", ca="/ca.pem", check_hostname=True))
    assert (driver.asked["host"], driver.asked["ssl"]) == ("db1", ("context", "/ca.pem", None, None, True))
    c.dial(dict(where, ca="/ca.pem"), "own")
    assert driver.asked["ssl"] == "own"


def test_over_a_socket_there_is_no_tls(driver):
    c.dial({"unix_socket": "/s", "user": "a", "connect_timeout": 1, "ca": "/ca.pem"})
    assert "ssl" not in driver.asked


def test_a_server_without_tls_is_not_spoken_to_in_the_clear(driver):
    driver.connection._secure = False
    where = {"host": "db1", "port": 3306, "user": None, "password": None, "unix_socket": None, "connect_timeout": 1, "ca": "/ca.pem"}
    with pytest.raises(Driver.Error, match="the server offers no TLS"):
        c.dial(where)
    assert driver.connection.closed
    with pytest.raises(c.Failure, match=r"^db1:3306 offers no TLS, which ca_cert or client_cert ask for$"):
        c.connect(where)
    # Who gives a context of his own looks himself.
    assert c.dial(where, "own") is driver.connection


# --- What a server answers, and why there is none


class Said:
    """A driver's connection: what it was told, what it answers or breaks with."""

    def __init__(self):
        self.did, self.answer, self.breaks, self.closed = [], [{"Variable_name": "Read_Only", "Value": "ON"}], None, 0

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def execute(self, statement, values):
        self.did.append((statement, values))
        if self.breaks:
            raise self.breaks  # pylint: disable=raising-bad-type

    def fetchall(self):
        return self.answer

    def escape(self, value):
        return "'%s'" % value

    def close(self):
        self.closed += 1
        if self.breaks:
            raise self.breaks  # pylint: disable=raising-bad-type


@pytest.fixture
def said(monkeypatch):
    """(Server, its connection)"""
    for name, module in (("pymysql", Driver), ("pymysql.cursors", Driver.cursors)):
        monkeypatch.setitem(sys.modules, name, module)
    connection = Said()
    return c.Server(connection, {"unix_socket": None, "host": "db1", "port": 3306}), connection


def test_a_statement_without_values_is_sent_as_it_is(said):
    """A driver that gets an empty tuple would read each % in it as a place for a value."""
    server, connection = said
    assert server.rows("SHOW TABLES LIKE '%'") == connection.answer and server.run("SELECT %s", [1]) is None
    assert connection.did == [("SHOW TABLES LIKE '%'", None), ("SELECT %s", (1,))]
    connection.answer = None
    assert server.rows("SET x = 1") == []


def test_variables_are_asked_by_name_and_told_in_small_letters(said):
    server, connection = said
    assert server.variables("read_only", "gtid_mode") == {"read_only": "ON"} and server.quoted("a") == "'a'"
    assert connection.did == [("SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s, %s)", ("read_only", "gtid_mode"))]


def test_what_a_server_refuses_is_told_with_its_place_and_number(said):
    server, connection = said
    connection.breaks = Driver.Error(1290, "The MariaDB server is running with the --read-only option.")
    with pytest.raises(c.Failure) as failed:
        server.run("INSERT")
    assert (str(failed.value), failed.value.code) == (
        "db1:3306 says: The MariaDB server is running with the --read-only option (error 1290)", 1290)
    # Somebody else has closed it before: it is closed.
    assert server.close() is None and connection.closed == 1


@pytest.mark.parametrize("error, kind, sentence", [
    (Driver.Error(2003, "Can't connect to MySQL server on 'db1'."), "Unreachable",
     "db1:3306: Can't connect to MySQL server on 'db1' (error 2003)"),
    (Driver.Error(2013, "Lost connection"), "Unreachable", "db1:3306: Lost connection (error 2013)"),
    (Driver.Error(1045, "Access denied for user 'a'."), "Failure", "db1:3306: Access denied for user 'a' (error 1045)"),
    (OSError(113, "No route to host"), "Unreachable", "db1:3306: No route to host"), (OSError("odd"), "Unreachable", "db1:3306: odd"),
    (RuntimeError("'cryptography' package is required for sha256_password."), "Failure",
     "db1:3306: 'cryptography' package is required for sha256_password"),
])
def test_who_cannot_be_reached_is_another_than_who_refuses(driver, monkeypatch, error, kind, sentence):
    def connect(**_arguments):
        raise error

    monkeypatch.setattr(driver, "connect", connect)
    where = {"host": "db1", "port": 3306, "user": None, "password": None, "unix_socket": None, "connect_timeout": 1}
    with pytest.raises(c.Failure) as failed:
        c.connect(where)
    assert (type(failed.value).__name__, str(failed.value)) == (kind, sentence)


def test_a_driver_that_is_missing_is_named_with_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(c.Failure, match=r"^PyMySQL is missing here: install the package python3-pymysql, then run again\.$"):
        c.driver()


@pytest.mark.parametrize("given, verifies, checks", [
    ({}, ssl.CERT_NONE, False), ({"check_hostname": True}, ssl.CERT_NONE, False),
    ({"verify": True, "check_hostname": True}, ssl.CERT_REQUIRED, True),
    ({"capath": "/etc/ssl/certs"}, ssl.CERT_REQUIRED, False), ({"capath": "/etc/ssl/certs", "verify": False}, ssl.CERT_NONE, False)])
def test_a_certificate_is_checked_where_there_is_an_authority(given, verifies, checks):
    context = c.tls_context(**given)
    assert (context.verify_mode, context.check_hostname) == (verifies, checks)


def test_an_option_files_host_counts_where_no_other_is_named(tmp_path, sockets):
    path = tmp_path / "my.cnf"
    path.write_text("[client]\nhost=db.example\n", encoding="utf-8")
    assert c.login(dict(GIVEN, config_file=str(path)))["host"] == "db.example"
    assert c.login(dict(GIVEN, config_file=str(path), login_host="198.51.100.7"))["host"] == "198.51.100.7"


# --- A module's server


class Ended(Exception):
    pass


class Module:
    params = {}

    def fail_json(self, **result):
        raise Ended(result)


@pytest.fixture
def server(monkeypatch):
    one = Closing()
    monkeypatch.setattr(c, "open_server", lambda params: one)
    return one


def test_the_server_is_closed_at_the_end(server):
    with c.opened(Module()) as given:
        assert given is server and not server.closed
    assert server.closed


def test_a_failure_ends_the_module_with_its_sentence_and_values(server):
    with pytest.raises(Ended) as ended, c.opened(Module(), "db1"):
        raise c.Failure("db1: no.", 1045, problems=["no"])
    assert ended.value.args[0] == {"msg": "db1: no.", "problems": ["no"]} and server.closed


def test_who_has_no_connection_is_named(monkeypatch):
    def refuse(params):
        raise c.Unreachable("/s: refused (error 2003)", 2003)

    monkeypatch.setattr(c, "open_server", refuse)
    for host, sentence in (("db1", "db1: /s: refused (error 2003)."), ("", "/s: refused (error 2003)")):
        with pytest.raises(Ended) as ended, c.opened(Module(), host):
            raise AssertionError("not reached")
        assert ended.value.args[0] == {"msg": sentence}


def test_another_error_is_not_hidden(server):
    with pytest.raises(ZeroDivisionError), c.opened(Module()):
        raise ZeroDivisionError
    assert server.closed


def test_nobody_else_opens_a_connection():
    root = pathlib.Path(__file__).resolve().parents[5] / "plugins"
    assert [path.name for path in root.rglob("*.py") if "pymysql.connect(" in path.read_text(encoding="utf-8")] == ["connection.py"]
