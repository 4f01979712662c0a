#!/usr/bin/env python3
"""observe.py SECONDS TIMEOUT [get|slow|arp]:NAME=HOST[:PORT]...: what a client sees; prints JSON.

get: a new connection every 50 ms; how many answers by whom, how many failed (none within TIMEOUT), the longest time without an answer.
slow: one download of 15 s, begun at once; whether it came to its end and by whom.
arp: who answers for the address, asked every 20 ms; holders_max is the most machines that answered one question.
"""

import http.client
import json
import select
import socket
import struct
import sys
import threading
import time

INTERFACE = "eth0"


def request(host, port, path, timeout):
    connection = http.client.HTTPConnection(host, int(port or 80), timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read()
        return answer.getheader("X-Server") or "sorry " + (answer.getheader("X-Sorry") or "?"), len(body)
    finally:
        connection.close()


def get(result, end, host, port):
    result.update(servers={}, failed=0, gap_ms=0, errors=[])
    begin = last = time.monotonic()
    while time.monotonic() < end:
        following = time.monotonic() + 0.05
        try:
            name, _size = request(host, port, "/", float(sys.argv[2]))
            result["servers"][name] = result["servers"].get(name, 0) + 1
            result["gap_ms"], last = max(result["gap_ms"], round((time.monotonic() - last) * 1000)), time.monotonic()
        except (OSError, http.client.HTTPException) as error:
            result["failed"] += 1
            result["errors"].append("%.1f s: %s" % (time.monotonic() - begin, type(error).__name__))
        time.sleep(max(0, following - time.monotonic()))


def slow(result, _end, host, port):
    result.update(complete=False, server="", error="")
    try:
        result["server"], size = request(host, port, "/slow", 10)
        result["complete"] = size == 150000
    except (OSError, http.client.HTTPException) as error:
        result["error"] = repr(error)


def arp(result, end, host, _port):
    result.update(holders_max=0, order=[])
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    link.bind((INTERFACE, 0))
    own, packed = link.getsockname()[4], socket.inet_aton(host)
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect((host, 9))
    source, following, holders = socket.inet_aton(probe.getsockname()[0]), time.monotonic(), set()
    while time.monotonic() < end:
        result["holders_max"], holders = max(result["holders_max"], len(holders)), set()
        link.send(b"\xff" * 6 + own + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + own + source + b"\0" * 6 + packed)
        following += 0.02
        while (left := following - time.monotonic()) > 0:
            if not select.select([link], [], [], left)[0]:
                break
            frame = link.recv(128)
            if frame[20:22] != b"\0\2" or frame[:6] != own or frame[28:32] != packed:
                continue
            mac = frame[22:28].hex(":")
            holders.add(mac)
            if not result["order"] or result["order"][-1] != mac:
                result["order"].append(mac)


def main():
    end, results, threads = time.monotonic() + float(sys.argv[1]), {}, []
    for text in sys.argv[3:]:
        kind, _colon, rest = text.partition(":")
        name, _equals, place = rest.partition("=")
        host, _colon, port = place.rpartition(":") if kind != "arp" else (place, "", "")
        host = host.strip("[]")
        result = results.setdefault(kind, {}).setdefault(name, {})
        threads.append(threading.Thread(target={"get": get, "slow": slow, "arp": arp}[kind], args=(result, end, host, port)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
