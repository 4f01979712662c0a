# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members that know one another by their certificates."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import stream


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def members(tmp_path_factory):
    """Directories of donor, joiner and a stranger, and the certificates that they show."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl here")
    made = {name: str(tmp_path_factory.mktemp(name)) for name in ("donor", "joiner", "stranger")}
    return made, {name: stream.certificate(run, directory, name) for name, directory in made.items()}
