# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.modules import os_upgrade_info

FILES = {
    "/etc/os-release": 'NAME="Debian GNU/Linux"\nVERSION_CODENAME=bookworm\n', "/etc/haproxy/haproxy.cfg": "global\n  bind-process 1\n",
    "sources.list": "deb http://mirror.example/debian bookworm main\n", "sources.list.d/shop.sources": "Suites: shop\n"}
DEFINITIONS = ('{"vhosts": [{"name": "shop"}], "users": [{"password_hash": "x"}], '
               '"policies": [{"vhost": "shop", "name": "m", "definition": %s}]}')


@pytest.fixture
def host(commands, monkeypatch, tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    for name in ("sources.list", "sources.list.d/shop.sources"):
        (tmp_path / name).write_text(FILES[name])
    monkeypatch.setattr(os_upgrade_info, "SOURCES", (str(tmp_path / "sources.list"), str(tmp_path / "sources.list.d/*.sources")))
    real = os_upgrade_info.text_of
    monkeypatch.setattr(os_upgrade_info, "text_of", lambda path: FILES[path] if path in FILES else real(path))
    commands.answers.update({
        "systemd-detect-virt": (1, "none\n", ""), "dpkg-query": "ii  libc6\niF  half\n", "apt-mark showhold": "apache2\n"})
    return commands


def test_what_a_machine_tells(host, play, tmp_path):
    found = play(os_upgrade_info, {"collation_files": [str(tmp_path / "sources.list")]})
    assert found.pop("free_mb") > 0
    assert found == {
        "changed": False, "release": "bookworm", "container": False, "unfinished": ["half"], "held": ["apache2"],
        "sources": [str(tmp_path / "sources.list")], "foreign": [str(tmp_path / "sources.list.d/shop.sources")],
        "haproxy": [{"line": 2, "what": "bind_process"}], "policies": [], "collation": True}


def test_policies_are_told_without_what_is_secret(host, play):
    host.answers["systemd-detect-virt"] = "docker\n"
    host.answers["rabbitmqctl"] = DEFINITIONS % '{"ha-mode": "all", "max-length": 5}'
    host.answers["runuser"] = DEFINITIONS % '{"ha-mode": "all", "max-length": 5}'
    host.answers["/usr/lib/rabbitmq"] = DEFINITIONS % '{"ha-mode": "all", "max-length": 5}'
    found = play(os_upgrade_info, {"rabbitmq": True})
    assert found["policies"] == [{"vhost": "shop", "name": "m", "keys": ["ha-mode", "max-length"]}] and found["container"]
    assert not found["collation"] and "password_hash" not in str(found)


def test_a_node_that_does_not_answer_is_said(host, refused):
    for begin in ("rabbitmqctl", "runuser", "/usr/lib/rabbitmq"):
        host.answers[begin] = (69, "", "Error: unable to perform an operation on node\n")
    assert "unable to perform" in refused(os_upgrade_info, {"rabbitmq": True})
