# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observer of a drill: one cheap process that behaves as many visitors and writes down what they saw.

Anonymous requests are open-loop: each is sent at its own planned time, whatever became of the others, so a
stalled service cannot slow the measurement down. Visitors carry a session each and ask one after the other.
Beside them, who answers ARP for each virtual address is asked every few milliseconds. Nothing is judged here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import os
import socket
import struct
import time
import zlib

# Result codes, one a request.
OK, TIMEOUT, REFUSED, RESET, STATUS, BODY = range(6)
CODES = ["ok", "time limit", "refused or unreachable", "connection lost", "bad status", "wrong body"]
ANONYMOUS = -1
ETH_P_ARP = 0x0806


class Dropped(Exception):
    """The other side closed; fresh says whether nothing of an answer had come."""

    def __init__(self, fresh):
        super().__init__("connection lost")
        self.fresh = fresh


class Refused(Exception):
    pass


# --- HTTP -----------------------------------------------------------------


def parse_response(data, closed=False):
    """(status, headers, body, keep) of one complete answer, or None while it is incomplete."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        return None
    lines = head.split(b"\r\n")
    words = lines[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("not an HTTP answer")
    headers = []
    length, chunked, keep = None, False, words[0] != b"HTTP/1.0"
    for line in lines[1:]:
        name, _colon, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        headers.append((name, value))
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            chunked = True
        elif name == b"connection":
            keep = value.lower() != b"close"
    status = int(words[1])
    if chunked:
        body = dechunk(body)
        return None if body is None else (status, headers, body, keep)
    if length is not None:
        return None if len(body) < length else (status, headers, body[:length], keep)
    return (status, headers, body, False) if closed else None


def dechunk(data):
    """The body of a complete chunked answer, None while the last chunk is missing."""
    body = b""
    while True:
        line, gap, rest = data.partition(b"\r\n")
        if not gap:
            return None
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return body
        if len(rest) < size + 2:
            return None
        body += rest[:size]
        data = rest[size + 2 :]


class Connection(asyncio.Protocol):
    """One TCP connection, one request at a time."""

    def __init__(self):
        self.transport = None
        self.waiting = None
        self.data = b""
        self.closed = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        self._try()

    def _try(self, closed=False):
        if self.waiting is None or self.waiting.done():
            return
        try:
            answer = parse_response(self.data, closed)
        except ValueError:
            answer = (0, [], b"", False)
        if answer is not None:
            self.data = b""
            self.waiting.set_result(answer)

    def connection_lost(self, exc):
        self.closed = True
        self._try(closed=True)
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(Dropped(not self.data))

    async def ask(self, request):
        if self.closed:
            raise Dropped(True)
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiting


class Jar:
    """A visitor's cookies."""

    def __init__(self):
        self.cookies = {}

    def take(self, headers):
        for name, value in headers:
            if name == b"set-cookie":
                key, eq, content = value.split(b";", 1)[0].partition(b"=")
                if eq:
                    self.cookies[key.strip()] = content.strip()

    def header(self):
        if not self.cookies:
            return b""
        return b"Cookie: " + b"; ".join(k + b"=" + v for k, v in self.cookies.items()) + b"\r\n"


class Visitor:
    """A session and what it must keep: its id, its counter."""

    def __init__(self, number):
        self.number = number
        self.jar = Jar()
        self.id = None
        self.counter = 0

    def judge(self, answer):
        """None when the session lived on, otherwise the way it was lost."""
        identity = str(answer.get("session")).partition(".")[0]
        counter = int(answer.get("counter", 0))
        before, last = self.id, self.counter
        self.id, self.counter = identity, counter
        if before is None:
            return None
        if identity != before:
            return "id changed"
        if answer.get("new"):
            return "new again"
        # A jump forward is a repeated GET; standing still or going back is lost work.
        return "counter went from %d to %d" % (last, counter) if counter <= last else None


# --- ARP ------------------------------------------------------------------


def arp_question(mac, source, target):
    """An ARP request frame; source None asks as a probe (RFC 5227), with an empty sender address."""
    sender = socket.inet_aton(source) if source else b"\0" * 4
    ether = b"\xff" * 6 + mac + struct.pack("!H", ETH_P_ARP)
    return ether + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + sender + b"\0" * 6 + socket.inet_aton(target)


def arp_answer(frame):
    """(mac, address, asked_for) of an ARP reply, None for anything else."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x06" or frame[20:22] != b"\x00\x02":
        return None
    return (
        binascii.hexlify(frame[22:28], ":").decode(),
        socket.inet_ntoa(frame[28:32]),
        socket.inet_ntoa(frame[38:42]),
    )


class Holders:
    """Who answers for each address, round by round.

    Rounds alternate between two forms of the question, and a reply names the form it answers: a
    late reply of the round before cannot be taken for a second holder in this one.
    """

    def __init__(self, addresses, names=None):
        self.names = dict(names or {})
        self.macs = []
        self.spans = dict((a, []) for a in addresses)  # [first, last, mask of holders]
        self.rounds = {}
        self.latest = {0: None, 1: None}

    def index(self, mac):
        if mac not in self.macs:
            self.macs.append(mac)
        return self.macs.index(mac)

    def begin(self, form, now):
        self.close(self.latest[form])
        self.latest[form] = key = (now, form)
        self.rounds[key] = dict((a, 0) for a in self.spans)

    def reply(self, form, mac, address):
        key = self.latest[form]
        if key in self.rounds and address in self.rounds[key]:
            self.rounds[key][address] |= 1 << self.index(mac)

    def close(self, key):
        for address, mask in self.rounds.pop(key, {}).items():
            spans = self.spans[address]
            if spans and spans[-1][2] == mask:
                spans[-1][1] = key[0]
            else:
                spans.append([key[0], key[0], mask])

    def finish(self):
        for key in sorted(self.rounds):
            self.close(key)

    def export(self):
        return {
            "macs": self.macs,
            "names": [self.names.get(m, m) for m in self.macs],
            "spans": dict((a, [[round(b, 1), round(e, 1), m] for b, e, m in s]) for a, s in self.spans.items()),
        }


class Prober:
    """Asks who has the virtual addresses."""

    def __init__(self, vips, neighbours, now):
        self.vips = vips
        self.now = now
        self.holders = Holders(vips)
        self.neighbours = dict((a, n) for n, a in neighbours.items())
        self.interface, self.source = route_to(vips[0])
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
        self.socket.bind((self.interface, ETH_P_ARP))
        self.socket.setblocking(False)
        self.mac = self.socket.getsockname()[4]

    def listen(self, loop):
        loop.add_reader(self.socket.fileno(), self.read)

    def read(self):
        while True:
            try:
                frame = self.socket.recv(128)
            except (BlockingIOError, OSError):
                return
            answer = arp_answer(frame)
            if answer is None or frame[0:6] != self.mac:
                continue
            mac, address, asked = answer
            if address in self.neighbours:
                self.holders.names[mac] = self.neighbours[address]
            self.holders.reply(0 if asked == "0.0.0.0" else 1, mac, address)

    def ask(self, address, form):
        with contextlib.suppress(OSError):
            self.socket.send(arp_question(self.mac, self.source if form else None, address))

    async def meet(self):
        for address in self.neighbours:
            self.ask(address, 1)
        await asyncio.sleep(0.1)

    async def run(self, every, stop):
        form, step, start = 0, 0, time.monotonic()
        while not stop.is_set():
            self.holders.begin(form, self.now())
            for address in self.vips:
                self.ask(address, form)
            form, step = 1 - form, step + 1
            await asyncio.sleep(max(0.0, start + step * every - time.monotonic()))
        self.holders.finish()


def route_to(address):
    """(interface, own address) towards an address, by asking the kernel's routing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        source = probe.getsockname()[0]
    best = ("", -1)
    with open("/proc/net/route") as routes:
        for line in routes.readlines()[1:]:
            name, net, _gw, _flags, _ref, _use, _metric, mask = line.split()[:8]
            net, mask = int(net, 16), int(mask, 16)
            target = struct.unpack("=I", socket.inet_aton(address))[0]
            if target & mask == net and bin(mask).count("1") > best[1]:
                best = (name, bin(mask).count("1"))
    return best[0], source


# --- The observer ----------------------------------------------------------


class Observer:
    def __init__(self, p):
        self.p = p
        self.started = time.time()
        self.origin = time.monotonic()
        self.limit = p["time_limit_ms"] / 1000.0
        self.instances = []
        self.rows = []  # [sent ms, took 0.1 ms, visitor, code, instance]
        self.lost = []
        self.idle = []
        self.recent = {}
        self.reconnects = 0
        self.skipped = 0
        self.lag = 0.0
        self.samples = []
        self.heads = {}

    def now(self):
        return (time.monotonic() - self.origin) * 1000.0

    def request(self, path, keep, jar=None):
        if (path, keep) not in self.heads:
            self.heads[path, keep] = (
                "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: failover-drill\r\nConnection: %s\r\n"
                % (path, self.p["host_header"] or self.p["address"], "keep-alive" if keep else "close")
            ).encode()
        return self.heads[path, keep] + (jar.header() if jar else b"") + b"\r\n"

    async def connect(self):
        try:
            _transport, connection = await asyncio.get_running_loop().create_connection(
                Connection, self.p["address"], self.p["port"]
            )
        except OSError as error:
            raise Refused() from error
        return connection

    async def exchange(self, request, keep, pool):
        """One answer; a kept connection that was closed before a byte came is replaced once, as browsers do."""
        connection = None
        while keep and pool and (connection is None or connection.closed):
            connection = pool.pop()
        try:
            if connection is not None and not connection.closed:
                try:
                    answer = await connection.ask(request)
                except Dropped as error:
                    if not error.fresh:
                        raise
                    self.reconnects += 1
                    connection = await self.connect()
                    answer = await connection.ask(request)
            else:
                connection = await self.connect()
                answer = await connection.ask(request)
        except BaseException:
            if connection is not None:
                connection.transport.abort()
            raise
        if keep and answer[3] and not connection.closed:
            pool.append(connection)
        else:
            connection.transport.close()
        return answer

    async def shot(self, path, keep, pool, visitor=None):
        """One request with its time limit, written down."""
        task = asyncio.current_task()
        timer = asyncio.get_running_loop().call_later(self.limit, task.cancel)
        sent = self.now()
        code, instance = OK, -1
        try:
            request = self.request(path, keep, visitor.jar if visitor else None)
            status, headers, body, _keep = await self.exchange(request, keep, pool)
            code, instance = self.understand(status, headers, body, visitor, sent)
        except asyncio.CancelledError:
            code = TIMEOUT
        except Refused:
            code = REFUSED
        except Dropped:
            code = RESET
        finally:
            timer.cancel()
        took = self.now() - sent
        if code == OK and took > self.limit * 1000:
            code = TIMEOUT
        self.rows.append((int(sent), int(took * 10), visitor.number if visitor else ANONYMOUS, code, instance))

    def understand(self, status, headers, body, visitor, sent):
        if visitor:
            visitor.jar.take(headers)
        if status != 200:
            return STATUS, -1
        try:
            answer = json.loads(body.decode())
            # The route is unique in a cluster; an instance's name may be the same on each host.
            name = str(answer.get("jvm_route") or answer["instance"])
            reason = visitor.judge(answer) if visitor else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return BODY, -1
        if reason:
            self.lost.append({"at": int(sent), "visitor": visitor.number, "reason": reason})
        if name not in self.instances:
            self.instances.append(name)
            self.samples.append(answer)
        index = self.instances.index(name)
        if not visitor:
            self.recent[index] = time.monotonic()
        return OK, index

    async def anonymous(self, stop):
        """Open loop: the n-th request leaves at start + n / rate, whatever became of the others."""
        every, start, number, running = 1.0 / self.p["rate"], time.monotonic(), 0, set()
        pool = []
        while not stop.is_set():
            due = start + number * every
            late = time.monotonic() - due
            if late < 0:
                await asyncio.sleep(-late)
                continue
            self.lag = max(self.lag, late)
            keep = bool(self.p["keep_every"]) and number % self.p["keep_every"] == 0
            task = asyncio.ensure_future(self.shot(self.p["path"], keep, pool))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
        if running:
            await asyncio.wait(list(running))

    async def visit(self, number, stop):
        visitor, pool = Visitor(number), []
        every = 1.0 / self.p["session_rate"]
        due = time.monotonic() + every * number / max(1, self.p["sessions"])
        while not stop.is_set():
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            # Every other visitor keeps the connection, the rest come anew each time.
            await asyncio.ensure_future(self.shot(self.p["session_path"], number % 2 == 0, pool, visitor))
            due += every
            while due < time.monotonic():
                due += every
                self.skipped += 1
        for connection in pool:
            connection.transport.close()

    async def wait_for_end(self, stop):
        """Ends when told to (and then only when every instance seen answers again), or at the longest time."""
        told, settle_from = None, None
        while self.now() < self.p["max_s"] * 1000:
            await asyncio.sleep(0.2)
            if told is None:
                told = read_json(self.p["control"])
                told_at = time.monotonic()
                continue
            if settle_from is None:
                horizon = time.monotonic() - 1.5
                back = len(self.instances) > 0 and all(
                    self.recent.get(i, 0) > horizon for i in range(len(self.instances))
                )
                if back or not told.get("wait_for_all") or time.monotonic() - told_at > told.get("wait_s", 60):
                    settle_from = time.monotonic()
                    self.back = back
            elif time.monotonic() - settle_from >= told.get("settle_s", 5):
                break
        stop.set()

    async def run(self):
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        self.back = False
        jobs = [self.wait_for_end(stop), self.anonymous(stop)]
        prober = None
        if self.p["vips"]:
            prober = Prober(self.p["vips"], self.p["neighbours"], self.now)
            prober.listen(loop)
            await prober.meet()
            jobs.append(prober.run(self.p["arp_ms"] / 1000.0, stop))
        jobs.extend(self.visit(n, stop) for n in range(self.p["sessions"]))
        await asyncio.gather(*jobs)
        self.rows.sort()
        return {
            "started": self.started,
            "length_ms": int(self.now()),
            "codes": CODES,
            "instances": self.instances,
            "samples": self.samples,
            "rows": [list(c) for c in zip(*self.rows)] if self.rows else [[], [], [], [], []],
            "lost": self.lost,
            "sessions": self.p["sessions"],
            "rate": self.p["rate"],
            "reconnects": self.reconnects,
            "skipped": self.skipped,
            "lag_ms": round(self.lag * 1000, 1),
            "all_back": self.back,
            "arp": prober.holders.export() if prober else {"macs": [], "names": [], "spans": {}},
        }


async def probe(p):
    """A glance before a drill: who holds the addresses, who serves a session."""
    observer = Observer(dict(p, vips=[], sessions=0))
    held = {}
    if p["vips"]:
        prober = Prober(p["vips"], p["neighbours"], observer.now)
        prober.listen(asyncio.get_running_loop())
        await prober.meet()
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.4, stop.set)
        await prober.run(0.05, stop)
        for address, spans in prober.holders.export()["spans"].items():
            mask = 0
            for span in spans:
                mask |= span[2]
            held[address] = [prober.holders.names.get(m, m) for i, m in enumerate(prober.holders.macs) if mask >> i & 1]
    visitor = Visitor(0)
    for _try in range(6):
        await asyncio.ensure_future(observer.shot(p["session_path"], False, [], visitor))
    return {
        "holders": held,
        "answers": [CODES[row[3]] for row in observer.rows],
        "session": observer.samples[-1] if observer.samples else {},
    }


def read_json(path):
    try:
        with open(path) as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return None


def write_json(path, value):
    """Whole or not at all: the observer reads it while we write."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path + ".new", "w") as handle:
        json.dump(value, handle)
    os.rename(path + ".new", path)


def wait_for_file(path, seconds):
    """What the observer left, None when it left nothing in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = read_json(path)
        if found is not None:
            return found
        time.sleep(0.2)
    return None


def pack(value):
    return base64.b64encode(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)).decode()


def unpack(text):
    return json.loads(zlib.decompress(base64.b64decode(text)).decode())
