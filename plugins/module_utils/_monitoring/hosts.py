# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of exporters, and the monitoring host of targets and alert rules: packages, files, units. Pure.

Every function takes the role's variables as the host sees them: `node_port` is monitoring_node_port, `_user` the internal
__monitoring_user.
"""

from __future__ import annotations

import json
import re

from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port
from ansible_collections.failover.stack.plugins.module_utils._monitoring import targets
from ansible_collections.failover.stack.plugins.module_utils._monitoring.targets import JOBS

ETC = "/etc/failover-monitoring"
# Where Prometheus on the monitoring host finds targets and rules.
PROMETHEUS = "/etc/prometheus/failover"
RUN = "/run/failover-monitoring"
FILE = "failover.prom"
# Where node_exporter of Debian looks by itself.
COLLECTED = "/var/lib/prometheus/node-exporter/" + FILE
SETTINGS, LOGIN = ETC + "/exporter.json", ETC + "/mysql-password"
# In the form that mysqld_exporter reads.
LOGIN_FILE = ETC + "/mysqld.cnf"
UNITS = "/etc/systemd/system/"
EXPORTER, SERVER = "failover-monitoring-exporter.service", "prometheus.service"
ETCD_CA = PROMETHEUS + "/etcd-ca.pem"
HEAD = "# Written by Ansible (failover.stack).\n"
FENCE = ("LockPersonality=true", "NoNewPrivileges=true", "RestrictNamespaces=true", "RestrictRealtime=true", "RestrictSUIDSGID=true")
# Not for node_exporter, which would tell of this view of file systems instead of the host's.
OWN_VIEW = ("PrivateDevices=true", "PrivateTmp=true", "ProtectControlGroups=true", "ProtectHome=true", "ProtectKernelLogs=true",
            "ProtectKernelModules=true", "ProtectKernelTunables=true", "ProtectSystem=strict")
# Of mysqld_exporter: what the alerts and most dashboards ask, and needs no right to look into other people's statements.
COLLECT = ("--collect.global_status", "--collect.global_variables", "--collect.slave_status", "--no-collect.info_schema.innodb_cmp",
           "--no-collect.info_schema.innodb_cmpmem", "--no-collect.info_schema.query_response_time")
_NUMBER = re.compile(r"@([a-z_]+)@")


def own(values):
    return values["watched"].get(values["inventory_hostname"]) or {}


def is_server(values):
    return values["inventory_hostname"] in values["servers"]


def on(values):
    return bool(values["exporters"])


def address_of(values, host):
    return values["addresses"].get(host) or ""


def ports(values):
    return {"node": values["node_port"], "mysqld": values["mysqld_port"], "apache": values["apache_port"]}


def jobs(values, host=""):
    """{job: address:port} of a host, this one by default."""
    name = host or values["inventory_hostname"]
    return targets.jobs(values["watched"].get(name) or {}, address_of(values, name), ports(values))


def everything(values):
    """{host: (what the inventory says of it, its jobs)}"""
    return {host: (values["watched"].get(host) or {}, jobs(values, host)) for host in values["members"]}


def run_here(values):
    """Jobs whose exporter the role runs on this host."""
    return [job for job in jobs(values) if JOBS[job].own] if on(values) else []


def with_prometheus(values):
    return on(values) and is_server(values) and bool(values["prometheus"])


def packages(values):
    found = ["prometheus-%s-exporter" % job for job in run_here(values)]
    found += ["python3-cryptography"] if on(values) and looks_at(values).get("certificates") else []
    return found + (["prometheus"] if with_prometheus(values) else [])


# --- Exporters ----------------------------------------------------------------------------


def login_content(values):
    """Over the socket, so that the account need not be reachable by anybody else."""
    return "[client]\nuser=%s\npassword=@@mysql_password@@\nsocket=%s\nhost=localhost\n" % (
        values["mysql_user"], values["mysql_socket"])


def arguments(job, values):
    """Of an exporter of the distribution, which listens at the host's own address alone."""
    at = jobs(values)[job]
    if job == "apache":
        loopback = "http://127.0.0.1:%d" % int(own(values).get("apache_modjk_default_http_port", 80))
        return [values["_apache_listen"] + "=" + at, "--scrape_uri=%s/server-status?auto" % loopback]
    if job == "mysqld":
        return ["--web.listen-address=" + at, "--config.my-cnf=" + LOGIN_FILE, *COLLECT]
    return ["--web.listen-address=" + at]


def allowed(values):
    """Who reaches an exporter at all: this machine and whoever collects."""
    if values["open"]:
        return []
    known = [address_of(values, host) for host in values["servers"]]
    return ["IPAddressDeny=any", "IPAddressAllow=" + " ".join(["localhost", *dict.fromkeys([*filter(None, known), *values["allowed"]])])]


def dropin(job, values):
    """An address that is not there yet at boot is waited for by starting again. The package's own variables stay without effect."""
    command = " ".join(["/usr/bin/prometheus-%s-exporter" % job, *arguments(job, values)])
    return HEAD + "\n".join([
        "[Unit]", "Wants=network-online.target", "After=network-online.target", "StartLimitIntervalSec=0", "",
        "[Service]", "EnvironmentFile=", "ExecStart=", "ExecStart=" + command.replace("%", "%%"), "Restart=always", "RestartSec=2",
        "UMask=0077", "CapabilityBoundingSet=", *FENCE, *(() if job == "node" else OWN_VIEW), *allowed(values), ""])


def unit_of(job):
    return "prometheus-%s-exporter.service" % job


def dropin_path(unit):
    return "%s%s.d/failover.conf" % (UNITS, unit)


def looks_at(values):
    """What of this stack our exporter tells, with the certificates that the site names beside."""
    found = targets.looks_at(own(values), values["address"], values["virtual_services"], values["rabbitmq_members"])
    found.update({"tomcats": values["tomcats"]} if values["tomcats"] else {})
    certificates = [*found.get("certificates", []), *values["certificates"]]
    return dict(found, certificates=list(dict.fromkeys(certificates))) if certificates else found


def settings(values):
    """Of our own exporter. What exporters of the distribution tell it does not tell once more."""
    return json.dumps({
        "path": "%s/%s" % (RUN, FILE), "interval_s": int(values["interval_s"]), "answer_s": int(values["answer_s"]),
        "host": values["inventory_hostname"], "host_figures": False, "units": values["units"], "unit_states": True, "httpd_url": "",
        "haproxy": {"url": ""},
        "mysql": {"user": values["mysql_user"], "socket": values["mysql_socket"], "password_file": LOGIN}, **looks_at(values)},
        indent=1, sort_keys=True) + "\n"


def logins(values):
    """The same password in the two forms that the two exporters read, each for one of them alone."""
    if not values["mysql_user"]:
        return {"absent": [LOGIN, LOGIN_FILE]}
    return {
        "files": [{"path": LOGIN, "content": "@@mysql_password@@\n", "group": values["_user"], "mode": "0640"},
                  {"path": LOGIN_FILE, "content": login_content(values), "group": values["_prometheus_user"], "mode": "0640"}],
        "secrets": {"mysql_password": values["mysql_password"]}}


def exporters_config(values):
    mine = run_here(values)
    found = {
        "files": [{"path": dropin_path(unit_of(job)), "content": dropin(job, values)} for job in mine],
        "absent": [dropin_path(unit_of(job)) for job in JOBS if JOBS[job].own and job not in mine]}
    if not on(values):
        found["absent"] += [UNITS + EXPORTER, UNITS + "multi-user.target.wants/" + EXPORTER, SETTINGS, LOGIN, LOGIN_FILE, COLLECTED]
        return [found]
    found["files"] += [{"path": SETTINGS, "content": settings(values)}, *values["_program"],
                       {"path": UNITS + EXPORTER, "content": values["_exporter_unit"]}]
    found["links"] = [{"path": COLLECTED, "target": "%s/%s" % (RUN, FILE)}]
    found["directories"] = [{"path": ETC}]
    found["purge"] = [{"directory": values["_program_directory"], "pattern": "*.py"}]
    return [found, logins(values)]


# --- The monitoring host ------------------------------------------------------------------


def target_files(values):
    lists = targets.target_lists(everything(values))
    return [{"path": "%s/targets/%s.json" % (PROMETHEUS, job), "content": json.dumps(lists[job], indent=1, sort_keys=True) + "\n"}
            for job in JOBS]


def rules(values):
    """The alert rules with the site's numbers in them."""
    # Hosts are asked one after the other, and what they tell is that old.
    settled = 3 * int(values["scrape_s"]) + 2 * int(values["interval_s"])
    known = {"settled_s": settled, "replica_lag_s": values["replica_lag_s"], "certificate_s": 86400 * int(values["certificate_days"]),
             "drained_s": values["drained_s"], "versions_s": values["versions_s"], "silent_s": max(60, 6 * int(values["interval_s"]))}
    return _NUMBER.sub(lambda match: str(int(known[match.group(1)])), values["_rules"])


def scrape_configs(values):
    """Lines for scrape_configs of a Prometheus. The host is in the label `host`, so `instance` is left as it is."""
    lines = [HEAD + "scrape_configs:"]
    # Without an etcd there is no authority either.
    for job in (job for job in JOBS if job != "etcd" or etcd(values)):
        lines += ["  - job_name: failover_" + job, "    scrape_interval: %ds" % int(values["scrape_s"]),
                  "    scrape_timeout: %ds" % max(1, int(values["scrape_s"]) // 2)]
        if job == "etcd":
            lines += ["    scheme: https", "    tls_config: {ca_file: %s}" % ETCD_CA]
        lines += ["    file_sd_configs: [{files: [%s/targets/%s.json]}]" % (PROMETHEUS, job)]
    return "\n".join(lines) + "\n"


def prometheus_settings(values):
    """The whole configuration, where the role runs Prometheus too."""
    seconds = int(values["scrape_s"])
    general = "global: {scrape_interval: %ds, evaluation_interval: %ds}\nrule_files: [%s/rules.yml]\n" % (seconds, seconds, PROMETHEUS)
    return HEAD + general + scrape_configs(values)[len(HEAD):]


def prometheus_dropin(values):
    command = ["/usr/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/var/lib/prometheus/metrics2",
               "--storage.tsdb.retention.time=%dd" % int(values["prometheus_days"]),
               "--web.listen-address=" + at_port(values["prometheus_address"], values["prometheus_port"])]
    return HEAD + "\n".join([
        "[Unit]", "Wants=network-online.target", "After=network-online.target", "StartLimitIntervalSec=0", "",
        "[Service]", "EnvironmentFile=", "ExecStart=", "ExecStart=" + " ".join(command), "Restart=always", "RestartSec=2", ""])


def server_config(values):
    if not (on(values) and is_server(values)):
        return []
    found = {
        "directories": [{"path": PROMETHEUS}, {"path": PROMETHEUS + "/targets"}],
        "files": [*target_files(values), {"path": PROMETHEUS + "/rules.yml", "content": rules(values)},
                  {"path": PROMETHEUS + "/scrape.yml", "content": scrape_configs(values)}]}
    if etcd(values):
        found["files"].append({"path": ETCD_CA, "content": values["_etcd_ca"]})
    if with_prometheus(values):
        found["files"] += [{"path": "/etc/prometheus/prometheus.yml", "content": prometheus_settings(values)},
                           {"path": dropin_path(SERVER), "content": prometheus_dropin(values)}]
        # What is staged has paths of the machine in it, which are there only afterwards.
        found["validate"] = ["promtool check rules %%s%s/rules.yml" % PROMETHEUS, "promtool check config /etc/prometheus/prometheus.yml"]
    return [found]


def etcd(values):
    return any("etcd" in told for _given, told in everything(values).values())


def config(values):
    """Files, links, directories and secrets in config_files' terms."""
    found = {"files": [], "links": [], "directories": [], "absent": [], "purge": [], "secrets": {}, "validate": []}
    for one in [*exporters_config(values), *server_config(values)]:
        for key, value in one.items():
            if key == "secrets":
                found[key].update(value)
            else:
                found[key] = found[key] + list(value)
    return found


def units(values):
    """Exporters and Prometheus hold up nobody: they restart when they are older than what they read."""
    mine = run_here(values)
    found = [_run(unit_of(job), job in mine, [dropin_path(unit_of(job)), *([LOGIN_FILE] if job == "mysqld" else [])])
             for job in JOBS if JOBS[job].own]
    found.append(_run(EXPORTER, on(values), [SETTINGS, UNITS + EXPORTER, values["_program_directory"]]))
    if is_server(values) and on(values) and values["prometheus"]:
        found.append(_run(SERVER, True, ["/etc/prometheus/prometheus.yml", PROMETHEUS + "/rules.yml", dropin_path(SERVER)]))
    return found


def _run(name, wanted, reads):
    if not wanted:
        # At the next boot a package's own unit would listen everywhere.
        return {"name": name, "state": "stopped", **({} if name == EXPORTER else {"enabled": False})}
    return {"name": name, "state": "started", "enabled": True, "reads": reads, "when_stale": "restarted"}


def active(values):
    """Units that must run."""
    return [{"name": one["name"], "paths": []} for one in units(values) if one["state"] == "started"]


def member(values):
    return {"is_server": is_server(values), "exporter": on(values), "with_prometheus": with_prometheus(values), "etcd": etcd(values),
            "capabilities": ["CAP_DAC_READ_SEARCH"] if targets.reads_more(own(values)) else [],
            "prometheus_url": "http://" + at_port(values["prometheus_address"], values["prometheus_port"])}


def expected(values):
    """What verify scrapes from the monitoring host: all targets."""
    found = []
    for host, (_given, told) in everything(values).items():
        for job, at in told.items():
            scheme, ca = ("https", ETCD_CA) if job == "etcd" else ("http", "")
            found.append({"host": host, "job": job, "url": "%s://%s/metrics" % (scheme, at), "ca": ca, "moves": JOBS[job].moves,
                          "up": JOBS[job].up})
    return found
