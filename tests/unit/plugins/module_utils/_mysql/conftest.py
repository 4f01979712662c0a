# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that a job starts, played by scripts that are found before the host's own."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def program(tmp_path_factory, monkeypatch):
    """program(name, text of a shell script): from now on found as that name. What it was called with is in <directory>/<name>.called."""
    directory = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", "%s:%s" % (directory, os.environ["PATH"]))

    def make(name, text):
        path = directory / name
        path.write_text('#!/bin/sh\necho "$*" >> "$0.called"\n%s\n' % text)
        path.chmod(0o755)

    make.called = lambda name: (directory / (name + ".called")).read_text().splitlines()
    return make
