# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's admin socket and the inventory's servers as plain data."""

from __future__ import annotations

import csv
import io
import ipaddress

from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import connectors_of

# srv_admin_state, as "show servers state" prints it: what an operator asked for (F…), not what was inherited.
FORCED_MAINT = 0x01
FORCED_DRAIN = 0x08


# -- inventory ------------------------------------------------------------------------------


def resolve(backend, groups, hostvars):
    """The servers of one backend: those listed, then the members of its group."""
    servers = [dict(server) for server in backend.get("servers") or [] if isinstance(server, dict)]
    port, active = backend.get("port"), int(backend.get("active_members") or 0)
    for position, host in enumerate(groups.get(backend.get("group") or "", [])):
        servers.append({
            "name": host,
            "address": member_address(hostvars[host], backend.get("address_variable"), host),
            "port": port,
            # One writer, the others as spare: everyone after the first n members waits.
            "backup": bool(active) and position >= active,
        })
        if backend.get("routes_variable"):
            servers[-1]["routes"] = texts(hostvars[host].get(backend["routes_variable"]))
        elif backend.get("route_cookie") and hostvars[host].get("tomcat_cluster_instances"):
            servers[-1]["routes"] = [connector["route"] for connector in connectors_of(host, hostvars[host], backend["group"])]
    return servers


def texts(value):
    """A list of texts, or one text, as a list."""
    return [str(one) for one in (value if isinstance(value, (list, tuple)) else [value]) if one not in (None, "")]


def member_address(variables, variable, host):
    """A member's address in the variable that is named, None where that is not set: another network's would be wrong."""
    if variable:
        return variables.get(variable) or None
    return variables.get("ansible_host") or host


def resolve_all(backends, groups, hostvars):
    """{backend: [server]}; what is malformed is left out, preflight speaks about it."""
    if not isinstance(backends, (list, tuple)):
        return {}
    return {
        backend["name"]: resolve(backend, groups, hostvars)
        for backend in backends if isinstance(backend, dict) and backend.get("name")
    }


def routes(frontend):
    """Names of the backends a frontend can send to, in order, once each."""
    names = [rule.get("backend") for rule in frontend.get("rules") or []] + [frontend.get("default_backend")]
    return list(dict.fromkeys(name for name in names if name))


def https_port(frontend, frontends):
    """The port that plain requests are redirected to: what is given, else where TLS ends, 443 when several do or none."""
    if frontend.get("https_port"):
        return int(frontend["https_port"])
    for some in ([frontend], frontends):
        binds = [bind for one in some if (one.get("mode") or "http") == "http" for bind in one.get("binds") or []]
        ports = {int(bind["port"]) for bind in binds if bind.get("certificates")}
        if ports:
            return ports.pop() if len(ports) == 1 else 443
    return 443


def alternative_names(names):
    """Names of a certificate as OpenSSL writes them: an address is no DNS name to who verifies it."""
    return ["%s:%s" % ("IP" if is_address(name) else "DNS", name) for name in names]


def is_address(text):
    try:
        return ipaddress.ip_address(str(text)) is not None
    except ValueError:
        return False


def tls_only(backend, frontends):
    """Do visitors reach this backend through TLS alone? Then its cookie may be marked secure."""
    mine = [frontend for frontend in frontends if backend in routes(frontend)]
    return bool(mine) and all(
        frontend.get("redirect_https") or all(bind.get("certificates") for bind in frontend.get("binds") or [])
        for frontend in mine
    )


# -- admin socket ---------------------------------------------------------------------------


def parse_stat(text):
    """'show stat' to (frontends, servers); backend totals are left out."""
    rows = csv.DictReader(io.StringIO(text.lstrip("# ")))
    frontends, servers = [], []
    for row in rows:
        name = row.get("svname")
        if name == "FRONTEND":
            frontends.append({"name": row["pxname"], "status": row["status"], "sessions": int(row["scur"] or 0)})
        elif name and name != "BACKEND":
            servers.append({
                "backend": row["pxname"], "name": name, "status": row["status"], "sessions": int(row["scur"] or 0),
                "address": row.get("addr") or "", "check": row.get("check_status") or "", "backup": row.get("bck") == "1",
            })
    return frontends, servers


def parse_info(text):
    """'show info' to a dictionary of strings."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}


def parse_server_states(text):
    """'show servers state' to {(backend, server): administrative state bits}."""
    states, names = {}, []
    for line in text.splitlines():
        if line.startswith("#"):
            names = line.lstrip("# ").split()
        elif names and len(line.split()) >= 7:
            row = dict(zip(names, line.split()))
            states[row["be_name"], row["srv_name"]] = int(row["srv_admin_state"])
    return states


def asked_state(bits):
    """ready, drain or maint: what an operator asked for."""
    if bits & FORCED_MAINT:
        return "maint"
    return "drain" if bits & FORCED_DRAIN else "ready"


def plan(states, server, wanted, backends=None):
    """[(backend, state now)] of the places where the server is in another state than wanted."""
    return [
        (backend, asked_state(bits)) for (backend, name), bits in sorted(states.items())
        if name == server and (not backends or backend in backends) and asked_state(bits) != wanted
    ]


# -- health ---------------------------------------------------------------------------------


def is_up(server):
    """'UP', 'UP 1/3' (going down) and 'no check' take requests; DRAIN, MAINT, DOWN, NOLB do not."""
    return server["status"].startswith(("UP", "no check"))


def parse_listening(text):
    """/proc/net/tcp or tcp6 to a set of (address, port) that listen."""
    found = set()
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == "0A":
            address, port = fields[1].split(":")
            raw = bytes.fromhex(address)
            # The kernel prints 32-bit words in host order (little endian on what we run on).
            words = b"".join(raw[i:i + 4][::-1] for i in range(0, len(raw), 4))
            found.add((str(ipaddress.ip_address(words)), int(port, 16)))
    return found


def missing_binds(binds, listening):
    """Those of 'address:port' on which nothing listens; names are passed over."""
    missing = []
    for bind in binds:
        address, _mark, port = bind.rpartition(":")
        address = {"*": "0.0.0.0", "": "0.0.0.0"}.get(address, address).strip("[]")
        try:
            wanted = (str(ipaddress.ip_address(address)), int(port))
        except ValueError:
            continue
        if wanted not in listening and ("::", wanted[1]) not in listening:
            missing.append(bind)
    return missing


def troubles(frontends, servers, backends, missing):
    """Sentences for whatever keeps this proxy from being healthy."""
    sentences = ["Nothing listens on %s." % bind for bind in missing]
    sentences += ["Frontend %s is %s." % (frontend["name"], frontend["status"])
                  for frontend in frontends if frontend["status"] != "OPEN"]
    for backend in backends:
        mine = [server for server in servers if server["backend"] == backend]
        if not any(is_up(server) for server in mine):
            states = ", ".join(" ".join((server["name"], server["status"], server["check"])).strip() for server in mine)
            sentences.append("Backend %s has no server that is up (%s)." % (backend, states or "none known"))
    return sentences
