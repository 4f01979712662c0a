# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telegraf in place of our exporter: its configuration and its unit. Pure.

It tells of the same things under the same names, so the collector need not know who sends: what its inputs read a script of ours
(roles/scouter/files/telegraf.star) turns into figures of the one table.

Every function takes the role's variables as the host sees them, as _scouter/hosts.py does.
"""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._agents import fence
from ansible_collections.failover.stack.plugins.module_utils._figures import watched
from ansible_collections.failover.stack.plugins.module_utils._web import tomcat_sessions

UNIT = "failover-scouter-telegraf.service"
CONFIG = "/etc/scouter/telegraf.conf"
# Without what starts, enables and configures a Telegraf of its own: the program alone is taken out of its package or archive.
PROGRAM = "usr/bin/telegraf"
KINDS = re.compile(r"\.(deb|tar\.gz|tgz)$")
# In whatever it reads Telegraf puts something in for these, in passwords, too: a variable of its environment, a secret of its stores.
REPLACED = re.compile(r"\$|@\{\w+:\w+\}")
# What it keeps while the collector does not answer: a minute or two, then the oldest goes.
KEPT_LINES = 2000


def wanted(values):
    return bool(values["telegraf"])


def unpacking(values, parent):
    """The command that takes the program out of what was fetched. An archive's directories have the version in their names."""
    fetched = "%s/telegraf/%s" % (parent, values["telegraf"].rsplit("/", 1)[-1])
    if fetched.endswith(".deb"):
        return ["dpkg-deb", "--extract", fetched, home(values, parent)]
    return ["tar", "--extract", "--gzip", "--no-same-owner", "--file", fetched, "--directory", home(values, parent), "--wildcards",
            "--transform", "s,^.*%s$,%s," % (PROGRAM, PROGRAM), "*/" + PROGRAM]


def home(values, parent):
    """Named after its checksum: another one is another directory."""
    return "%s/telegraf-%s" % (parent, values["telegraf_checksum"].split(":")[-1][:12])


def text(value):
    """A TOML string. Whatever TOML would read is written by its number."""
    return '"%s"' % "".join(one if one.isascii() and (one.isalnum() or one in " _-.,:;/()[]@=?&") else escaped(one) for one in str(value))


def escaped(character):
    return "\\u%04X" % ord(character) if ord(character) < 0x10000 else "\\U%08X" % ord(character)


def secret(value):
    """What stands between the quotes of a TOML string in place of a password."""
    return text(value)[1:-1]


def listed(items):
    return "[%s]" % ", ".join(map(text, items))


def table(name, **settings):
    """One [[table]]; of settings that begin with tag_ its tags, which TOML wants last."""
    plain = {key: value for key, value in settings.items() if not key.startswith("tag_")}
    tags = {key[4:]: value for key, value in settings.items() if key.startswith("tag_")}
    lines = ["[[%s]]" % name, *("  %s = %s" % pair for pair in plain.items())]
    return "\n".join(lines + (["  [%s.tags]" % name, *("    %s = %s" % (key, text(value)) for key, value in tags.items())] if tags else []))


def of_text(plugin, kind, **settings):
    """An input whose answer is taken whole: what one row of it does not tell the script finds."""
    return table("inputs." + plugin, **settings, data_format='"value"', data_type='"string"', name_override=text("text_" + kind))


def inputs_of_host():
    return [table("inputs.cpu", percpu="false", totalcpu="true", collect_cpu_time="true"), table("inputs.mem"), table("inputs.swap"),
            table("inputs.system"), table("inputs.net"),
            table("inputs.disk", ignore_fs=listed(["tmpfs", "devtmpfs", "devfs", "iso9660", "squashfs"]))]


def inputs_of_units(values):
    names = values["units"]
    found = [table("inputs.systemd_units", pattern=text(" ".join(names)), details="true")] if names else []
    found += [table("inputs.procstat", systemd_unit=text(name), properties=listed(["cpu", "memory"])) for name in names]
    if values["vrrp_instances"]:
        found.append(table("inputs.systemd_units", pattern=text(watched.KEEPALIVED), tag_told="no"))
        found += [of_text("file", "vrrp", files=listed(["%s/%s" % (watched.STATES, name)]), tag_vrrp_instance=name)
                  for name in values["vrrp_instances"]]
    return found


def inputs_of_services(values, instances, nodes):
    """instances: Tomcat's that tell their sessions. nodes: of RabbitMQ's cluster."""
    limit, found = text("%ds" % int(values["answer_s"])), []
    if values["httpd_url"]:
        found.append(table("inputs.apache", urls=listed([values["httpd_url"]]), response_timeout=limit))
    if values["haproxy_url"]:
        login = {"username": text(values["haproxy_user"]), "password": '"@@haproxy_password@@"'} if values["haproxy_user"] else {}
        found.append(of_text("http", "haproxy", urls=listed([values["haproxy_url"]]), timeout=limit, **login))
    if values["mysql_user"]:
        server = '["%s:@@mysql_password@@@unix(%s)/?tls=false&timeout=%ds"]' % (
            secret(values["mysql_user"]), secret(values["mysql_socket"]), int(values["answer_s"]))
        found.append(table("inputs.mysql", servers=server, metric_version="2", gather_global_variables="false"))
    if values["rabbitmq_url"]:
        found.append(of_text("http", "rabbitmq", urls=listed([values["rabbitmq_url"]]), timeout=limit, tag_nodes=" ".join(nodes)))
    return found + [of_text("http", "sessions", urls=listed(["http+unix://%s:/" % tomcat_sessions.socket_of(name)]), timeout=limit,
                            tag_instance=name) for name in instances]


def config(values, url):
    """The whole configuration; passwords are named in it (@@…@@). url: where the collector takes lines."""
    every = text("%ds" % int(values["interval_s"]))
    agent = "\n".join([
        "[agent]", "  interval = " + every, "  flush_interval = " + every, "  hostname = " + text(values["inventory_hostname"]),
        "  metric_buffer_limit = %d" % KEPT_LINES, "  quiet = true", "  skip_processors_after_aggregators = true"])
    output = table("outputs.http", url=text(url), timeout=text("%ds" % int(values["answer_s"])), data_format='"influx"')
    # Three quotes of the other kind: nothing in the script is read by TOML. A dollar sign in it Telegraf would.
    script = "[[processors.starlark]]\n  source = '''\n%s'''" % values["_telegraf_script"]
    known = [one["name"] for one in watched.tomcats(values["watched"].get(values["inventory_hostname"]) or {})]
    nodes = watched.rabbitmq(values["rabbitmq_url"], values["rabbitmq_members"]).get("nodes", [])
    parts = [agent, output, *inputs_of_host(), *inputs_of_units(values), *inputs_of_services(values, known, nodes), script]
    return "# Written by Ansible (failover.stack).\n" + "\n\n".join(parts) + "\n"


def secrets(values):
    """Passwords as the configuration has them."""
    found = {"haproxy_password": values["haproxy_password"]} if values["haproxy_url"] and values["haproxy_user"] else {}
    found.update({"mysql_password": values["mysql_password"]} if values["mysql_user"] else {})
    return {name: secret(value) for name, value in found.items()}


def unit(values, program):
    """program: its path. It reads what everybody may read, asks and sends; systemd tells it of units over the bus, the kernel of
    interfaces by netlink."""
    return "\n".join([
        "# Written by Ansible (failover.stack).", "[Unit]", "Description=Telegraf, tells the Scouter collector how this host is",
        "Wants=network-online.target", "After=network-online.target", "StartLimitIntervalSec=0", "",
        "[Service]", "ExecStart=%s --config %s" % (program, CONFIG), "Restart=always", "RestartSec=2", "User=" + values["_telegraf_user"],
        "UMask=0077", "MemoryMax=%dM" % int(values["telegraf_memory_mb"]), "TasksMax=128", *fence.lines(families=["AF_NETLINK"]), "",
        "[Install]", "WantedBy=multi-user.target", ""])
