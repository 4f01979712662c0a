# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of Scouter: files, units, and what the collector is expected to know of it. Pure.

Every function takes the role's variables as the host sees them: `port` is scouter_port, `_user` the internal __scouter_user.
"""

from __future__ import annotations

import hashlib
import json

from ansible_collections.failover.stack.plugins.module_utils._figures import table, watched
from ansible_collections.failover.stack.plugins.module_utils._host.places import bracketed
from ansible_collections.failover.stack.plugins.module_utils._scouter import measures, parts, telegraf
from ansible_collections.failover.stack.plugins.module_utils._vip import virtual_servers as virtual
from ansible_collections.failover.stack.plugins.module_utils._web import tomcat_sessions

ETC, VAR, HOME = "/etc/scouter", "/var/lib/scouter", "/opt/scouter"
# Of what the exporter logs in to.
PASSWORD = ETC + "/%s-password"
UNITS = "/etc/systemd/system/"
COLLECTOR, HOST_AGENT, EXPORTER = "scouter.service", "scouter-host.service", "failover-scouter-exporter.service"
HEAD = "# Written by Ansible (failover.stack).\n"
# What a JVM needs beside its heap: classes, threads, buffers.
BESIDE_HEAP_MB = 256
# Reflection into java.lang, without which neither collector nor agents start on Java 16 and later.
OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED"
# Clients send this hash, not the password, so it is as secret. The salt is Scouter's own.
SALT = "qwertyuiop!@#$%^&*()zxcvbnm,."
FENCE = ("LockPersonality", "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectControlGroups", "ProtectHome", "ProtectKernelLogs",
         "ProtectKernelModules", "ProtectKernelTunables", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID")
LOOPBACK = ("127.0.0.1", "0:0:0:0:0:0:0:1", "::1")


def is_collector(values):
    return values["inventory_hostname"] in values["collectors"]


def has_archive(values):
    return bool(values["archive"])


def archive_home(values):
    return "%s/archive-%s" % (HOME, values["archive_checksum"].split(":")[-1][:12])


def parts_home(values):
    return "%s/parts-%s" % (HOME, values["version"])


def wanted_parts(values):
    """What the module artifacts is told; nothing where the collector comes with the archive."""
    return parts.parse(values["_parts_list"])


def java_instances(given):
    """Names of a host's Tomcat instances with an agent. given: the host's own variables."""
    if "scouter_java_instances" in given:
        return list(given["scouter_java_instances"] or [])
    return [one["name"] for one in given.get("tomcat_cluster_instances") or []]


def units_of(given):
    """Units of a host that the exporter watches. given: the host's own variables."""
    if "scouter_units" in given:
        return list(given["scouter_units"] or [])
    return ["tomcat@%s.service" % one["name"] for one in given.get("tomcat_cluster_instances") or []]


def own(values):
    return values["watched"].get(values["inventory_hostname"]) or {}


def vrrp_instances(given):
    """Names of a host's VRRP instances that the exporter watches. given: the host's own variables."""
    if "scouter_vrrp_instances" in given:
        return list(given["scouter_vrrp_instances"] or [])
    return [one["name"] for one in watched.instances(given)]


def virtual_servers(given):
    """Names of a host's virtual servers, by which the collector knows them. given: the host's own variables."""
    if not watched.has(given, watched.FRONTS):
        return []
    known = [one for one in given.get("keepalived_virtual_servers") or [] if isinstance(one, dict)]
    return [virtual.named({"name": one.get("name"), "protocol": one.get("protocol"), "address": address, "port": port, "fwmark": fwmark})
            for one in known for address, port, fwmark in virtual.endpoints(one)]


def has_rabbitmq(given):
    """Whether the exporter asks RabbitMQ of a host. given: the host's own variables."""
    return bool(given["scouter_rabbitmq_url"] if "scouter_rabbitmq_url" in given else watched.rabbitmq_url(given, watched.ANYWHERE))


def looks_at(values):
    """What of keepalived, RabbitMQ and Tomcat the exporter of this host is told, as _agents/figures_stack.py reads it; without what there
    is none of."""
    names = values["vrrp_instances"]
    found = {
        "vips": watched.vips(own(values)) if names else [], "vrrp": watched.vrrp(names),
        "virtual_servers": watched.virtual_servers(values["virtual_services"]),
        "rabbitmq": watched.rabbitmq(values["rabbitmq_url"], values["rabbitmq_members"]),
        "tomcats": [one["name"] for one in watched.tomcats(own(values))]}
    return {key: value for key, value in found.items() if value}


def telegraf_home(values):
    return telegraf.home(values, HOME)


def by_telegraf(values, given):
    """Whether Telegraf tells of a host. given: the host's own variables."""
    return bool(given.get("scouter_telegraf", values["telegraf"]))


def member(values):
    """What the tasks ask of the host. families: of sockets that the exporter needs; it asks the kernel alone for addresses."""
    collector, archive = is_collector(values), has_archive(values)
    return {
        "families": ["AF_NETLINK"] if looks_at(values).get("vips") else [],
        "telegraf_home": telegraf_home(values) if telegraf.wanted(values) else "",
        "telegraf_unpack": telegraf.unpacking(values, HOME) if telegraf.wanted(values) else [],
        "is_collector": collector, "archive_home": archive_home(values) if archive else "",
        "from_parts": collector and bool(values["maven_repository"]), "parts_home": parts_home(values),
        "needs_java": collector or archive, "url": "http://127.0.0.1:%d" % int(values["http_port"])}


def things(given, whole=True):
    """(kind, name) of what is told of a host. given: the host's own variables. whole: whether our exporter tells; Telegraf knows nothing of
    some."""
    yield "host", ""
    yield from (("unit", table.short(unit)) for unit in units_of(given))
    yield from ((kind, "") for kind, variable in (("httpd", "scouter_httpd_url"), ("haproxy", "scouter_haproxy_url"),
                                                  ("mysql", "scouter_mysql_user")) if given.get(variable))
    names = vrrp_instances(given)
    yield from (("vrrp", name) for name in names)
    if whole:
        yield from (("vip", address) for address in (watched.vips(given) if names else []))
        yield from (("virtual_server", name) for name in virtual_servers(given))
    yield from (("sessions", name) for name in tomcat_sessions.applications(watched.tomcats(given)))
    if has_rabbitmq(given):
        yield "rabbitmq", ""


def expected(values):
    """Names of the objects that the collector must know, of all hosts."""
    found = []
    for host in values["members"]:
        given = values["watched"].get(host) or {}
        if values["exporter"] or by_telegraf(values, given):
            found += [measures.object_name(host, kind, name) for kind, name in things(given, not by_telegraf(values, given))]
        if has_archive(values):
            found += ["/" + host] + ["/%s/%s" % (host, name) for name in java_instances(given)]
    return found


# --- Collector ------------------------------------------------------------------------


def properties(given):
    return HEAD + "".join("%s=%s\n" % (name, str(value).lower() if isinstance(value, bool) else value) for name, value in given.items())


def collector_settings(values):
    """From this machine the API is open, from elsewhere it wants a password (or an address that is named)."""
    return properties({
        "server_id": values["inventory_hostname"], "net_tcp_listen_port": values["port"], "net_udp_listen_port": values["port"],
        "net_http_server_enabled": True, "net_http_port": values["http_port"], "net_http_api_enabled": True,
        "net_http_api_auth_ip_enabled": True, "net_http_api_allow_ips": ",".join([*LOOPBACK, *values["api_addresses"]]),
        "net_http_api_auth_bearer_token_enabled": True, "net_http_api_session_timeout": values["session_s"],
        "net_http_api_cors_allow_origin": values["api_origin"],
        "db_dir": VAR + "/database", "log_dir": "/var/log/scouter", "temp_dir": VAR + "/tempdata", "plugin_dir": VAR + "/plugin",
        "client_dir": VAR + "/client", "net_http_extweb_dir": VAR + "/extweb", "plugin_enabled": False, "geoip_enabled": False,
        "object_inactive_alert_level": 2,
        "log_rotation_enabled": True, "log_keep_days": values["log_days"],
        "mgr_purge_enabled": True, "mgr_purge_disk_usage_pct": values["disk_percent"],
        "mgr_purge_profile_keep_days": values["profile_days"], "mgr_purge_xlog_keep_days": values["xlog_days"],
        "mgr_purge_counter_keep_days": values["counter_days"],
        "mgr_purge_sum_data_days": values["counter_days"]})


def logback():
    """What the API has to say goes to the journal, which rotates, instead of three files that grow for a month."""
    return measures.HEAD + (
        '<configuration>\n<appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender"><encoder>'
        "<pattern>%-5level %logger{20} %msg%n</pattern></encoder></appender>\n"
        '<root level="WARN"><appender-ref ref="STDOUT"/></root>\n</configuration>\n')


def account():
    return measures.HEAD + ('<Accounts>\n<Account id="admin" pass="@@password_hash@@" group="admin">\n<Email></Email>\n</Account>\n'
                            "</Accounts>\n")


def hash_of(password):
    return hashlib.sha256((SALT + password).encode("utf-8")).hexdigest()


def service(description, values, lines):
    """A unit of a Java program: started for as long as it takes, fenced in, with a limit of memory."""
    return HEAD + "\n".join([
        "[Unit]", "Description=" + description, "Wants=network-online.target", "After=network-online.target", "StartLimitIntervalSec=0", "",
        "[Service]", "User=" + values["_user"], "Group=" + values["_user"], "UMask=0027", "Restart=always", "RestartSec=2",
        "SuccessExitStatus=143", "TimeoutStopSec=20", *lines, "LimitNOFILE=65536", "CapabilityBoundingSet=",
        *(name + "=true" for name in FENCE), "ProtectSystem=strict", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", "",
        "[Install]", "WantedBy=multi-user.target", ""])


def java(heap_mb, *words):
    return " ".join(["/usr/bin/java", "-Xmx%dm" % int(heap_mb), "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true", OPENS, *words])


def allowed(values):
    """Who reaches the collector at all: this machine, the hosts that are watched, and who is named. Empty: everybody."""
    if values["open"]:
        return []
    known = [values["addresses"].get(host) for host in values["members"]]
    return ["IPAddressDeny=any", "IPAddressAllow=" + " ".join(["localhost", *dict.fromkeys([*filter(None, known), *values["allowed"]])])]


def collector_unit(values):
    """A lock that a killed one left would keep the next from starting for 5 s; systemd already sees to it that there is one at a time."""
    jars = "%s/*" % parts_home(values) if values["maven_repository"] else "%s/server/lib/*" % archive_home(values)
    command = java(values["heap_mb"], "-Dscouter.config=%s/scouter.conf" % ETC, "-Dlogback.configurationFile=%s/logback.xml" % ETC,
                   "-cp", jars, "scouter.server.Main")
    return service("Scouter collector with its HTTP API", values, [
        "WorkingDirectory=" + VAR,
        "ExecStartPre=/bin/sh -c 'rm -f database/lock.dat *.scouter; test -s conf/counters.site.xml || "
        "cp %s/counters.seed.xml conf/counters.site.xml'" % ETC,
        "ExecStart=" + command, "StateDirectory=scouter", "StateDirectoryMode=0750", "LogsDirectory=scouter", "LogsDirectoryMode=0750",
        "MemoryMax=%dM" % int(values["memory_mb"]), "TasksMax=512", *allowed(values)])


def collector_config(values):
    user = values["_user"]
    own = {"owner": user, "group": user, "mode": "0750"}
    return {
        "files": [
            {"path": ETC + "/scouter.conf", "content": collector_settings(values)},
            {"path": ETC + "/logback.xml", "content": logback()},
            {"path": ETC + "/counters.seed.xml", "content": measures.seed()},
            {"path": VAR + "/conf/scouter-telegraf.xml", "content": measures.measurements(values["dead_s"])},
            {"path": VAR + "/conf/account.xml", "content": account(), "group": user, "mode": "0640"},
            {"path": UNITS + COLLECTOR, "content": collector_unit(values)}],
        "directories": [dict(own, path=VAR), dict(own, path=VAR + "/conf"), dict(own, path="/var/log/scouter")],
        "secrets": {"password_hash": hash_of(values["password"])}}


# --- What is watched ------------------------------------------------------------------


def lines_url(values):
    """Where the collector takes lines."""
    return "http://%s:%d/telegraf/metric" % (bracketed(values["collector_address"]), int(values["http_port"]))


def exporter_settings(values):
    return json.dumps({
        "url": lines_url(values),
        "interval_s": int(values["interval_s"]), "answer_s": int(values["answer_s"]), "host": values["inventory_hostname"],
        "units": values["units"], "httpd_url": values["httpd_url"],
        "haproxy": {"url": values["haproxy_url"], "user": values["haproxy_user"], "password_file": PASSWORD % "haproxy"},
        "mysql": {"user": values["mysql_user"], "socket": values["mysql_socket"], "password_file": PASSWORD % "mysql"}, **looks_at(values)},
        indent=1, sort_keys=True) + "\n"


def agent_settings(values, name, more):
    """Of an agent of Scouter's own. name: of the object below the host's."""
    return properties({
        "net_collector_ip": values["collector_address"], "net_collector_udp_port": values["port"], "net_collector_tcp_port": values["port"],
        "obj_name": name, "log_rotation_enabled": True, "log_keep_days": values["log_days"], **more})


def host_settings(values):
    return agent_settings(values, values["inventory_hostname"], {
        # The agent's own spelling.
        "log_dir": "/var/log/scouter-host", "log_rotation_enalbed": True, "cpu_warning_pct": 90, "cpu_fatal_pct": 98})


def java_settings(values, instance):
    """What visitors send is not kept unless that is asked for, and no cookie is added to what they are sent."""
    return agent_settings(values, instance, {
        "obj_host_name": values["inventory_hostname"], "log_dir": "/var/log/scouter-java/" + instance,
        "trace_interservice_enabled": bool(values["trace_interservice"]), "trace_user_mode": 1,
        "profile_http_parameter_enabled": bool(values["profile_http"]), "profile_http_header_enabled": bool(values["profile_http"]),
        "profile_http_querystring_enabled": bool(values["profile_http"]), "profile_sql_escape_enabled": True})


def java_dropin(values, instance):
    """For whatever unit Tomcat's role has written: neither knows the other."""
    home = archive_home(values)
    options = " ".join(["-javaagent:%s/agent.java/scouter.agent.jar" % home, "-Dscouter.config=%s/java/%s.conf" % (ETC, instance), OPENS,
                        "-Djdk.attach.allowAttachSelf=true"])
    return HEAD + "\n".join(["[Service]", 'Environment="JAVA_TOOL_OPTIONS=%s"' % options, "LogsDirectory=scouter-java/" + instance, ""])


def dropin_path(instance):
    return "%stomcat@%s.service.d/scouter.conf" % (UNITS, instance)


def host_unit(values):
    """At each start the agent unpacks itself, and a library for what it asks the kernel, into directories that it must be able to write;
    what an older archive left there would be loaded, too."""
    own = VAR + "-host"
    command = java(values["host_heap_mb"], "-Djna.tmpdir=" + own, "-Dscouter.config=%s/host.conf" % ETC,
                   "-cp", "%s/agent.host/scouter.host.jar" % archive_home(values), "scouter.boot.Boot", own + "/lib")
    return service("Scouter host agent", values, [
        "WorkingDirectory=" + own, "ExecStartPre=/bin/sh -c 'rm -rf lib *.scouter; mkdir lib'", "ExecStart=" + command,
        "StateDirectory=scouter-host", "StateDirectoryMode=0750", "LogsDirectory=scouter-host", "LogsDirectoryMode=0750",
        "MemoryMax=%dM" % (int(values["host_heap_mb"]) + BESIDE_HEAP_MB),
        "TasksMax=128"])


def agents_config(values):
    """Only with the archive: these agents come from nowhere else."""
    user, instances = values["_user"], values["java_instances"]
    if not has_archive(values):
        # Whoever had an agent whose files are gone would not start again.
        return {"absent": [UNITS + HOST_AGENT, *map(dropin_path, values["tomcat_instances"])]}
    left = [name for name in values["tomcat_instances"] if name not in instances]
    return {
        "files": [
            {"path": ETC + "/host.conf", "content": host_settings(values)}, {"path": UNITS + HOST_AGENT, "content": host_unit(values)},
            *({"path": "%s/java/%s.conf" % (ETC, name), "content": java_settings(values, name)} for name in instances),
            *({"path": dropin_path(name), "content": java_dropin(values, name)} for name in instances)],
        "directories": [{"path": ETC + "/java"}, {"path": VAR + "-host", "owner": user, "group": user, "mode": "0750"}],
        "absent": [dropin_path(name) for name in left]}


def exporter_config(values):
    if not values["exporter"]:
        return {"absent": [UNITS + EXPORTER, PASSWORD % "mysql", PASSWORD % "haproxy"]}
    asked = {"mysql": bool(values["mysql_user"]), "haproxy": bool(values["haproxy_url"] and values["haproxy_user"])}
    kinds = [kind for kind, wanted in asked.items() if wanted]
    logins = [{"path": PASSWORD % kind, "content": "@@%s_password@@\n" % kind, "group": values["_exporter_user"], "mode": "0640"}
              for kind in kinds]
    return {
        "secrets": {kind + "_password": values[kind + "_password"] for kind in kinds},
        "absent": [PASSWORD % kind for kind in asked if kind not in kinds],
        "files": [{"path": ETC + "/exporter.json", "content": exporter_settings(values)}, *values["_program"],
                  *logins, {"path": UNITS + EXPORTER, "content": values["_exporter_unit"]}],
        "purge": [{"directory": values["_program_directory"], "pattern": "*.py"}]}


def telegraf_config(values):
    """In check mode on a host without it nobody can check what it would be told."""
    if not telegraf.wanted(values):
        return {"absent": [UNITS + telegraf.UNIT, telegraf.CONFIG]}
    program = "%s/%s" % (telegraf_home(values), telegraf.PROGRAM)
    return {
        "secrets": telegraf.secrets(values), "validate": ["%s config check --config %%s%s" % (program, telegraf.CONFIG)],
        "files": [{"path": telegraf.CONFIG, "content": telegraf.config(values, lines_url(values)), "group": values["_telegraf_user"],
                   "mode": "0640"}, {"path": UNITS + telegraf.UNIT, "content": telegraf.unit(values, program)}]}


def config(values):
    """Files, directories and secrets in config_files' terms."""
    found = {"files": [], "directories": [{"path": ETC}, {"path": HOME}], "absent": [], "purge": [], "secrets": {}, "validate": []}
    sets = ([collector_config] if is_collector(values) else []) + [exporter_config, telegraf_config, agents_config]
    for one in sets:
        for key, value in one(values).items():
            if key == "secrets":
                found[key].update(value)
            else:
                found[key] = found[key] + list(value)
    return found


def units(values):
    """The collector restarts when it is older than what it reads: it holds up nobody."""
    found = []
    if is_collector(values):
        home = parts_home(values) if values["maven_repository"] else archive_home(values)
        # Accounts and measurements it reads anew by itself.
        found.append(_run(COLLECTOR, True, [ETC + "/scouter.conf", ETC + "/logback.xml", UNITS + COLLECTOR, home]))
    found.append(_run(EXPORTER, bool(values["exporter"]), [ETC + "/exporter.json", UNITS + EXPORTER, values["_program_directory"]]))
    found.append(_run(telegraf.UNIT, telegraf.wanted(values), [telegraf.CONFIG, UNITS + telegraf.UNIT, telegraf_home(values)]))
    found.append(_run(HOST_AGENT, has_archive(values), [ETC + "/host.conf", UNITS + HOST_AGENT]))
    return found


def _run(name, wanted, reads):
    if not wanted:
        return {"name": name, "state": "stopped"}
    return {"name": name, "state": "started", "enabled": True, "reads": reads, "when_stale": "restarted"}


def active(values):
    """Units that must run."""
    return [{"name": one["name"], "paths": []} for one in units(values) if one["state"] == "started"]
