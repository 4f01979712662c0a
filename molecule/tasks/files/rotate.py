# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rotate.py ADDRESS PASSWORD_FILE RESULT_FILE: logs in as shop every 20 ms with what the file has, counts who came and who was refused."""

from __future__ import annotations

import json
import os
import sys
import time

import pymysql

ADDRESS, FILE, RESULT = sys.argv[1:]
counted, seen = {"came": 0, "refused": 0, "passwords": 0, "last": ""}, set()

while True:
    with open(FILE, encoding="utf-8") as handle:
        password = handle.read()
    seen.add(password)
    try:
        pymysql.connect(host=ADDRESS, user="shop", password=password, connect_timeout=5).close()
        counted["came"] += 1
    except pymysql.err.MySQLError as error:
        counted.update(refused=counted["refused"] + 1, last=str(error))
    counted["passwords"] = len(seen)
    with open(RESULT + ".new", "w", encoding="utf-8") as handle:
        json.dump(counted, handle)
    os.replace(RESULT + ".new", RESULT)
    time.sleep(0.02)
