# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone can tell about Tomcat instances before any host is changed."""

from __future__ import annotations

import ipaddress
import os
import re

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, listening
from ansible_collections.failover.stack.plugins.module_utils._preflight.given_files import sum_of
from ansible_collections.failover.stack.plugins.module_utils._web import data_source, tomcat_sessions
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import NAME_LIMIT, route_of
from ansible_collections.failover.stack.plugins.module_utils._web.sandbox import SYSTEM, top
from ansible_collections.failover.stack.plugins.module_utils._web.session_classes import pattern_problems, replicates

SECRET_LENGTH = 16
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
HEAP = re.compile(r"^[1-9][0-9]*[kmgKMG]$")
CHECKSUM = re.compile(r"^(sha256|sha512):([0-9a-f]{64}|[0-9a-f]{128})$")
ROUTE = re.compile(r"^[A-Za-z0-9_-]+$")
COOKIE = ROUTE
# useradd's limits.
USER = re.compile(r"^[a-z_][a-z0-9_-]{0,31}$")
# Below the 255 characters of systemd's unit names and of file names, with room for what the role adds.
INSTANCE_LIMIT = 64
PLAIN_PATH = re.compile(r"^/[A-Za-z0-9._@+~-]+(/[A-Za-z0-9._@+~-]+)*/?$")
OWN_WEBAPPS = re.compile(r"^/var/lib/tomcat-cluster/[^/]+/webapps(/|$)")
DRIVERS = {"mariadb": "mariadb", "mysql": "mariadb", "postgresql": "postgresql"}
DEFAULT_GROUPS, DEFAULT_PORT = {4: "239.255.45.64", 6: "ff15::45:64"}, 45564
GROUPS_OF = {4: "239.0.0.0/8", 6: "ff15::/16"}
# Tomcat is not root and has no capabilities.
LOWEST_PORT = 1024
BAD_IN_PATH = re.compile(r"[\s\"'<>&?;%$\\{}]")
# A second option in the same text. A property may have blanks, and rarely -D, -X or -ea behind them.
TWO_OPTIONS = re.compile(r"^-(X|server|ea|D[\w.]+=)\S*[ \t]+-[DXe]")


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


def clustered(service):
    """Whether sessions are shared: an empty mapping is a cluster with all defaults."""
    return isinstance(service.get("cluster"), dict)


def receiver_of(service):
    given = as_dict(service.get("cluster")).get("receiver_port")
    return number(given) if given is not None else number(service.get("ajp_port")) - 4009


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
    found = sum_of(archive, match.group(1))
    if not found:
        return ["%s: tomcat_cluster_archive is %s, which is no file on the controller: give a path there or a URL." % (host, archive)]
    if found != checksum:
        return ["%s: tomcat_cluster_archive %s has the checksum %s, not tomcat_cluster_archive_checksum %s: "
                "fetch the archive again or correct the checksum." % (host, archive, found, checksum)]
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
        if len(name) > INSTANCE_LIMIT:
            sentences.append("%s: %s.name has %d characters: take %d at most." % (host, where, len(name), INSTANCE_LIMIT))
        sentences += option_problems(host, where, instance)
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


def option_problems(host, where, instance):
    """Options reach the JVM one by one, whatever signs they have; what ends a line or a string of C they cannot have."""
    for option in instance.get("java_options") or []:
        if not str(option).startswith(("-", "@")):
            yield "%s: %s.java_options has '%s', which Java would take for a class: write an option that begins with - or @." % (
                host, where, option)
        elif TWO_OPTIONS.match(str(option)):
            yield "%s: %s.java_options has '%s', which Java would get as one option: write a list, one option an entry." % (
                host, where, option)
        if instance.get("heap") and re.match(r"-Xm[sx]", str(option)):
            yield "%s: %s.java_options has '%s' beside heap (%s), of which Java takes the last: leave one out." % (
                host, where, option, instance["heap"])
        if re.search(r"[\r\n\0]", str(option)):
            yield "%s: %s.java_options has a line break in '%s': write one option an entry." % (host, where, str(option).split("\n", 1)[0])


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
        elif port < LOWEST_PORT:
            sentences.append("%s: %s is %d: give %d to 65535, lower ones only root may listen on, and Tomcat is not root (httpd or HAProxy "
                             "in front may)." % (host, variable, port, LOWEST_PORT))
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
        if service.get("name") == tomcat_sessions.SERVICE:
            sentences.append("%s: %s.name is %s, which is the role's own service in every instance: choose another." % (
                host, where, tomcat_sessions.SERVICE))
        paths = set()
        for a, application in enumerate(as_list(service.get("applications"))):
            variable = "%s.applications[%d]" % (where, a)
            path, doc_base = str(application.get("path") or ""), str(application.get("doc_base") or "")
            if path and (not path.startswith("/") or path.endswith("/")):
                sentences.append("%s: %s.path is %s: leave it empty for the root, or begin (and do not end) with a slash." % (
                    host, variable, path))
            elif BAD_IN_PATH.search(path):
                sentences.append("%s: %s.path is '%s': leave out blanks, quotes and \" < > & ? ; %% $ { }." % (host, variable, path))
            if path in paths:
                sentences.append("%s: %s.path is '%s', which another application of this service has already: give each its own path." % (
                    host, variable, path))
            paths.add(path)
            if not doc_base.startswith("/"):
                sentences.append("%s: %s.doc_base is %s: give an absolute path." % (host, variable, doc_base or "missing"))
            elif OWN_WEBAPPS.match(doc_base):
                sentences.append("%s: %s.doc_base is %s, in a directory of Tomcat's own, where it does not look: lay the application "
                                 "elsewhere, such as /srv." % (host, variable, doc_base))
            sentences += list(path_problems(host, variable, application))
            for name, value in as_dict(application.get("parameters")).items():
                if value is None or isinstance(value, (dict, list)):
                    sentences.append("%s: %s.parameters.%s is %s: write a text, as the application reads it." % (
                        host, variable, name, "empty" if value is None else "a list" if isinstance(value, list) else "a dictionary"))
            names = [str(resource.get("name")) for resource in as_list(application.get("resources"))]
            for name in sorted({name for name in names if names.count(name) > 1}):
                sentences.append("%s: %s.resources has %s twice: give each its own name." % (host, variable, name))
            for r, resource in enumerate(as_list(application.get("resources"))):
                if re.search(r"[\\$]", str(resource.get("password") or "")):
                    sentences.append("%s: %s.resources[%d].password has a backslash or dollar sign: choose one without." % (
                        host, variable, r))
    return sentences


def path_problems(host, variable, application):
    for path in application.get("writable_paths") or []:
        if not PLAIN_PATH.match(str(path)) or ".." in str(path).split("/") or top(path) in SYSTEM:
            yield ("%s: %s.writable_paths has %s: give an absolute path without spaces that is none of the system's, such as /srv/uploads "
                   "(/tmp is writable anyway)." % (host, variable, path))
    cookie = application.get("session_cookie")
    if cookie and (not COOKIE.match(str(cookie)) or len(str(cookie)) > NAME_LIMIT):
        yield "%s: %s.session_cookie is %s: take letters, digits, - and _, %d at most, which is what mod_jk takes." % (
            host, variable, cookie, NAME_LIMIT)


def resource_problems(host, values):
    """A data source whose driver is not there is found out by the application's first query."""
    given = values.get("tomcat_cluster_drivers")
    drivers = [] if values.get("tomcat_cluster_jdbc") is False else ["mariadb"] if given is None else given
    for where, _instance, service in services_of(values):
        for a, application in enumerate(as_list(service.get("applications"))):
            for r, resource in enumerate(as_list(application.get("resources"))):
                variable, url = "%s.applications[%d].resources[%d]" % (where, a, r), str(resource.get("url") or "")
                yield from ("%s: %s.%s" % (host, variable, problem)
                            for problem in data_source.property_problems(resource.get("properties")))
                problem = "" if resource.get("driver") or not url.startswith("jdbc:mariadb:") else data_source.url_problems(url)
                if problem:
                    yield "%s: %s.url %s" % (host, variable, problem)
                kind = DRIVERS.get(url.split(":")[1] if url.startswith("jdbc:") and url.count(":") > 1 else "")
                if not url.startswith("jdbc:"):
                    yield "%s: %s.url is %s: write a JDBC URL such as jdbc:mariadb://198.18.0.50/shop." % (host, variable, url or "missing")
                elif resource.get("driver"):
                    continue
                elif kind is None:
                    yield ("%s: %s.url is for %s, whose driver's class the role does not know: give driver, and the jar in "
                           "tomcat_cluster_jars." % (host, variable, url.split(":")[1]))
                elif url.startswith("jdbc:mysql:") and "permitMysqlScheme" not in url:
                    yield ("%s: %s.url begins with jdbc:mysql:, which MariaDB's driver refuses: write jdbc:mariadb:, or add "
                           "permitMysqlScheme, or give driver and its jar in tomcat_cluster_jars." % (host, variable))
                elif kind not in drivers and not values.get("tomcat_cluster_jars"):
                    yield "%s: %s.url is for %s, whose driver is not installed: add %s to tomcat_cluster_drivers." % (
                        host, variable, kind, kind)


def jar_problems(host, values):
    """Jars are linked by their names into one directory."""
    jars = [str(jar) for jar in values.get("tomcat_cluster_jars") or []]
    names = [os.path.basename(jar) for jar in jars]
    for jar, name in zip(jars, names):
        if not jar.startswith("/"):
            yield "%s: tomcat_cluster_jars has %s: give an absolute path on the host." % (host, jar)
        elif names.count(name) > 1:
            yield "%s: tomcat_cluster_jars has %s, and another one of that name: Tomcat would see one of them, name it alone." % (host, jar)


def size_problems(host, values):
    size = number(values.get("tomcat_cluster_ajp_packet_size"), 16384)
    if not 8192 <= size <= 65536 or size % 1024:
        yield "%s: tomcat_cluster_ajp_packet_size is %d: take a multiple of 1024 from 8192 to 65536, as mod_jk does." % (host, size)
    user = str(values.get("tomcat_cluster_user") or "tomcat")
    if user == "root":
        yield "%s: tomcat_cluster_user is root, for whom applications would run: name a user of their own." % host
    if not USER.match(user):
        yield "%s: tomcat_cluster_user is %s: take up to 32 lower-case letters, digits, - and _, a letter first." % (host, user)
    for where, instance, service in services_of(values):
        route = route_of(host, instance, service)
        if len(route) > NAME_LIMIT:
            yield "%s: %s.jvm_route has %d characters: mod_jk takes %d, give a shorter one." % (host, where, len(route), NAME_LIMIT)
        if not ROUTE.match(route):
            yield "%s: %s.jvm_route is %s, which cannot name a worker of mod_jk: take letters, digits, - and _." % (host, where, route)
        for limit, least in (("max_threads", 1), ("max_parameters", -1), ("max_parts", -1), ("max_post_kb", 1)):
            if service.get(limit) is not None and number(service[limit], least - 1) < least:
                yield "%s: %s.%s is %s: take %d or more." % (host, where, limit, service[limit], least)


def cluster_problems(host, values):
    sentences, channels = [], {}
    family = 6 if ":" in str(values.get("tomcat_cluster_address")) else 4
    for where, _instance, service in services_of(values):
        cluster = as_dict(service.get("cluster"))
        if not clustered(service):
            continue
        if cluster.get("manager") == "PersistentManager":
            if not cluster.get("store_directory") and not cluster.get("store_data_source"):
                sentences.append("%s: %s.cluster.manager is PersistentManager without a store: "
                                 "give store_directory or store_data_source." % (host, where))
            continue
        if cluster.get("membership") != "multicast":
            sentences += unused_group_problems(host, where, cluster)
            continue
        group, port = str(cluster.get("multicast_address") or DEFAULT_GROUPS[family]), number(cluster.get("multicast_port"), DEFAULT_PORT)
        if not 1 <= port <= 65535:
            sentences.append("%s: %s.cluster.multicast_port is %d: give a port from 1 to 65535." % (host, where, port))
        try:
            good = ipaddress.ip_address(group).is_multicast
        except ValueError:
            good = False
        if not good:
            sentences.append("%s: %s.cluster.multicast_address is %s, which is no multicast address: choose one from %s." % (
                host, where, group, GROUPS_OF[family]))
        elif ipaddress.ip_address(group).version != family:
            sentences.append("%s: %s.cluster.multicast_address is %s, but tomcat_cluster_address is %s, of the other family: choose one "
                             "from %s." % (host, where, group, values.get("tomcat_cluster_address"), GROUPS_OF[family]))
        other = channels.setdefault((group, port), service.get("name"))
        if other != service.get("name"):
            sentences.append("%s: %s.cluster uses %s:%d, the channel of service '%s': give each service its own multicast_port." % (
                host, where, group, port, other))
    return sentences


def unused_group_problems(host, where, cluster):
    """Multicast was the default once: who has named a group would lose it without a word."""
    for name in ("multicast_address", "multicast_port", "multicast_ttl"):
        if cluster.get(name) is not None:
            yield "%s: %s.cluster.%s is %s, but membership is static, which uses none: set membership to multicast, or leave it out." % (
                host, where, name, cluster[name])


def receiver_problems(host, values):
    """A receiver makes objects of what anybody sends it."""
    ports = sorted({receiver_of(service) for _where, _instance, service in services_of(values) if replicates(service)})
    if not ports or values.get("tomcat_cluster_firewalled") or values.get("tomcat_cluster_open_receiver"):
        return
    if not is_loopback(values.get("tomcat_cluster_address")):
        yield ("%s: tomcat_cluster_open_receiver is false and the host is not in group firewall, so that anybody could hand Java objects "
               "to its session receivers (port %s): put the host into group firewall, or set tomcat_cluster_firewalled to true if a "
               "firewall of yours lets only the other Tomcats in, or tomcat_cluster_open_receiver to true if nobody else is in their "
               "network." % (host, ", ".join(map(str, ports))))


def is_loopback(address):
    try:
        return ipaddress.ip_address(str(address)).is_loopback
    except ValueError:
        return False


def class_problems(host, values):
    for name in ("tomcat_cluster_session_classes", "tomcat_cluster_refused_classes"):
        yield from ("%s: %s %s" % (host, name, problem) for problem in pattern_problems(values.get(name)))


def family_problems(host, values):
    """A Tomcat with an IPv4 address has no IPv6 at all, and members of one channel find each other by one family."""
    if not any(replicates(service) for _where, _instance, service in services_of(values)):
        return
    own = str(values.get("tomcat_cluster_address"))
    for name, address in sorted(as_dict(values.get("tomcat_cluster_member_addresses")).items()):
        if name != host and address and (":" in str(address)) != (":" in own):
            yield ("%s: tomcat_cluster_address is %s, and member %s has %s: sessions are shared by IPv4 or by IPv6, give all members "
                   "addresses of one family." % (host, own, name, address))


def timing_problems(host, values):
    interval, drop = number(values.get("tomcat_cluster_member_interval_ms"), 100), number(values.get("tomcat_cluster_member_drop_ms"), 600)
    if drop < 3 * interval:
        return ["%s: tomcat_cluster_member_drop_ms is %d, less than three times tomcat_cluster_member_interval_ms (%d): "
                "a single lost packet would drop a member; raise it." % (host, drop, interval)]
    return list(watchdog_problems(host, values, drop))


def watchdog_problems(host, values, drop):
    if values.get("tomcat_cluster_watchdog") is False:
        return
    silent = number(values.get("tomcat_cluster_watchdog_silent_ms"), 500)
    interval = number(values.get("tomcat_cluster_watchdog_interval_ms"), 100)
    if interval < 1 or silent < 2 * interval:
        yield ("%s: tomcat_cluster_watchdog_silent_ms is %d, less than twice tomcat_cluster_watchdog_interval_ms (%d): "
               "a single lost packet would stop the Tomcats; raise it." % (host, silent, interval))
    if silent >= drop:
        yield ("%s: tomcat_cluster_watchdog_silent_ms is %d, not less than tomcat_cluster_member_drop_ms (%d): a Tomcat that is cut off "
               "would take the others' sessions for its own before it stands still; lower it." % (host, silent, drop))


def problems(host, values):
    """One sentence each: host, variable, value, remedy. Never a secret's value."""
    sentences = []
    for rule in (secret_problems, address_problems, archive_problems, instance_problems, port_problems, application_problems,
                 resource_problems, jar_problems, size_problems, cluster_problems, family_problems, receiver_problems, class_problems,
                 timing_problems):
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
    ports = {(port, variable.endswith("shutdown_port")) for variable, port, _instance, may_be_off in ports_of(values)
             if port > 0 or not may_be_off}
    for port, local in sorted(ports):
        address = "127.0.0.1" if local else values.get("tomcat_cluster_address")
        found += listening(host, "Tomcat", "tomcat_cluster_instances", port, [address])
    return found
