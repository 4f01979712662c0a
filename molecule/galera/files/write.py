"""Writes a row every 20 ms through a proxy, as an application would, and tells what it saw as one line of JSON.

Every row that was acknowledged is looked for afterwards.
"""

import argparse
import contextlib
import json
import os
import time

import pymysql

parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("--user", default="shop")
parser.add_argument("--seconds", type=float, default=6)
parser.add_argument("--pause", type=float, default=0.02)
parser.add_argument("--limit", type=float, default=10)
parser.add_argument("--until-file", default="")
options = parser.parse_args()
host, _colon, port = options.address.partition(":")


def connect():
    return pymysql.connect(host=host, port=int(port or 3306), user=options.user, password=os.environ["SHOP_PASSWORD"], database="shop",
                           connect_timeout=1, read_timeout=options.limit, write_timeout=options.limit, autocommit=True)


setup = connect()
with setup.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS ledger (run VARCHAR(32), number INT, by_host VARCHAR(64), PRIMARY KEY (run, number))")
setup.close()

run = "%d-%d" % (time.time(), os.getpid())
acknowledged, errors, writers = [], [], []
connection, last, worst, number = None, time.monotonic(), 0.0, 0
deadline = time.monotonic() + options.seconds
while time.monotonic() < deadline and not (options.until_file and os.path.exists(options.until_file)):
    number += 1
    try:
        if connection is None:
            connection = connect()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO ledger SELECT %s, %s, @@hostname", (run, number))
        now = time.monotonic()
        worst, last = max(worst, now - last), now
        acknowledged.append(number)
    except (pymysql.err.MySQLError, OSError) as error:
        errors.append(str(error.args[0]) if error.args else type(error).__name__)
        if connection is not None:
            with contextlib.suppress(Exception):
                connection._force_close()
            connection = None
    time.sleep(options.pause)
worst = max(worst, time.monotonic() - last)

for _attempt in range(30):
    try:
        connection = connect()
        with connection.cursor() as cursor:
            cursor.execute("SELECT number, by_host FROM ledger WHERE run = %s ORDER BY number", (run,))
            rows = cursor.fetchall()
        break
    except (pymysql.err.MySQLError, OSError):
        time.sleep(0.5)
there = {row[0] for row in rows}
for row in rows:
    if not writers or writers[-1] != row[1]:
        writers.append(row[1])
print(json.dumps({"acknowledged": len(acknowledged), "lost": len(set(acknowledged) - there), "errors": len(errors),
                  "codes": sorted(set(errors)), "worst_gap_ms": round(worst * 1000), "writers": writers}))
