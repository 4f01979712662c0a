# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much systemd leaves to our own programs: systemd-analyze's figure of each unit, from 0 (nothing) to 10 (everything)."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from ansible_collections.failover.stack.plugins.lookup import program_unit as lookup
from ansible_collections.failover.stack.plugins.module_utils._content import plan as content
from ansible_collections.failover.stack.plugins.module_utils._etcd import cluster as etcd
from ansible_collections.failover.stack.plugins.module_utils._galera import cluster as galera
from ansible_collections.failover.stack.plugins.module_utils._mha import plan as mha
from ansible_collections.failover.stack.plugins.module_utils._mysql import server as mysql
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import cluster as rabbitmq
from ansible_collections.failover.stack.plugins.module_utils._scouter import telegraf
from ansible_collections.failover.stack.plugins.plugin_utils.program_unit import unit

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What "systemd-analyze security" calls OK, and no more.
MOST = 4.0
DEFAULTS = {name: option.get("default") for name, option in yaml.safe_load(lookup.DOCUMENTATION)["options"].items()}
CONTENT = {"name": "shop", "source": "web1", "target_path": "/srv/shop"}
ETCD = {"inventory_hostname": "etcd1", "member_addresses": {"etcd1": "198.51.100.1"}, "client_port": 2379, "snapshots_kept": 7,
        "snapshot_directory": "/var/backups/etcd"}
GALERA = {"bind_address": "*", "more_addresses": [], "address": "198.51.100.1", "agent_port": 9200, "_socket": "/s",
          "_agent_user": "galera-agent", "agent_cache_ms": 200, "agent_timeout_ms": 500, "_drain_file": "/run/drain", "donor_serves": True}
MYSQL = {"group": "db", "_own": {"unit": "mariadb.service"}, "socket": "/run/mysqld/mysqld.sock", "failover": "none"}
RABBITMQ = {"bind_address": "::", "address": "198.51.100.1", "members": ["mq1"], "member_addresses": {}, "inventory_hostname": "mq1",
            "_unit": "rabbitmq-server.service", "stuck_s": 30, "port": 5672, "tls_port": 5671, "distribution_port": 25672}


def in_role(role, name):
    """Settings of a program as the role's variables have them; what is a template there is another word here."""
    return yaml.safe_load((ROOT / "roles" / role / "vars/main.yml").read_text(encoding="utf-8"))[name]


def in_lookup(role, name):
    """The keywords that the lookup program_unit is given within a text."""
    text = in_role(role, name)
    found = {}
    for word, value in re.findall(r"(\w+)=(\[[^]]*\]|'[^']*'|true|false|\d+)", text):
        found[word] = yaml.safe_load(value)
    if "user=" in text:
        found["user"] = "somebody"
    return {key: value for key, value in found.items() if key in lookup.OPTIONS}


def program(options):
    options = {key: value for key, value in options.items() if key in lookup.OPTIONS}
    return unit("_agents.x", {**DEFAULTS, "directory": "/opt/x", "description": "Does x", **options, "arguments": []})


UNITS = {
    "httpd_watchdog": lambda: program(in_role("apache_modjk", "__apache_modjk_watchdog_settings")),
    "tomcat_watchdog": lambda: program(in_role("tomcat_cluster", "__tomcat_cluster_watchdog_settings")),
    "network_watch": lambda: program(in_role("keepalived", "__keepalived_network_settings")),
    "nfs_watch": lambda: program(in_lookup("nfs_content", "__nfs_content_watch_unit")),
    # These two with all that they may be granted.
    "scouter_exporter": lambda: program({**in_lookup("scouter", "__scouter_exporter_unit"), "families": ["AF_NETLINK"]}),
    "textfile_exporter": lambda: program(
        {**in_lookup("monitoring", "__monitoring_exporter_unit"), "capabilities": ["CAP_DAC_READ_SEARCH"]}),
    "telegraf": lambda: telegraf.unit({"_telegraf_user": "scouter-telegraf", "telegraf_memory_mb": 256}, "/opt/x/telegraf"),
    "galera_check": lambda: program(galera.agent_settings(GALERA)),
    "mysql_writer": lambda: program(mysql.agent_settings(MYSQL)),
    "rabbitmq_watchdog": lambda: program(rabbitmq.watchdog_settings(RABBITMQ)),
    "mha_member": lambda: program(mha.member_unit({})),
    "mha_manager": lambda: program(mha.manager_unit({})),
    "etcd_snapshot": lambda: etcd.snapshot_service(ETCD),
    "content_pull": lambda: content.service(CONTENT),
    "content_poke": lambda: content.poke_units({**RABBITMQ, "addresses": {"mq1": "198.51.100.1"}, "poke_port": 8730})[1]["content"],
    "content_lsyncd": content.lsyncd_service,
}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here; scenarios ask it on their nodes")
@pytest.mark.parametrize("name", sorted(UNITS))
def test_systemd_leaves_little_to_it(name, tmp_path):
    path = tmp_path / ("failover-%s.service" % name.replace("_", "-"))
    path.write_text(UNITS[name](), encoding="utf-8")
    told = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)], capture_output=True, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told.stdout)
    assert level, told.stderr
    assert float(level.group(1)) <= MOST, told.stdout


def test_every_program_with_a_unit_is_judged():
    """Who writes another unit for a program of ours adds it to UNITS."""
    found = set()
    for path in [*ROOT.glob("roles/*/vars/main.yml"), *ROOT.glob("plugins/module_utils/**/*.py")]:
        found |= set(re.findall(r"program_unit', '_agents\.(\w+)'", path.read_text(encoding="utf-8")))
    assert found <= set(UNITS), found - set(UNITS)
    assert len(found) == 11
