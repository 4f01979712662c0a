# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that are told to take up other certificates; what they show at their doors is played."""

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import tls
from ansible_collections.failover.stack.plugins.module_utils._host.served import NotServed, first_of
from ansible_collections.failover.stack.plugins.modules import certificate_reload

SOCKET, GROUP = {"protocol": "mysql", "socket": "/run/mysqld/mysqld.sock"}, {"address": "198.51.100.41", "port": 4567}
STARTED = 1000000000.0


class Host:
    """A directory with a certificate, and a server that shows the one it has read."""

    def __init__(self, root, database, commands, monkeypatch):
        self.root, self.started, self.broken, self.deaf = root, STARTED, None, False
        self.make()
        self.shown = self.file()
        database.answers = {"FLUSH LOCAL SSL": self.read, "ALTER INSTANCE RELOAD TLS": self.read}
        commands.answers = {"rabbitmqctl --quiet eval ssl:clear_pem_cache()": lambda _command: "ok" if self.read() == [] else ""}
        monkeypatch.setattr(certificate_reload, "TOLD", str(root / "told"))
        monkeypatch.setattr(certificate_reload, "shown", lambda module, names: ({}, {names[0]: self.started}))
        monkeypatch.setattr(certificate_reload, "served", self.served)

    def make(self, when=STARTED - 100):
        key = tls.new_key()
        (self.root / "tls").mkdir(exist_ok=True)
        for name, text in (("cert.pem", tls.self_signed(key, "db1", 30)), ("key.pem", key), ("ca.pem", "ca")):
            (self.root / "tls" / name).write_text(text)
        self.touch(when)

    def touch(self, when, *names):
        for name in names or ("cert.pem", "key.pem", "ca.pem", "."):
            os.utime(self.root / "tls" / name, (when, when))

    def file(self):
        return first_of((self.root / "tls/cert.pem").read_text())

    def read(self, *_values):
        self.shown = self.shown if self.deaf else self.file()
        self.broken = None
        return []

    def served(self, _door, _visitor):
        if self.broken:
            raise self.broken  # pylint: disable=raising-bad-type
        return self.shown


@pytest.fixture
def host(tmp_path, database, commands, monkeypatch, clock):
    clock(certificate_reload)
    return Host(tmp_path, database, commands, monkeypatch)


def asked(host, server="mariadb", **more):
    return dict({"server": server, "unit": "mariadb.service", "directory": str(host.root / "tls"), "door": SOCKET, "more_doors": [GROUP],
                 "login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": ""}, **more)


def test_who_shows_what_the_file_has_is_left_alone(host, database, play):
    assert play(certificate_reload, asked(host)) == {"changed": False, "reason": "", "left": ""} and database.did == []


@pytest.mark.parametrize("server, told", [
    ("mariadb", "FLUSH LOCAL SSL"), ("mysql", "ALTER INSTANCE RELOAD TLS"), ("rabbitmq", "rabbitmqctl --quiet eval ssl:clear_pem_cache()")])
def test_another_certificate_is_taken_up_once(host, database, commands, play, server, told):
    host.make(STARTED + 100)
    said = play(certificate_reload, asked(host, server), check=True)
    assert said["changed"] and said["reason"] == "it shows another certificate than %s/tls/cert.pem has" % host.root
    assert database.did == [] and commands.ran == [] and host.shown != host.file()
    assert play(certificate_reload, asked(host, server)) == said
    assert (database.began("FLUSH", "ALTER") + commands.ran)[0].startswith(told) and host.shown == host.file()
    assert not play(certificate_reload, asked(host, server))["changed"]


def test_another_authority_alone_is_taken_up_too(host, database, play):
    host.touch(STARTED + 50, "ca.pem")
    assert play(certificate_reload, asked(host))["reason"] == "%s/tls has something newer" % host.root
    assert not play(certificate_reload, asked(host))["changed"]
    host.touch(STARTED + 60, "ca.pem")
    assert play(certificate_reload, asked(host))["changed"] and len(database.began("FLUSH")) == 2
    # With its next start it has all.
    host.touch(STARTED + 70, "ca.pem")
    host.started = STARTED + 80
    assert not play(certificate_reload, asked(host))["changed"]


def test_who_does_not_take_it_up_is_told_of_unless_a_restart_is_due(host, play, refused):
    host.make(STARTED + 100)
    host.deaf = True
    assert refused(certificate_reload, asked(host)) == (
        "mariadb.service was told to read its certificates again and still shows another one than %s/tls/cert.pem has at "
        "/run/mysqld/mysqld.sock, 198.51.100.41:4567: restart it, or see its log." % host.root)
    assert play(certificate_reload, asked(host, restart_due=True))["changed"]


def test_a_server_that_does_not_run_or_has_no_tls_yet_is_left_alone(host, play):
    host.broken = NotServed("/run/mysqld/mysqld.sock: it offers no TLS")
    assert play(certificate_reload, asked(host)) == {"changed": False, "reason": "", "left": "/run/mysqld/mysqld.sock: it offers no TLS"}
    host.started = None
    assert play(certificate_reload, asked(host))["left"] == "mariadb.service does not run"


def test_one_that_has_read_something_broken_is_told_again(host, play):
    host.broken = NotServed("198.51.100.51:5671: alert", broken=True)
    assert play(certificate_reload, asked(host))["reason"] == "it shows none (198.51.100.51:5671: alert)"
    assert not play(certificate_reload, asked(host))["changed"]


def test_a_key_that_does_not_fit_is_not_given_to_a_server(host, database, refused):
    (host.root / "tls/key.pem").write_text(tls.new_key())
    said = refused(certificate_reload, asked(host))
    assert said.startswith("%s/tls/cert.pem and %s/tls/key.pem do not fit (" % (host.root, host.root)) and database.did == []


def test_what_is_not_there_is_left_to_the_run_that_makes_it(host, play, refused):
    (host.root / "tls/cert.pem").unlink()
    assert play(certificate_reload, asked(host), check=True)["left"] == "%s/tls/cert.pem is not there yet" % host.root
    assert "tls/cert.pem cannot be read" in refused(certificate_reload, asked(host))


def test_rabbitmqs_own_words_are_told(host, commands, refused):
    host.make(STARTED + 100)
    commands.answers = {"rabbitmqctl": (69, "", "Error: unable to perform an operation on node 'rabbit@mq1'")}
    assert refused(certificate_reload, asked(host, "rabbitmq")).startswith("RabbitMQ does not take up %s/tls/cert.pem: " % host.root)
