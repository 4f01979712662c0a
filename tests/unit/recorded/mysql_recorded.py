"""Rows that real servers have returned to read_info(), played back."""

from __future__ import annotations

import json
import os

DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mysql")
NAMES = sorted(name[:-5] for name in os.listdir(DIRECTORY))


class Recorded:
    """A server that answers as a recorded one did. Statements that change something are kept in `ran`."""

    def __init__(self, name, where=None):
        with open(os.path.join(DIRECTORY, name + ".json"), encoding="utf-8") as handle:
            self.log = json.load(handle)
        self.ran, self.closed = [], False
        self.where = where or {"unix_socket": "/run/mysqld/mysqld.sock", "host": "localhost", "port": 3306}

    def rows(self, statement, values=()):
        for entry in self.log:
            if entry["statement"] == statement and entry["values"] == list(values):
                return entry["rows"]
        raise AssertionError("not recorded: %s %s" % (statement, values))

    def variables(self, *names):
        rows = next(entry for entry in self.log if entry["statement"].startswith("SHOW GLOBAL VARIABLES"))["rows"]
        return {row["Variable_name"].lower(): row["Value"] for row in rows if row["Variable_name"].lower() in names}

    def run(self, statement, values=()):
        self.ran.append((statement, tuple(values)))

    def quoted(self, value):
        return repr(value)

    def close(self):
        self.closed = True
