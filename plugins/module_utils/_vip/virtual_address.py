# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual addresses as keepalived.conf has them: an address, a prefix length, and words of ip address behind it. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Optional, Union


class VirtualAddress(NamedTuple):
    """interface: address with prefix length, that of a single address where none is written. device: where it is put, None for the
    instance's own interface. text: as it was written."""

    interface: Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
    device: Optional[str]
    text: str

    @property
    def address(self):
        return self.interface.ip

    @property
    def single(self):
        """Whether it says nothing of a network, as /32 and /128 do."""
        return self.interface.network.num_addresses == 1


def parse(text):
    """A virtual address, None for what is none."""
    words = str(text).split()
    if not words or re.search(r"[{}\"'#!]", str(text)):
        return None
    try:
        interface = ipaddress.ip_interface(words[0])
    except ValueError:
        return None
    device = None
    if "dev" in words:
        behind = words[words.index("dev") + 1:]
        if not behind:
            return None
        device = behind[0]
    return VirtualAddress(interface, device, str(text))


def parsed(texts):
    """Those of the texts that are virtual addresses."""
    return [one for one in map(parse, texts or []) if one is not None]


def plain(text):
    """The address alone, in its canonical spelling; what is none stays as it is."""
    one = parse(text)
    return str(one.address) if one else str(text)


def source_family(instance, peers=None):
    """4 or 6, the family of the adverts and so of the addresses in them: that of the peers, else of the first address."""
    for text in list(peers or []) + list(instance.get("addresses") or []):
        one = parse(text)
        if one is not None:
            return one.address.version
    return 4


def configured(one):
    """The line of keepalived.conf. An IPv6 address is deprecated, as keepalived itself has those of /128: else the holder's own connections
    come from it, and a real server that has it on lo, as DR wants, answers itself; its checks fail."""
    return one.text if one.address.version == 4 or "preferred_lft" in one.text.split() else one.text + " preferred_lft 0"


def described(texts, interface):
    """[{text, address, interface, family}]: as keepalived.conf has it, with its prefix length, where it is put, 4 or 6."""
    return [{"text": configured(one), "address": str(one.interface), "interface": one.device or interface, "family": one.address.version}
            for one in parsed(texts)]
