# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running keepalived owns of the IPVS table: two managers of one service undo each other's work."""

from __future__ import annotations

import glob
import ipaddress
import os
import re
from collections import namedtuple

from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import PROTOCOLS, canonical, joined
from ansible_collections.failover.stack.plugins.module_utils._vip.keepalived_conf import keepalived_tree

# services: names as ipvsadm has them. globals: which of lvs_timeouts, lvs_sync_daemon it sets.
Owner = namedtuple("Owner", "pid file services globals")

DEFAULT_FILE = "/etc/keepalived/keepalived.conf"
INCLUDES = ("include", "includea", "includeb", "includem", "includer", "includew")
MOST_ADDRESSES = 65536


# --- Its configuration, pure -----------------------------------------------------


def substituted(text):
    """The text with its `$NAME=value` definitions put in and conditions taken as true."""
    values = dict(re.findall(r"(?m)^\s*\$([A-Za-z_]\w*)=(.*?)\s*$", text))
    text = re.sub(r"(?m)^\s*\$[A-Za-z_]\w*=.*$", "", text)
    text = re.sub(r"(?m)^\s*@\S+\s+", "", text)
    for _depth in range(5):
        replaced = re.sub(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))",
                          lambda match: values.get(match.group(1) or match.group(2), match.group(0)), text)
        if replaced == text:
            break
        text = replaced
    return text


def addresses(text):
    """The addresses of "192.0.2.1", "192.0.2.1-10", "192.0.2.250-192.0.3.10" or "192.0.2.8/29"."""
    try:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return [str(network[number]) for number in range(min(network.num_addresses, MOST_ADDRESSES))]
        first, _dash, last = text.partition("-")
        start = ipaddress.ip_address(first)
        if last and start.version == 4 and "." not in last:
            last = first.rpartition(".")[0] + "." + last
        elif last and start.version == 6 and ":" not in last:
            last = first.rpartition(":")[0] + ":" + last
        end = ipaddress.ip_address(last) if last else start
        return [str(start + number) for number in range(min(int(end) - int(start) + 1, MOST_ADDRESSES))]
    except ValueError:
        return []


def ports(text):
    first, _dash, last = text.partition("-")
    return range(int(first), int(last or first) + 1) if first.isdigit() and (last or first).isdigit() else []


def _value(children, key, default=None):
    return next((words[1] for words, _children in children if len(words) > 1 and words[0] == key), default)


def _names(words, option, family):
    """The services of one line: `192.0.2.1 80` or `fwmark 5 inet6`."""
    if words[0] == "fwmark" and len(words) > 1:
        six = (words[2] if len(words) > 2 else family) == "inet6"
        return ["-f %d%s" % (int(words[1], 0), " -6" if six else "")]
    result = []
    for address in addresses(words[0]):
        kind, text = canonical(address)
        result += ["%s %s" % (option, joined(kind, text, port)) for port in ports(words[1] if len(words) > 1 else "0")]
    return result


def owned(text):
    """(services, globals) of a keepalived.conf whose includes are put in."""
    nodes = keepalived_tree(substituted(text))[1]
    groups = {words[1]: children for words, children in nodes if len(words) > 1 and words[0] == "virtual_server_group"}
    services, settings = set(), set()
    for words, children in nodes:
        if words[:1] == ["global_defs"]:
            settings |= {line[0] for line, _children in children if line and line[0] in ("lvs_timeouts", "lvs_sync_daemon")}
        if len(words) < 2 or words[0] != "virtual_server":
            continue
        option = PROTOCOLS.get(_value(children, "protocol", "TCP").lower(), "-t")
        family = _value(children, "ip_family") or _family_of_servers(children)
        lines = [line for line, _c in groups.get(words[2], []) if line] if words[1] == "group" and len(words) > 2 else [words[1:]]
        for line in lines:
            services.update(_names(line, option, family))
    return services, settings


def _family_of_servers(children):
    """A fwmark has the family of its real servers."""
    first = _value([node for node in children if node[0][:1] == ["real_server"]], "real_server", "")
    return "inet6" if ":" in first else "inet"


def command_line(arguments):
    """(configuration file, whether it manages virtual servers) of keepalived's arguments."""
    path, vrrp, checker = DEFAULT_FILE, False, False
    for position, word in enumerate(arguments):
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        if word in ("-f", "--use-file"):
            path = following
        elif word.startswith("--use-file="):
            path = word.partition("=")[2]
        elif word.startswith("-f") and len(word) > 2:
            path = word[2:]
        vrrp = vrrp or word in ("-P", "--vrrp")
        checker = checker or word in ("-C", "--check")
    return path, checker or not vrrp


# --- The machine ---------------------------------------------------------------


def with_includes(path, root="", depth=0):
    """A file's text with the files it includes in place. Raises OSError for the file itself."""
    with open(root + path, encoding="utf-8", errors="replace") as handle:
        lines = handle.read().splitlines()
    for number, line in enumerate(lines):
        words = line.split()
        if len(words) > 1 and words[0] in INCLUDES and depth < 16:
            pattern = os.path.join(os.path.dirname(path), words[1].strip('"'))
            found = sorted(glob.glob(root + pattern))
            lines[number] = "\n".join(with_includes(name[len(root):], root, depth + 1) for name in found if os.path.isfile(name))
    return "\n".join(lines)


def _read(path):
    try:
        with open(path, "rb") as handle:
            return handle.read().decode("utf-8", "replace")
    except OSError:
        return ""


def running(proc="/proc"):
    """(pid, configuration file, root) of each keepalived of this network namespace that manages virtual servers."""
    found = {}
    own = os.readlink(proc + "/self/ns/net")
    for pid in sorted(int(name) for name in os.listdir(proc) if name.isdigit()):
        if not _read("%s/%d/comm" % (proc, pid)).startswith("keepalived"):
            continue
        try:
            if os.readlink("%s/%d/ns/net" % (proc, pid)) != own:
                continue
            where = os.readlink("%s/%d/cwd" % (proc, pid))
        except OSError:
            continue
        path, manages = command_line(_read("%s/%d/cmdline" % (proc, pid)).split("\0")[1:])
        root = "%s/%d/root" % (proc, pid)
        if manages:
            # Its children have the same arguments: the first one is the parent.
            found.setdefault(os.path.join(where, path), (pid, os.path.join(where, path), root))
    return list(found.values())


def owners(proc="/proc"):
    """An Owner for each; services is None when its file cannot be read."""
    result = []
    for pid, path, root in running(proc):
        try:
            services, settings = owned(with_includes(path, root))
        except OSError:
            services, settings = None, set()
        result.append(Owner(pid, path, services, settings))
    return result
