# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""drill_timers reads what is on the host, and what is not there is no timer of 0."""

import pytest
from ansible_collections.failover.stack.plugins.modules import drill_timers

SHOWN = "LoadState=%s\nRestart=%s\nRestartUSec=%s\n"


@pytest.mark.parametrize("text, ms", [
    ("100ms", 100), ("1.5s", 1500), ("1min 30s", 90000), ("1h 1ms", 3600001), ("500us", 0.5), ("0", 0), ("", 0), (None, 0),
    ("1d", 86400000), ("2w", 1209600000), ("1month 1y", 30.44 * 86400000 + 365.25 * 86400000),
    # For ever, and what is no time: not a short one.
    ("infinity", None), ("5 parsecs", None), ("1fortnight", None), ("1s infinity", None)])
def test_times_as_systemd_shows_them(text, ms):
    assert drill_timers.milliseconds(text) == (None if ms is None else pytest.approx(ms))


@pytest.fixture
def host(tmp_path, commands, play):
    """host(files, units) -> the timers that a host with these files and units tells."""
    def ask(files=None, units=None, **more):
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        for name, shown in (units or {}).items():
            commands.answers["systemctl show --property=LoadState,Restart,RestartUSec " + name] = shown
        paths = {"keepalived": str(tmp_path / "keepalived.conf"), "haproxy": str(tmp_path / "haproxy.cfg"),
                 "modjk": [str(tmp_path / name) for name in ("none/workers", "workers", "workers2")], "units": list(units or {})}
        result = play(drill_timers, {**paths, **more}, check=True)
        assert result["changed"] is False
        return result["timers"]
    return ask


def test_a_host_without_any_of_the_services(host):
    assert host() == {"units": {}}


def test_what_a_host_has_is_read_from_its_own_files(host):
    told = host({
        "keepalived.conf": "vrrp_instance i { priority 7\n virtual_ipaddress { 198.51.100.1/24 } }",
        "haproxy.cfg": "backend b\n  server s 198.51.100.2:80 check inter 50ms\n", "workers2": "worker.a.ping_timeout=9\n"})
    assert told["keepalived"]["instances"][0]["priority"] == 7 and told["keepalived"]["instances"][0]["addresses"] == ["198.51.100.1"]
    assert told["haproxy"]["backends"][0]["servers"] == [{"inter": 50.0, "name": "s", "address": "198.51.100.2:80"}]
    assert told["modjk"] == {"ping_timeout": 9.0} and told["units"] == {}


def test_the_first_file_of_workers_that_is_there_counts(host):
    assert host({"workers": "worker.a.ping_timeout=1\n", "workers2": "worker.a.ping_timeout=9\n"})["modjk"] == {"ping_timeout": 1.0}
    # A file where a directory is looked for is no file of workers.
    assert host({"none": ""})["modjk"] == {"ping_timeout": 1.0}


def test_units_that_are_there_and_their_restarts(host):
    told = host(units={"a.service": SHOWN % ("loaded", "always", "100ms"), "b.service": SHOWN % ("not-found", "no", "100ms"),
                       "c.service": SHOWN % ("loaded", "on-failure", "infinity"), "d.service": (1, "", "no bus"), "e.service": SHOWN % (
                           "masked", "no", "100ms")})
    assert told["units"] == {
        "a.service": {"restart": "always", "restart_ms": 100.0}, "c.service": {"restart": "on-failure", "restart_ms": None}}
