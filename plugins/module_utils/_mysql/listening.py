# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which addresses a database server listens. Pure.

It has to take clients at the writer address as soon as that is there, and starts without it on all members but one. MariaDB binds to what
is not there yet (IP_FREEBIND), MySQL only where the kernel lets everybody (ip_nonlocal_bind): tried with 10.11.19 and 9.7.4.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE

LOOPBACK, LOOPBACK6 = "127.0.0.1", "::1"


def places(given, own, writer, more, failover):
    """Addresses, as bind_address takes them.

    given: what the role's user says, empty for nothing. own: the member's address. writer: the writer address with its length, or empty.
    more: further ones. With MMM, which moves addresses that this role does not know, everywhere.
    """
    if given:
        return [one.strip() for one in str(given).split(",")]
    if failover == "mmm":
        return ["*"]
    found = [str(own), *map(str, more or []), *([str(writer).partition("/")[0]] if writer else [])]
    loopbacks = [LOOPBACK] + ([LOOPBACK6] if any(":" in one for one in found) else [])
    return list(dict.fromkeys(found + loopbacks))


def everywhere(found):
    return any(one in EVERYWHERE for one in found)
