# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address that moves between machines: who holds it (ARP, or IPv6 neighbour discovery), taking it, giving it up, saying so.

Only the standard library and _vip/neighbour.py: it is also installed beside services that run on the nodes.
"""

from __future__ import annotations

import array
import binascii
import os
import select
import socket
import struct
import time

from ansible_collections.failover.stack.plugins.module_utils._vip import neighbour

ETH_P_ARP = 0x0806
BROADCAST = b"\xff" * 6
REQUEST, REPLY = 1, 2
# rtnetlink: messages, flags, attributes
NEW_ADDRESS, DELETE_ADDRESS, GET_ADDRESS = 20, 21, 22
ASK, ACK, DUMP, CREATE, EXCLUSIVE = 0x1, 0x4, 0x300, 0x400, 0x200
ADDRESS, LOCAL, LIFETIMES = 1, 2, 6
# An IPv6 address that nobody else was heard to have is used at once, and never as the source of what this machine itself begins.
NO_DAD, FOR_EVER = 0x02, 0xFFFFFFFF
ATTACH_FILTER, SOL_PACKET, ADD_MEMBERSHIP, ALL_MULTICAST = 26, 263, 1, 2
ERROR, DONE = 2, 3
GONE = {99, 19, 2}  # EADDRNOTAVAIL, ENODEV, ENOENT: there is nothing to delete
THERE = 17  # EEXIST


def mac_text(mac):
    return binascii.hexlify(mac, ":").decode()


def arp_frame(operation, mac, sender, target, to=BROADCAST, target_mac=b"\0" * 6):
    ether = to + mac + struct.pack("!H", ETH_P_ARP)
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + socket.inet_aton(sender or "0.0.0.0")
    return ether + body + target_mac + socket.inet_aton(target)


def arp_question(mac, source, target):
    """An ARP request frame; source None asks as a probe (RFC 5227), with an empty sender address."""
    return arp_frame(REQUEST, mac, source, target)


def arp_parts(frame):
    """(operation, sender's mac, sender's address, target's address), None for what is no ARP for IPv4."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x06":
        return None
    operation = struct.unpack("!H", frame[20:22])[0]
    return operation, mac_text(frame[22:28]), socket.inet_ntoa(frame[28:32]), socket.inet_ntoa(frame[38:42])


def arp_answer(frame):
    """(mac, address, asked_for) of an ARP reply, None for anything else."""
    parts = arp_parts(frame)
    return parts[1:] if parts and parts[0] == REPLY else None


def parts_of(frame):
    """arp_parts(), or the same of a frame by which IPv6 machines ask each other."""
    found = neighbour.parts(frame)
    if found is None:
        return arp_parts(frame)
    return (REQUEST if found[0] == neighbour.SOLICITATION else REPLY), mac_text(found[1]), found[2], found[3]


def claims(frame, address, own):
    """The MAC of a machine other than these that says the address is its own, None when the frame says no such thing."""
    parts = parts_of(frame)
    if parts is None or parts[2] != address or parts[1] in own:
        return None
    return parts[1]


def probes(frame, address):
    """The MAC of a machine that asks whether the address is free, None for anything else."""
    parts = parts_of(frame)
    if parts is None or parts[0] != REQUEST or parts[2] not in ("0.0.0.0", neighbour.UNSPECIFIED) or parts[3] != address:
        return None
    return parts[1]


def own_macs(directory="/sys/class/net"):
    found = set()
    for name in os.listdir(directory):
        try:
            with open("%s/%s/address" % (directory, name), encoding="ascii") as handle:
                found.add(handle.read().strip())
        except OSError:
            continue  # an interface that went away meanwhile
    return found


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def address_message(kind, flags, index=0, address=None, prefix=0):
    """A netlink message about an address; about all of both families without one."""
    if not address:
        body = struct.pack("=BBBBI", socket.AF_UNSPEC, prefix, 0, 0, index)
    elif family_of(address) == socket.AF_INET:
        packed = socket.inet_aton(address)
        body = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, index)
        body += struct.pack("=HH4s", 8, LOCAL, packed) + struct.pack("=HH4s", 8, ADDRESS, packed)
    else:
        body = struct.pack("=BBBBI", socket.AF_INET6, prefix, NO_DAD if kind == NEW_ADDRESS else 0, 0, index)
        body += struct.pack("=HH16s", 20, ADDRESS, neighbour.packed(address))
        body += struct.pack("=HHIIII", 20, LIFETIMES, 0, FOR_EVER, 0, 0) if kind == NEW_ADDRESS else b""
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def messages(data):
    """(kind, payload) of each netlink message in what was received."""
    while len(data) >= 16:
        length, kind = struct.unpack("=IH", data[:6])
        if length < 16:
            return
        yield kind, data[16:length]
        data = data[(length + 3) & ~3:]


def address_of(payload):
    """(interface index, address, prefix) in a message about an address; address None when it has none."""
    family, prefix, _flags, _scope, index = struct.unpack("=BBBBI", payload[:8])
    wanted, size = (ADDRESS, 20) if family == socket.AF_INET6 else (LOCAL, 8)
    rest = payload[8:]
    while len(rest) >= 4:
        length, kind = struct.unpack("=HH", rest[:4])
        if length < 4:
            break
        if kind == wanted and length == size:
            return index, socket.inet_ntop(family, rest[4:size]), prefix
        rest = rest[(length + 3) & ~3:]
    return index, None, prefix


def netlink(message):
    """Everything that the kernel answers, as (kind, payload). An error is an OSError."""
    found = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as wire:
        wire.bind((0, 0))
        wire.send(message)
        while True:
            for kind, payload in messages(wire.recv(65536)):
                if kind == ERROR:
                    code = -struct.unpack("=i", payload[:4])[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return found
                if kind == DONE:
                    return found
                found.append((kind, payload))


def addresses():
    """[(interface index, address, prefix)] of this machine."""
    found = [address_of(payload) for kind, payload in netlink(address_message(GET_ADDRESS, ASK | DUMP)) if kind == NEW_ADDRESS]
    return [entry for entry in found if entry[1]]


def holds(address):
    return any(one == address for _index, one, _prefix in addresses())


def interface_of(address):
    """Name of the interface that has the address, None when none has it."""
    for index, one, _prefix in addresses():
        if one == address:
            return socket.if_indextoname(index)
    return None


def interface_towards(address):
    """Name of the interface whose network contains the address, None when none does."""
    family = family_of(address)
    wanted, size = number(address), 8 * len(socket.inet_pton(family, address))
    best = (None, 0)
    for index, one, prefix in addresses():
        if (family_of(one) == family and one != address and best[1] < prefix < size
                and number(one) >> (size - prefix) == wanted >> (size - prefix)):
            best = (socket.if_indextoname(index), prefix)
    return best[0]


def number(address):
    return int.from_bytes(socket.inet_pton(family_of(address), address), "big")


def add(interface, address, prefix):
    """Puts the address on the interface; True when it was not there."""
    try:
        netlink(address_message(NEW_ADDRESS, ASK | ACK | CREATE | EXCLUSIVE, socket.if_nametoindex(interface), address, prefix))
    except OSError as error:
        if error.errno == THERE:
            return False
        raise
    return True


def remove(address):
    """Takes the address off whatever interface has it; True when one had it."""
    gone = False
    for index, one, prefix in addresses():
        if one == address:
            try:
                netlink(address_message(DELETE_ADDRESS, ASK | ACK, index, one, prefix))
                gone = True
            except OSError as error:
                if error.errno not in GONE:
                    raise
    return gone


def gateway_of(interface, path="/proc/net/route", six=False):
    """The default gateway through this interface, None when it has none."""
    if six:
        return gateway6_of(interface)
    with open(path, encoding="ascii") as routes:
        for line in routes.readlines()[1:]:
            name, net, gateway, _flags, _ref, _use, _metric, mask = line.split()[:8]
            if name == interface and net == mask == "00000000" and gateway != "00000000":
                return socket.inet_ntoa(struct.pack("=I", int(gateway, 16)))
    return None


def gateway6_of(interface, path="/proc/net/ipv6_route"):
    if not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as routes:
        for line in routes:
            net, length, _source, _source_length, gateway, *_numbers, name = line.split()
            if name == interface and length == "00" and not int(net, 16) and int(gateway, 16):
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(gateway))
    return None


class Wire:
    """ARP on one interface, or IPv6 neighbour discovery. like: an address of the family that it is about."""

    def __init__(self, interface, like="0.0.0.0"):
        self.interface, self.six = interface, family_of(like) == socket.AF_INET6
        kind = neighbour.ETH_P_IPV6 if self.six else ETH_P_ARP
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
        if self.six:
            self.hear_questions()
        self.socket.bind((interface, kind))
        self.socket.setblocking(False)
        self.mac = self.socket.getsockname()[4]
        self.own = own_macs() | {mac_text(self.mac)}

    def hear_questions(self):
        """Nothing else, and also those about addresses that are not here."""
        program = array.array("B", b"".join(struct.pack("HBBI", *step) for step in neighbour.FILTER))
        self.socket.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("HL", len(neighbour.FILTER), program.buffer_info()[0]))
        self.socket.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack(
            "iHH8s", socket.if_nametoindex(self.interface), ALL_MULTICAST, 0, b""))

    def close(self):
        self.socket.close()

    def fileno(self):
        return self.socket.fileno()

    def send(self, frame):
        """False when the frame cannot leave: no carrier, no interface."""
        try:
            self.socket.send(frame)
        except OSError:
            return False
        return True

    def ask(self, address, source=None):
        return self.send(neighbour.question(self.mac, source, address) if self.six else arp_question(self.mac, source, address))

    def announce(self, address):
        """Tells everybody where the address is now; for ARP in both usual forms."""
        if self.six:
            return self.send(neighbour.announcement(self.mac, address))
        sent = self.send(arp_frame(REQUEST, self.mac, address, address))
        return self.send(arp_frame(REPLY, self.mac, address, address, target_mac=BROADCAST)) and sent

    def frames(self):
        """What came in meanwhile."""
        while True:
            try:
                yield self.socket.recv(128)
            except (BlockingIOError, OSError):
                return

    def holder(self, address):
        """The MAC of somebody who claims the address in the frames that came in, None when nobody does."""
        found = None
        for frame in self.frames():
            found = claims(frame, address, self.own) or found
        return found

    def wait_free(self, address, timeout, questions=4, every=0.02):
        """Asks until `questions` in a row stayed unanswered; the MAC of the holder when the time is over before that."""
        end, silent, last_holder = time.monotonic() + timeout, 0, None
        while silent < questions:
            self.ask(address)
            until = time.monotonic() + every
            holder = None
            while (left := until - time.monotonic()) > 0:
                select.select([self], [], [], left)
                holder = self.holder(address) or holder
            silent, last_holder = (0, holder) if holder else (silent + 1, last_holder)
            if time.monotonic() > end and silent < questions:
                return last_holder or "unknown"
        return None

    def mac_of(self, address, source, timeout=0.3):
        """The MAC address of a neighbour, None when it does not answer."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.ask(address, source)
            select.select([self], [], [], 0.05)
            found = self.holder(address)
            if found:
                return found
        return None
