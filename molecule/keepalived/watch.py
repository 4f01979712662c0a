#!/usr/bin/env python3
"""watch.py SECONDS ADDRESS...: who answers ARP for the addresses, asked every 20 ms; prints JSON.

gap_ms is the longest time without an answer, holders_max the most machines that answered one question.
"""

import json
import select
import socket
import struct
import sys
import time

INTERFACE = "eth0"


def main():
    seconds, addresses = float(sys.argv[1]), sys.argv[2:]
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    link.bind((INTERFACE, 0))
    own = link.getsockname()[4]
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect((addresses[0], 9))
    source = socket.inet_aton(probe.getsockname()[0])
    seen = {address: {"last": None, "gap": 0.0, "holders": set(), "max": 0, "order": []} for address in addresses}
    names = {socket.inet_aton(address): address for address in addresses}
    end, following = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        for packed, address in names.items():
            # The round that ends here: how many machines answered it.
            state = seen[address]
            state["max"], state["holders"] = max(state["max"], len(state["holders"])), set()
            link.send(b"\xff" * 6 + own + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + own + source + b"\0" * 6 + packed)
        following += 0.02
        while (left := following - time.monotonic()) > 0:
            if not select.select([link], [], [], left)[0]:
                break
            frame = link.recv(128)
            if frame[20:22] != b"\0\2" or frame[:6] != own or frame[28:32] not in names:
                continue
            state, mac, now = seen[names[frame[28:32]]], frame[22:28].hex(":"), time.monotonic()
            if state["last"] is not None:
                state["gap"] = max(state["gap"], now - state["last"])
            state["last"] = now
            state["holders"].add(mac)
            if not state["order"] or state["order"][-1] != mac:
                state["order"].append(mac)
    print(json.dumps({address: {"gap_ms": round(state["gap"] * 1000), "holders_max": state["max"], "order": state["order"],
                                "silent_at_end_ms": round((time.monotonic() - (state["last"] or 0)) * 1000)}
                      for address, state in seen.items()}))


if __name__ == "__main__":
    main()
