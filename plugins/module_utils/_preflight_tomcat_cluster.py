# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone can tell about Tomcat instances before any host is changed."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re

from ._preflight import Claim

SECRET_LENGTH = 16
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
HEAP = re.compile(r"^[1-9][0-9]*[kmgKMG]$")
CHECKSUM = re.compile(r"^(sha256|sha512):([0-9a-f]{64}|[0-9a-f]{128})$")
DEFAULT_GROUP, DEFAULT_PORT = "239.255.45.64", 45564


def as_list(value):
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_dict(value):
    return value if isinstance(value, dict) else {}


def number(value, default=0):
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def services_of(values):
    """(path of the variable, instance, service) of every service."""
    for i, instance in enumerate(as_list(values.get("tomcat_cluster_instances"))):
        for s, service in enumerate(as_list(instance.get("services"))):
            yield "tomcat_cluster_instances[%d].services[%d]" % (i, s), instance, service


def replicates(service):
    """Whether the service has a channel: a PersistentManager has none."""
    cluster = as_dict(service.get("cluster"))
    return bool(cluster) and cluster.get("manager") != "PersistentManager"


def receiver_of(service):
    given = as_dict(service.get("cluster")).get("receiver_port")
    return number(given) if given is not None else number(service.get("ajp_port")) - 4009


def route_of(host, instance, service):
    return str(service.get("jvm_route") or "%s-%s" % (host, instance.get("name"))).replace(".", "-")


def secret_problems(host, values):
    secret = values.get("tomcat_cluster_ajp_secret")
    if not secret:
        return ["%s: tomcat_cluster_ajp_secret is missing: give one of at least %d characters, the same as httpd's." % (
            host, SECRET_LENGTH)]
    if len(str(secret)) < SECRET_LENGTH:
        return ["%s: tomcat_cluster_ajp_secret has %d characters: give it at least %d." % (host, len(str(secret)), SECRET_LENGTH)]
    if re.search(r"[^!-~]|[\\$\"']", str(secret)):
        return ["%s: tomcat_cluster_ajp_secret has a space, quote, backslash, dollar sign or a character beyond ASCII: "
                "make it of letters, digits and other signs." % host]
    return []


def address_problems(host, values):
    address = values.get("tomcat_cluster_address")
    try:
        ipaddress.ip_address(str(address))
    except ValueError:
        return ["%s: tomcat_cluster_address is %s, which is no IP address: set it or ansible_host to the address of this host." % (
            host, address)]
    return []


def archive_problems(host, values):
    archive, checksum = values.get("tomcat_cluster_archive") or "", values.get("tomcat_cluster_archive_checksum") or ""
    if not archive:
        return []
    match = CHECKSUM.match(checksum)
    if not match:
        return ["%s: tomcat_cluster_archive_checksum is %s: give the archive's checksum as sha256:<64 digits>." % (
            host, checksum or "missing")]
    if "://" in archive:
        return []
    if not os.path.isfile(archive):
        return ["%s: tomcat_cluster_archive is %s, which is no file on the controller: give a path there or a URL." % (host, archive)]
    digest = hashlib.new(match.group(1))
    with open(archive, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != match.group(2):
        return ["%s: tomcat_cluster_archive %s has the checksum %s:%s, not tomcat_cluster_archive_checksum %s: "
                "fetch the archive again or correct the checksum." % (host, archive, match.group(1), digest.hexdigest(), checksum)]
    return []


def instance_problems(host, values):
    sentences, seen = [], set()
    instances = as_list(values.get("tomcat_cluster_instances"))
    total = 0.0
    for i, instance in enumerate(instances):
        where = "tomcat_cluster_instances[%d]" % i
        name = str(instance.get("name"))
        if not NAME.match(name):
            sentences.append("%s: %s.name is %s: use letters, digits, dash and underscore only." % (host, where, name))
        if name in seen:
            sentences.append("%s: %s.name is %s, which another instance of this host has already: give each its own name." % (
                host, where, name))
        seen.add(name)
        heap, percent = instance.get("heap"), instance.get("heap_percent")
        if heap and percent:
            sentences.append("%s: %s has both heap (%s) and heap_percent (%s): leave one out." % (host, where, heap, percent))
        if heap and not HEAP.match(str(heap)):
            sentences.append("%s: %s.heap is %s: give a number with k, m or g, such as 192m." % (host, where, heap))
        total += percent if isinstance(percent, (int, float)) else 0
        names = [str(service.get("name")) for service in as_list(instance.get("services"))]
        for name in sorted({name for name in names if names.count(name) > 1}):
            sentences.append("%s: %s.services has the name %s twice: give each service its own name." % (host, where, name))
    if total > 90:
        sentences.append("%s: tomcat_cluster_instances take heap_percent %g together: leave at least 10 percent to the system." % (
            host, total))
    return sentences


def ports_of(values):
    """(variable, port, what for) of every TCP port that this host's instances listen on."""
    for i, instance in enumerate(as_list(values.get("tomcat_cluster_instances"))):
        yield "tomcat_cluster_instances[%d].shutdown_port" % i, number(instance.get("shutdown_port"), -1), instance, True
    for where, instance, service in services_of(values):
        yield where + ".ajp_port", number(service.get("ajp_port")), instance, False
        yield where + ".http_port", number(service.get("http_port")), instance, True
        if replicates(service):
            yield where + ".cluster.receiver_port", receiver_of(service), instance, False


def port_problems(host, values):
    sentences, taken = [], {}
    for variable, port, instance, may_be_off in ports_of(values):
        if may_be_off and port in (0, -1):
            continue
        if not 1 <= port <= 65535:
            sentences.append("%s: %s is %d: give a port from 1 to 65535." % (host, variable, port))
        elif port in taken:
            sentences.append("%s: %s is %d, which instance '%s' on this host uses already: give each connector its own port." % (
                host, variable, port, taken[port]))
        else:
            taken[port] = instance.get("name")
    return sentences


def application_problems(host, values):
    sentences = []
    for where, _instance, service in services_of(values):
        if not NAME.match(str(service.get("name"))):
            sentences.append("%s: %s.name is %s: use letters, digits, dash and underscore only." % (host, where, service.get("name")))
        paths = set()
        for a, application in enumerate(as_list(service.get("applications"))):
            variable = "%s.applications[%d]" % (where, a)
            path, doc_base = str(application.get("path") or ""), str(application.get("doc_base") or "")
            if path and (not path.startswith("/") or path.endswith("/")):
                sentences.append("%s: %s.path is %s: leave it empty for the root, or begin (and do not end) with a slash." % (
                    host, variable, path))
            if path in paths:
                sentences.append("%s: %s.path is '%s', which another application of this service has already: give each its own path." % (
                    host, variable, path))
            paths.add(path)
            if not doc_base.startswith("/") or "/webapps" in doc_base:
                sentences.append("%s: %s.doc_base is %s: give an absolute path outside webapps." % (host, variable, doc_base or "missing"))
            for r, resource in enumerate(as_list(application.get("resources"))):
                if re.search(r"[\\$]", str(resource.get("password") or "")):
                    sentences.append("%s: %s.resources[%d].password has a backslash or dollar sign: choose one without." % (
                        host, variable, r))
    return sentences


def cluster_problems(host, values):
    sentences, channels = [], {}
    for where, _instance, service in services_of(values):
        cluster = as_dict(service.get("cluster"))
        if not cluster:
            continue
        if cluster.get("manager") == "PersistentManager":
            if not cluster.get("store_directory") and not cluster.get("store_data_source"):
                sentences.append("%s: %s.cluster.manager is PersistentManager without a store: "
                                 "give store_directory or store_data_source." % (host, where))
            continue
        if cluster.get("membership") == "static":
            continue
        group, port = str(cluster.get("multicast_address") or DEFAULT_GROUP), number(cluster.get("multicast_port"), DEFAULT_PORT)
        try:
            good = ipaddress.ip_address(group).is_multicast
        except ValueError:
            good = False
        if not good:
            sentences.append("%s: %s.cluster.multicast_address is %s, which is no multicast address: choose one from 239.0.0.0/8." % (
                host, where, group))
        other = channels.setdefault((group, port), service.get("name"))
        if other != service.get("name"):
            sentences.append("%s: %s.cluster uses %s:%d, the channel of service '%s': give each service its own multicast_port." % (
                host, where, group, port, other))
    return sentences


def timing_problems(host, values):
    interval, drop = number(values.get("tomcat_cluster_member_interval_ms"), 100), number(values.get("tomcat_cluster_member_drop_ms"), 600)
    if drop < 3 * interval:
        return ["%s: tomcat_cluster_member_drop_ms is %d, less than three times tomcat_cluster_member_interval_ms (%d): "
                "a single lost packet would drop a member; raise it." % (host, drop, interval)]
    return list(guard_problems(host, values, drop))


def guard_problems(host, values, drop):
    if values.get("tomcat_cluster_guard") is False:
        return
    silent = number(values.get("tomcat_cluster_guard_silent_ms"), 500)
    interval = number(values.get("tomcat_cluster_guard_interval_ms"), 100)
    if interval < 1 or silent < 2 * interval:
        yield ("%s: tomcat_cluster_guard_silent_ms is %d, less than twice tomcat_cluster_guard_interval_ms (%d): "
               "a single lost packet would stop the Tomcats; raise it." % (host, silent, interval))
    if silent >= drop:
        yield ("%s: tomcat_cluster_guard_silent_ms is %d, not less than tomcat_cluster_member_drop_ms (%d): a Tomcat that is cut off would "
               "take the others' sessions for its own before it stands still; lower it." % (host, silent, drop))


def problems(host, values):
    """One sentence each: host, variable, value, remedy. Never a secret's value."""
    sentences = []
    for rule in (secret_problems, address_problems, archive_problems, instance_problems, port_problems, application_problems,
                 cluster_problems, timing_problems):
        sentences += rule(host, values)
    return sentences


def claims(host, values):
    """A jvmRoute stands for one instance within the service that is balanced."""
    group = values.get("tomcat_cluster_group") or "tomcat"
    found = []
    for where, instance, service in services_of(values):
        route = route_of(host, instance, service)
        found.append(Claim(
            "jvmRoute in service %s of group %s" % (service.get("name"), group), route, "%s/%s" % (host, instance.get("name")),
            "%s: %s.jvm_route is %s, which another instance of service '%s' has already: give each instance its own." % (
                host, where, route, service.get("name"))))
    return found
