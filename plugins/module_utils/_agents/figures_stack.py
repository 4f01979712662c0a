# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""What a host of this stack keeps where only this collection looks: SOURCES of _agents/figures.py.

vips: addresses; vrrp: {unit, states (a directory), instances}; virtual_servers: as _figures/watched.py has them; rabbitmq: {url, nodes};
lease: {path, ttl_s, cluster}; modjk_url; tomcats: names of instances that tell their sessions; drains: {galera: file, ipvs: directory};
contents: true where there are some;
applications: [{name, docroot}]; certificates: files (a pattern may name several) and places (address:port) that speak TLS.
"""

from __future__ import annotations

import glob
import os
import socket
import ssl
import time

from ansible_collections.failover.stack.plugins.module_utils._content import status as content_status
from ansible_collections.failover.stack.plugins.module_utils._deploy.release import CURRENT, RELEASES, release_of
from ansible_collections.failover.stack.plugins.module_utils._figures import stack
from ansible_collections.failover.stack.plugins.module_utils._host import tls
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json
from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import parse_proc
from ansible_collections.failover.stack.plugins.module_utils._monitoring.exposition import parse as parse_metrics
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import exposed
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual
from ansible_collections.failover.stack.plugins.module_utils._web import tomcat_sessions

# Certificates change with a deployment of theirs; a handshake in each round would be in every log.
CERTIFICATES_S = 60
# The kernel's virtual servers; it is not there where the kernel has none.
IPVS = "/proc/net/ip_vs"


def vips(_source, wanted):
    return stack.vips(wanted, {one for _index, one, _prefix in virtual.addresses()})


def state_of(path):
    """What keepalived has written of an instance, empty where nothing."""
    try:
        with open(path, encoding="ascii", errors="replace") as handle:
            return handle.read().strip()
    except FileNotFoundError:
        return ""


def vrrp(source, where):
    states = {name: state_of(os.path.join(where["states"], name)) for name in where["instances"]}
    return stack.vrrp(source.runs(where["unit"]), states)


def virtual_servers(_source, wanted):
    with open(IPVS, encoding="ascii", errors="replace") as handle:
        return stack.virtual_servers(wanted, parse_proc(handle.read()))


def rabbitmq(source, where):
    return stack.rabbitmq(exposed.figures(parse_metrics(source.fetch(where["url"])), where["nodes"]))


def lease(_source, where):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return stack.lease(where["cluster"], read_json(where["path"]), now, where["ttl_s"])


def workers(source, url):
    return stack.workers(source.fetch(url + "?mime=xml"))


def sessions(source, instances):
    """One that is down, or frozen, hides no other one."""
    def one(instance):
        return stack.sessions(tomcat_sessions.ask(instance, source.config["answer_s"]))

    return [told for instance in instances for told in source.ask("sessions of " + instance, lambda instance=instance: one(instance))]


def kept_drained(directory):
    """keepalived's: one file a server, in which 1 takes its weight away."""
    count = 0
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        with open(os.path.join(directory, name), encoding="ascii", errors="replace") as handle:
            count += handle.read().strip() == "1"
    return count


def drains(_source, where):
    counts = {}
    if where.get("galera"):
        counts["galera"] = int(os.path.exists(where["galera"]))
    if where.get("ipvs"):
        counts["ipvs"] = kept_drained(where["ipvs"])
    return stack.drains(counts)


def contents(source, _wanted):
    """Each as its target keeps it, beside what it may: one that cannot be read hides no other one."""
    def one(name):
        config = read_json(os.path.join(content_status.CONFIG, name + ".json"))
        found = read_json(os.path.join(content_status.STATE, name + ".json"))
        return [stack.content(name, found, time.time(), config.get("stale_s"))]

    known = sorted(os.path.basename(place)[:-len(".json")] for place in glob.glob(content_status.CONFIG + "/*.json"))
    return [told for name in known for told in source.ask("content " + name, lambda name=name: one(name))]


def current_release(docroot):
    """What is kept of the release that is current, {} without one."""
    link = os.path.join(docroot, CURRENT)
    name = release_of(os.readlink(link)) if os.path.islink(link) else ""
    record = read_json(os.path.join(docroot, RELEASES, name + ".json")) if name else {}
    return dict(record, since=os.lstat(link).st_mtime) if record else {}


def applications(source, wanted):
    def one(application):
        return [stack.deployed(application["name"], current_release(application["docroot"]), time.time())]

    return [told for application in wanted
            for told in source.ask("application " + application["name"], lambda application=application: one(application))]


def end_of(place, answer_s):
    """When the certificate ends that is shown at address:port, or stands first in a file; seconds since 1970."""
    if place.startswith("/"):
        with open(place, encoding="ascii", errors="replace") as handle:
            found = tls.read(handle.read())
    else:
        found = tls.read(ssl.DER_cert_to_PEM_cert(shown_at(place, answer_s)))
    if found is None:
        raise ValueError("there is no certificate")
    return (tls.end_of(found) - tls.EPOCH).total_seconds()


def shown_at(place, answer_s):
    """What a server shows, whoever signed it: in DER."""
    host, _colon, port = place.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host.strip("[]"), int(port)), answer_s) as plain, context.wrap_socket(plain) as wrapped:
        return wrapped.getpeercert(binary_form=True)


def certificates(source, wanted):
    """Asked once a minute; in between time goes on."""
    now = time.monotonic()
    if now - source.kept.get("certificates", (-1e9, {}))[0] >= CERTIFICATES_S:
        places = [one for place in wanted for one in (sorted(glob.glob(place)) if place.startswith("/") else [place])]
        ends = {}
        for place in places:
            for end in source.ask("the certificate of " + place, lambda place=place: [end_of(place, source.config["answer_s"])]):
                ends[place] = end
        source.kept["certificates"] = (now, ends)
    return [stack.certificate(place, end, time.time()) for place, end in source.kept["certificates"][1].items()]


# What of the configuration asks for it, what sentences call it, who tells it.
SOURCES = (
    ("vips", "the host's addresses", vips), ("vrrp", "keepalived", vrrp), ("virtual_servers", "virtual servers", virtual_servers),
    ("rabbitmq", "RabbitMQ", rabbitmq), ("lease", "the writer's lease", lease), ("modjk_url", "mod_jk", workers),
    ("tomcats", "Tomcat", sessions),
    ("drains", "drained servers", drains), ("contents", "content", contents), ("applications", "applications", applications),
    ("certificates", "certificates", certificates))
