# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib
import re

import pytest
import yaml
from ansible_collections.failover.stack.plugins.lookup import program_unit as lookup
from ansible_collections.failover.stack.plugins.plugin_utils.program_unit import quoted, unit

ROOT = pathlib.Path(__file__).parents[4]
# Where a role's settings of its program are, when that is not vars/main.yml.
SETTINGS = {role: "plugins/module_utils/_%s.py" % name for role, name in (
    ("mysql_replication", "mysql/server"), ("galera", "galera/cluster"), ("rabbitmq_cluster", "rabbitmq/cluster"))}
DEFAULTS = {name: option.get("default") for name, option in yaml.safe_load(lookup.DOCUMENTATION)["options"].items()}


def text(**options):
    return unit("_agents.x", dict(DEFAULTS, directory="/opt/x", description="Does x", **options))


def test_the_documented_options_are_those_that_are_read():
    assert set(lookup.OPTIONS) | {"_terms"} == set(DEFAULTS)


def test_what_is_done_when_it_has_ended():
    lines = text(ended=["/etc/x.json", "ended"]).splitlines()
    assert "ExecStopPost=-/usr/bin/python3 -BI /opt/x/run.py _agents.x /etc/x.json ended" in lines
    assert "ExecStopPost" not in text()
    lines = text(ended=["/etc/x.json", "ended"], ended_unless="/run/x/leads").splitlines()
    assert 'ExecStopPost=-/bin/sh -c "[ -e /run/x/leads ] || exec /usr/bin/python3 -BI /opt/x/run.py _agents.x /etc/x.json ended"' in lines


def test_who_says_when_it_has_started_is_waited_for():
    assert "Type=notify" in text(notifies=True, watchdog_s=1).splitlines() and "Type=" not in text(watchdog_s=1)


def test_a_user_gets_what_it_may_beyond_itself():
    lines = text(user="www-data", capabilities=["CAP_NET_RAW"], arguments=["/etc/x.json", 7]).splitlines()
    assert "ExecStart=/usr/bin/python3 -BI /opt/x/run.py _agents.x /etc/x.json 7" in lines
    assert {"User=www-data", "AmbientCapabilities=CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_RAW", "ProtectSystem=strict"} <= set(lines)


def test_root_keeps_nothing_else():
    lines = text(families=["AF_NETLINK"], writable=["/var/lib/x"]).splitlines()
    assert {"CapabilityBoundingSet=", "ReadWritePaths=/var/lib/x"} <= set(lines)
    assert "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK" in lines
    assert not [line for line in lines if line.startswith(("User=", "AmbientCapabilities="))]


def test_who_mounts_for_others_has_no_view_of_its_own():
    lines = text(shares_view=True, namespaces=["mnt"], calls=["@mount", "~@privileged"], capabilities=["CAP_SYS_ADMIN"]).splitlines()
    assert {"NoNewPrivileges=true", "CapabilityBoundingSet=CAP_SYS_ADMIN", "RestrictNamespaces=mnt", "DevicePolicy=closed",
            "SystemCallFilter=@system-service @mount", "SystemCallFilter=~@privileged"} <= set(lines)
    assert not [line for line in lines if line.startswith(("Private", "ProtectSystem", "ProtectHome", "ProtectKernel", "ReadWritePaths"))]


def test_who_compiles_may_run_what_it_has_written():
    assert "MemoryDenyWriteExecute=true" in text() and "MemoryDenyWriteExecute" not in text(writes_code=True)


def test_a_socket_in_tmp_can_be_seen():
    assert "PrivateTmp=true" in text() and "PrivateTmp" not in text(private_tmp=False)


def test_nobody_is_given_up():
    for options in ({}, {"shares_view": True}, {"user": "x"}):
        assert {"Restart=always", "StartLimitIntervalSec=0", "NoNewPrivileges=true"} <= set(text(**options).splitlines())


def test_a_sign_of_life_is_asked_for_only_where_one_is_given():
    assert "WatchdogSec=30" in text(watchdog_s=30) and "Watchdog" not in text()


@pytest.mark.parametrize("role, agent", [
    ("apache_modjk", "httpd_watchdog"), ("tomcat_cluster", "tomcat_watchdog"), ("mysql_replication", "mysql_automatic"),
    ("galera", "galera_check"), ("keepalived", "network_watch"), ("rabbitmq_cluster", "rabbitmq_watchdog")])
def test_a_sign_is_asked_of_whom_gives_one(role, agent):
    """A program with watchdog_s that never beats would be killed again and again."""
    source = (ROOT / "plugins/module_utils/_agents" / (agent + ".py")).read_text(encoding="utf-8")
    settings = ROOT / SETTINGS[role] if role in SETTINGS else ROOT / "roles" / role / "vars/main.yml"
    asked = re.search(r"\bwatchdog_s\b", settings.read_text(encoding="utf-8")) is not None
    assert asked is ("alive.beat()" in source)


def test_online_is_wanted_by_whom_starts_after_it():
    assert "Wants=network-online.target" in text(after=["network-online.target"]) and "Wants=" not in text(after=["x.service"])


def test_what_it_replaces_stops_before_it_starts():
    lines = text(after=["x.service"], replaces=["old.service"]).splitlines()
    assert {"After=x.service old.service", "Conflicts=old.service"} <= set(lines)
    assert "Conflicts" not in text()


@pytest.mark.parametrize("word, written", [
    ("plain-1.2:3/[::1]", "plain-1.2:3/[::1]"), ("100%", "100%%"), ("two words", '"two words"'), ("$HOME", '"$$HOME"'),
    ('a"b\\', '"a\\"b\\\\"'), ("", '""')])
def test_words_stay_words(word, written):
    assert quoted(word) == written


@pytest.mark.parametrize("options, lines", [
    ({"watchdog_s": 5}, {"NotifyAccess=main", "WatchdogSec=5", "WatchdogSignal=SIGKILL"}),
    ({"urgent": True}, {"Nice=-10", "OOMScoreAdjust=-900"}),
    ({"runtime_directory": "x", "runtime_directory_mode": "0750"}, {"RuntimeDirectory=x", "RuntimeDirectoryMode=0750"}),
    ({"restart_ms": 250}, {"RestartSec=250ms", "Restart=always", "StartLimitIntervalSec=0"}),
    ({"user": "app"}, {"User=app", "CapabilityBoundingSet="}),
    ({"after": ["network-online.target"], "before": ["x.service"]},
     {"After=network.target", "After=network-online.target", "Wants=network-online.target", "Before=x.service"}),
])
def test_what_is_asked_for_is_a_line_and_what_is_not_is_none(options, lines):
    assert lines <= set(text(**options).splitlines())
    # These are there in any case.
    always = {"Restart", "RestartSec", "StartLimitIntervalSec", "After", "CapabilityBoundingSet"}
    names = {line.partition("=")[0] for line in lines} - always
    assert not [line for line in text().splitlines() if line.partition("=")[0] in names]
