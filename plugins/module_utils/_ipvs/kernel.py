# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the kernel do IPVS? Its generic netlink family tells without privileges, and asking loads the module where that is allowed."""

from __future__ import annotations

import socket
import struct

GENERIC = 16
CONTROL_FAMILY = 0x10
GET_FAMILY = 3
FAMILY_NAME = 2
REQUEST = 1


def question(name):
    """CTRL_CMD_GETFAMILY for the family `name`."""
    text = name.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(text), FAMILY_NAME) + text + b"\0" * (-len(text) % 4)
    body = struct.pack("=BBH", GET_FAMILY, 1, 0) + attribute
    return struct.pack("=IHHII", 16 + len(body), CONTROL_FAMILY, REQUEST, 1, 0) + body


def answers_yes(message):
    """The answer is the family's description, or an error."""
    return len(message) >= 16 and struct.unpack_from("=H", message, 4)[0] == CONTROL_FAMILY


def has_family(name="IPVS"):
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC) as link:
            link.settimeout(10)
            link.bind((0, 0))
            link.send(question(name))
            return answers_yes(link.recv(65536))
    except OSError:
        return False


def loaded(listing):
    """Names of the modules in /proc/modules."""
    return {line.split(None, 1)[0] for line in listing.splitlines() if line.strip()}


def built_in(listing):
    """Names of the modules in modules.builtin."""
    return {line.rsplit("/", 1)[-1].strip().split(".ko")[0].replace("-", "_") for line in listing.splitlines() if line.strip()}


def wanted_modules(schedulers):
    return ["ip_vs", *sorted("ip_vs_" + name for name in set(schedulers))]
