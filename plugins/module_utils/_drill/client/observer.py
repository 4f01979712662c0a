# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observer of a drill: one cheap process that behaves as many visitors and writes down what they saw.

Anonymous requests are open-loop: each is sent at its own planned time, whatever became of the others, so a
stalled service cannot slow the measurement down. Visitors carry a session each and ask one after the other.
Beside them, slow downloads and quiet connections last through the fault, a ledger of things that must not get lost
is kept by threads (_drill_writers), and who answers ARP for each virtual address is asked every few milliseconds. Nothing
is judged here.
"""

from __future__ import annotations

import asyncio
import json
import os
import time

from ansible_collections.failover.stack.plugins.module_utils._drill.client.arp import Prober
from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import read_json, write_json
from ansible_collections.failover.stack.plugins.module_utils._drill.client.lasting import Downloads, Quiet, quiet_export
from ansible_collections.failover.stack.plugins.module_utils._drill.client.visitor import Connection, Dropped, Refused, Visitor
from ansible_collections.failover.stack.plugins.module_utils._drill.client.writers import Writers, probe_servers
from ansible_collections.failover.stack.plugins.module_utils._host.places import bracketed

# Result codes, one a request.
OK, TIMEOUT, REFUSED, RESET, STATUS, BODY, SORRY = range(7)
CODES = ["ok", "time limit", "refused or unreachable", "connection lost", "bad status", "wrong body", "sorry"]
ANONYMOUS = -1
# A file of this name beside the one by which it is told to finish is there as long as it observes.
RUNNING = ".running"
# What a POST sends.
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\nn=1"
# How often somebody is asked for, for each who should serve: with shares of 3 : 2 one in a million misses the smaller one among two.
ASKED = 14


class Observer:
    def __init__(self, p):
        self.p = p
        # Whoever comes takes the next one.
        self.addresses = [p["address"], *p.get("also", [])]
        self.started = time.time()
        self.origin = time.monotonic()
        self.limit = p["time_limit_ms"] / 1000.0
        self.instances = []
        self.served = []
        self.rows = []  # [sent ms, took 0.1 ms, visitor, code, instance, kept connection, served by]
        self.lost = []
        self.recent = {}
        self.reconnects = 0
        self.skipped = 0
        self.lag = 0.0
        self.samples = []
        self.heads = {}
        self.writers = None

    def now(self):
        return (time.monotonic() - self.origin) * 1000.0

    def address(self, number):
        """Where the n-th request or visitor goes."""
        return self.addresses[number % len(self.addresses)]

    def request(self, path, keep, jar=None, method="GET", address=None):
        host = self.p["host_header"] or bracketed(address or self.p["address"])
        if (path, keep, host) not in self.heads:
            self.heads[path, keep, host] = (
                " %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: failover-drill\r\nConnection: %s\r\n"
                % (path, host, "keep-alive" if keep else "close")
            ).encode()
        form = FORM if method == "POST" else b"\r\n"
        return method.encode() + self.heads[path, keep, host] + (jar.header() if jar else b"") + form

    async def connect(self, address=None):
        try:
            _transport, connection = await asyncio.get_running_loop().create_connection(
                Connection, address or self.p["address"], self.p["port"]
            )
        except OSError as error:
            raise Refused() from error
        return connection

    async def exchange(self, request, keep, pool, address=None):
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
                    connection = await self.connect(address)
                    answer = await connection.ask(request)
            else:
                connection = await self.connect(address)
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

    async def shot(self, path, keep, pool, visitor=None, address=None):
        """One request with its time limit, written down. pool: kept connections to that address."""
        task = asyncio.current_task()
        timer = asyncio.get_running_loop().call_later(self.limit, task.cancel)
        sent = self.now()
        code, instance, served = OK, -1, -1
        try:
            request = self.request(path, keep, visitor.jar if visitor else None, address=address)
            status, headers, body, _keep = await self.exchange(request, keep, pool, address)
            code, instance = self.understand(status, headers, body, visitor, sent)
            served = self.server_of(headers)
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
        number = visitor.number if visitor else ANONYMOUS
        self.rows.append((int(sent), int(took * 10), number, code, instance, int(keep), served))

    def name_in(self, headers):
        """The name that the header of the web server has; empty when there is none."""
        wanted = self.p["served_header"].lower().encode()
        return dict(headers).get(wanted, b"").decode("latin-1") if wanted else ""

    def server_of(self, headers):
        """Index of the web server that says it answered, -1 when none says so."""
        name = self.name_in(headers)
        if not name:
            return -1
        if name not in self.served:
            self.served.append(name)
        return self.served.index(name)

    def shares(self):
        """{name: how many good answers to anonymous requests} of the web servers that name themselves."""
        by = [row[6] for row in self.rows if row[2] == ANONYMOUS and row[3] == OK]
        return {name: by.count(index) for index, name in enumerate(self.served)}

    def understand(self, status, headers, body, visitor, sent):
        # Whatever its status: an apology is an answer, and no visitor's session can live in it.
        if self.p["sorry_header"] and self.p["sorry_header"].lower().encode() in dict(headers):
            return SORRY, -1
        if visitor:
            visitor.jar.take(headers)
        if status != 200:
            return STATUS, -1
        reason = None
        if self.p.get("body") == "any" and not visitor:
            # Complete as it is: what is shorter than its header says never gets here.
            name, answer = self.name_in(headers), {}
        else:
            try:
                answer = json.loads(body.decode())
                # The route is unique in a cluster; an instance's name may be the same on each host.
                name = str(answer.get("jvm_route") or answer["instance"])
                reason = visitor.judge(answer) if visitor else None
            except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
                # Also a number that is infinite and brackets without an end: a request must not vanish without a row.
                return BODY, -1
        if reason:
            self.lost.append({"at": int(sent), "visitor": visitor.number, "reason": reason})
        if not name:
            return OK, -1
        if name not in self.instances:
            self.instances.append(name)
            self.samples.append(answer)
        index = self.instances.index(name)
        if not visitor:
            self.recent[index] = time.monotonic()
        return OK, index

    async def anonymous(self, stop):
        """Open loop: the n-th request leaves at start + n / rate, whatever became of the others."""
        if not self.p["rate"]:
            return
        every, start, number, running = 1.0 / self.p["rate"], time.monotonic(), 0, set()
        pools = {address: [] for address in self.addresses}
        while not stop.is_set():
            due = start + number * every
            late = time.monotonic() - due
            if late < 0:
                await asyncio.sleep(-late)
                continue
            self.lag = max(self.lag, late)
            # Each kind goes to each address.
            kept = number // self.p["keep_every"] if self.p["keep_every"] else 0
            keep = bool(self.p["keep_every"]) and number % self.p["keep_every"] == 0
            address = self.address(kept if keep else number - kept)
            task = asyncio.ensure_future(self.shot(self.p["path"], keep, pools[address], address=address))
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
            # Every other visitor keeps the connection, the rest come anew each time; of either some by each address.
            await asyncio.ensure_future(self.shot(
                self.p["session_path"], number % 2 == 0, pool, visitor, self.address(number // 2)))
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
                back = all(self.recent.get(i, 0) > horizon for i in range(len(self.instances)))
                back = back and (len(self.instances) > 0 or not self.p["rate"]) and (not self.writers or self.writers.back())
                if back or not told.get("wait_for_all") or time.monotonic() - told_at > told.get("wait_s", 60):
                    settle_from = time.monotonic()
                    self.back = back
            elif time.monotonic() - settle_from >= told.get("settle_s", 5):
                break
        self.length, self.wait_s = self.now(), (told or {}).get("wait_s", 10)
        stop.set()

    def lasting(self):
        """(slow downloads, quiet connections)"""
        downloads = Downloads(
            self.p["download"],
            self.p["address"],
            self.p["port"],
            self.request(self.p["download"]["path"], False),
            self.now,
        )
        quiet = [
            Quiet(self.p["quiet"]["every_s"], self.request(self.p["path"], True, method=self.p["quiet"]["method"]), self.connect, self.now)
            for _n in range(self.p["quiet"]["count"])
        ]
        return downloads, quiet

    async def run(self):
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        self.back, self.length = False, 0
        if self.p.get("ledger"):
            self.writers = Writers(self.p["ledger"], self.now)
            await loop.run_in_executor(None, self.writers.start)
        downloads, quiet = self.lasting()
        if self.p["download"]["count"]:
            await downloads.prepare()
        jobs = [self.wait_for_end(stop), self.anonymous(stop)] + downloads.jobs(stop) + [q.run(stop) for q in quiet]
        prober = None
        if self.p["vips"]:
            prober = Prober(self.p["vips"], self.p["neighbours"], self.now)
            prober.listen(loop)
            await prober.meet()
            jobs.append(prober.run(self.p["arp_ms"] / 1000.0, stop))
        jobs.extend(self.visit(n, stop) for n in range(self.p["sessions"]))
        write_json(self.p["control"] + RUNNING, {"since": time.time()})
        await asyncio.gather(*jobs)
        # Whoever waits for the next observer must not take this one's for it.
        os.unlink(self.p["control"] + RUNNING)
        seen = self.seen(downloads, quiet, prober)
        if self.writers:
            seen["ledger"] = await loop.run_in_executor(None, self.writers.finish, self.wait_s)
            self.writers.add_to(seen)
        return seen

    def seen(self, downloads, quiet, prober):
        """All of it, as JSON has it."""
        self.rows.sort()
        return {
            "started": self.started,
            "length_ms": int(self.length),
            "codes": CODES,
            "instances": self.instances,
            "served": self.served,
            "samples": self.samples,
            "rows": [list(c) for c in zip(*self.rows)] if self.rows else [[] for _c in range(7)],
            "lost": self.lost,
            "sessions": self.p["sessions"],
            "rate": self.p["rate"],
            "reconnects": self.reconnects,
            "skipped": self.skipped,
            "lag_ms": round(self.lag * 1000, 1),
            "all_back": self.back,
            "downloads": downloads.export(),
            "quiet": quiet_export(quiet),
            "arp": prober.holders.export() if prober else {"macs": [], "names": [], "spans": {}},
        }


async def probe(p):
    """A look before a drill: who holds the addresses, who serves a session, who serves at all, how a ledger's servers are."""
    observer = Observer(dict(p, vips=[], sessions=0))
    loop = asyncio.get_running_loop()
    held = await holders_of(p, observer) if p["vips"] else {}
    visitor, found = Visitor(0), {}
    if p.get("ledger"):
        found = await loop.run_in_executor(None, probe_servers, p["ledger"])
    for _try in range(6 if p["sessions"] else 0):
        await asyncio.ensure_future(observer.shot(p["session_path"], False, [], visitor))
    for number in range(p.get("requests") or to_be_asked(p) * len(observer.addresses)):
        await asyncio.ensure_future(observer.shot(p["path"], False, [], address=observer.address(number)))
    return {
        **found,
        "holders": held,
        "answers": [CODES[row[3]] for row in observer.rows],
        "served": sorted(observer.served),
        "shares": observer.shares(),
        "session": observer.samples[-1] if observer.samples else {},
    }


def to_be_asked(p):
    """How often each address is asked in a probe, so that everybody who should serve is met."""
    return ASKED * max(1, len(p.get("serving") or [])) if p["rate"] and (p.get("serving") or p.get("also")) else 0


async def holders_of(p, observer):
    """{address: [names]} of whoever answers ARP for the virtual addresses within 0.4 s."""
    held, prober, stop = {}, Prober(p["vips"], p["neighbours"], observer.now), asyncio.Event()
    prober.listen(asyncio.get_running_loop())
    await prober.meet()
    asyncio.get_running_loop().call_later(0.4, stop.set)
    await prober.run(0.05, stop)
    for address, spans in prober.holders.export()["spans"].items():
        mask = 0
        for span in spans:
            mask |= span[2]
        held[address] = [prober.holders.names.get(m, m) for i, m in enumerate(prober.holders.macs) if mask >> i & 1]
    return held


async def steady(p, wait_s):
    """(what a look found, what is not as it should be): asked again until nothing is, or until the time is over."""
    until = time.monotonic() + wait_s
    while True:
        found = await probe(p)
        clauses = list(unsteady(p, found))
        if not clauses or time.monotonic() > until:
            return found, clauses
        await asyncio.sleep(0.5)


def unsteady(p, found):
    """What speaks against beginning a drill, a clause each. Pure."""
    for vip, names in found["holders"].items():
        if len(names) != 1:
            yield "%s has %s" % (vip, "no holder" if not names else "%d holders (%s)" % (len(names), ", ".join(names)))
    where = " and ".join([p["address"], *p.get("also", [])])
    bad = [answer for answer in found["answers"] if answer != CODES[OK]]
    if bad:
        yield "%d of %d requests to %s failed (%s)" % (len(bad), len(found["answers"]), where, ", ".join(sorted(set(bad))))
    for name in (p.get("serving") or []) if p["rate"] else []:
        if name not in found["served"]:
            yield "%s serves nothing at %s" % (name, where)
    ledger = p.get("ledger")
    if ledger:
        for name in ledger["servers"]:
            if name not in found["writers"] + found["readers"]:
                yield "%s does not answer" % name
            elif name in found["behind"]:
                yield "%s does not get what is written" % name
        # The members of a Galera cluster all take writes, and are one side.
        if found["sides"] > 1:
            yield "%s take what is written, on %d sides" % (" and ".join(found["writers"]), found["sides"])
