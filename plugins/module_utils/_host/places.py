# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address and a port as one text. Pure."""

from __future__ import annotations


def bracketed(address):
    """An address as it stands before a port: an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    text = str(address)
    return "[%s]" % text if ":" in text else text


def at_port(address, port):
    return "%s:%d" % (bracketed(address), int(port))
