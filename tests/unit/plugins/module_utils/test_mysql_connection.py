from __future__ import annotations

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _mysql_connection as c

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
