# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive as MMM's is laid out, with the lines that are mended and nothing else of it."""

import io
import tarfile

from ansible_collections.failover.stack.plugins.module_utils._mmm import mends

FILES = {
    "VERSION": "2.2.1\n", "README": "", "lib/Common/Config.pm": "1;\n", "lib/Common/t/Config.t": "1;\n",
    **{file: "".join(mend.line + "\n" for mend in found) for file, found in mends.MENDS.items()},
    "lib/Agent/Agent.pm.orig": "1;\n", "lib/Monitor/Monitor.pm": "1;\n", "bin/agent/configure_ip": "1;\n", "bin/monitor/checker": "1;\n",
    "sbin/mmm_agentd": "1;\n", "sbin/mmm_mond": "use constant MMM_VERSION => '!!!VERSION!!!';\n", "sbin/mmm_control": "1;\n"}


def pack(directory, **changes):
    """Its path. changes: other contents, None for none."""
    path = directory / "mysql-mmm.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {**FILES, **changes}.items():
            if text is not None:
                entry = tarfile.TarInfo("mysql-mmm-2.2.1/" + name)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
    return str(path)
