"""Writes a row every 20 ms through a proxy, as an application would, until a file appears; tells what it saw as one line of JSON.

Afterwards every row that was acknowledged is looked for. Meanwhile it asks every member which others it sees in its primary
component: two answers with nobody in common are two writable sides. It also writes to another cluster, to which nothing happens: what that
has to wait is the test host's own business.
"""

import argparse
import contextlib
import json
import os
import threading
import time

import pymysql

FRESH_S = 0.2
parser = argparse.ArgumentParser()
parser.add_argument("address", help="the proxy, host:port")
parser.add_argument("untouched", help="member of another cluster")
parser.add_argument("stop", help="file that ends it")
parser.add_argument("members", nargs="+", help="addresses")
options = parser.parse_args()
host, _colon, port = options.address.partition(":")


def connect(address, limit, **more):
    return pymysql.connect(host=address, user="shop", password=os.environ["SHOP_PASSWORD"], connect_timeout=1, read_timeout=limit,
                           write_timeout=limit, autocommit=True, **more)


def writer():
    return connect(host, 10, port=int(port), database="shop")


# -- sides

sides, both, lock = {}, [], threading.Lock()


def told(member, answer):
    now = time.monotonic()
    with lock:
        sides[member] = (now, answer)
        fresh = {name: seen for name, (at, seen) in sides.items() if now - at < FRESH_S and seen}
        both.extend([one, other] for one in fresh for other in fresh if one < other and not fresh[one] & fresh[other])


def watch(member):
    connection = None
    while not os.path.exists(options.stop):
        answer = set()
        try:
            connection = connection or connect(member, 1)
            with connection.cursor() as cursor:
                cursor.execute("SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_ready', "
                               "'wsrep_incoming_addresses')")
                status = dict(cursor.fetchall())
            if status["wsrep_cluster_status"] == "Primary" and status["wsrep_ready"] == "ON":
                answer = set(status["wsrep_incoming_addresses"].split(",")) - {""}
        except (pymysql.err.MySQLError, OSError):
            connection = None
        told(member, answer)
        time.sleep(0.1)


# -- rows

TABLE = "CREATE TABLE IF NOT EXISTS ledger (run VARCHAR(32), number INT, by_host VARCHAR(64), PRIMARY KEY (run, number))"
ROW = "INSERT INTO ledger SELECT %s, %s, @@hostname"
busy = []


def control():
    connection = connect(options.untouched, 30, database="shop")
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        last, number = time.time(), 0
        while not os.path.exists(options.stop):
            number += 1
            cursor.execute(ROW, (run, number))
            now = time.time()
            if now - last > 0.15:
                busy.append([last, now])
            last = now
            time.sleep(0.02)


with contextlib.closing(writer()) as setup, setup.cursor() as cursor:
    cursor.execute(TABLE)
run = "%d-%d" % (time.time(), os.getpid())
watched = threading.Thread(target=control, daemon=True)
watched.start()
for member in options.members:
    threading.Thread(target=watch, args=(member,), daemon=True).start()
acknowledged, errors, gaps = [], [], []
connection, last, number = None, time.time(), 0
print("writing", flush=True)
while not os.path.exists(options.stop):
    number += 1
    try:
        connection = connection or writer()
        with connection.cursor() as cursor:
            cursor.execute(ROW, (run, number))
        now = time.time()
        if now - last > 0.15:
            gaps.append([last, now])
        last = now
        acknowledged.append(number)
    except (pymysql.err.MySQLError, OSError) as error:
        errors.append(str(error.args[0]) if error.args else type(error).__name__)
        if connection is not None:
            with contextlib.suppress(Exception):
                connection._force_close()
            connection = None
    time.sleep(0.02)
gaps.append([last, time.time()])
watched.join(30)

for attempt in range(30):
    try:
        with contextlib.closing(writer()) as reader, reader.cursor() as cursor:
            cursor.execute("SELECT number, by_host FROM ledger WHERE run = %s ORDER BY number", (run,))
            rows = cursor.fetchall()
        break
    except (pymysql.err.MySQLError, OSError):
        if attempt == 29:
            raise
        time.sleep(0.5)
writers = [row[1] for position, row in enumerate(rows) if position == 0 or rows[position - 1][1] != row[1]]
print(json.dumps({"acknowledged": len(acknowledged), "lost": len(set(acknowledged) - {row[0] for row in rows}), "errors": len(errors),
                  "codes": sorted(set(errors)), "gaps": gaps, "busy": busy, "writers": writers, "two_sides": both[:5]}))
