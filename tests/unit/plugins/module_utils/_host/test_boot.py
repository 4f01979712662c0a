# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a reboot is due, and what apt says it would upgrade."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import boot, upgrades
from ansible_collections.failover.stack.plugins.modules import reboot_info


@pytest.mark.parametrize("running, others, newest", [
    ("6.1.0-40-amd64", ["6.1.0-41-amd64"], "6.1.0-41-amd64"),
    ("6.1.0-9-amd64", ["6.1.0-41-amd64", "6.1.0-13-amd64"], "6.1.0-41-amd64"),
    ("6.1.0-41-amd64", ["6.1.0-9-amd64"], ""),
    # Another kind is not what this machine boots.
    ("6.1.0-40-cloud-amd64", ["6.1.0-41-amd64"], ""),
    ("6.1.0-40-amd64", ["6.1.0-41-rt-amd64"], ""),
    ("6.12.48+deb13-amd64", ["6.12.57+deb13-amd64"], "6.12.57+deb13-amd64"),
    ("6.1.0-40-amd64", ["6.12.48+deb13-amd64"], "6.12.48+deb13-amd64"),
])
def test_a_newer_kernel_of_the_same_kind(running, others, newest):
    names = ["vmlinuz-" + one for one in [running, *others]] + ["config-9.9", "initrd.img-9.9"]
    assert boot.newer_kernel(running, names) == newest


def test_a_kernel_from_elsewhere_is_not_the_machines_own():
    assert boot.newer_kernel("6.6.1-host", ["vmlinuz-6.1.0-40-amd64"]) == boot.newer_kernel("6.6.1-host", []) == ""


def test_why_a_reboot_is_due():
    assert boot.why(True, "libc6\nlinux-image\nlibc6\n", "6.1", []) == "libc6, linux-image wants a reboot"
    assert boot.why(True, "", "6.1", []) == "a package wants a reboot"
    assert boot.why(False, "", "6.1.0-1-amd64", ["vmlinuz-6.1.0-1-amd64", "vmlinuz-6.1.0-2-amd64"]) == (
        "kernel 6.1.0-2-amd64 is installed, 6.1.0-1-amd64 runs")
    assert boot.why(False, "", "6.1.0-1-amd64", ["vmlinuz-6.1.0-1-amd64"]) == ""


def test_the_mark_and_the_kernels_of_a_machine(play, tmp_path):
    given = {"mark": str(tmp_path / "mark"), "boot": str(tmp_path / "boot")}
    assert play(reboot_info, given) == {"changed": False, "why": ""}
    (tmp_path / "mark").write_text("*** System restart required ***\n")
    (tmp_path / "mark.pkgs").write_text("dbus\n")
    (tmp_path / "boot").mkdir()
    assert play(reboot_info, given)["why"] == "dbus wants a reboot"


# As apt 2.6 and 3.0 write it.
SIMULATED = """Reading package lists... Done
The following packages will be upgraded:
  libssl3 tzdata lab
Inst libssl3 [3.0.17-1~deb12u2] (3.0.17-1~deb12u3 Debian:12.12/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst tzdata [2025b-0+deb12u1] (2025b-0+deb12u2 Debian:12.12/oldstable [all])
Inst linux-image-6.1.0-41-amd64 (6.1.158-1 Debian-Security:12/oldstable-security [amd64])
Inst libc6 [2.39-0ubuntu8.5] (2.39-0ubuntu8.6 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64]) []
Inst lab [1] (2 localhost [all])
Conf libssl3 (3.0.17-1~deb12u3 Debian:12.12/oldstable, Debian-Security:12/oldstable-security [amd64])
"""


def test_what_apt_would_upgrade():
    assert upgrades.newer(SIMULATED, "upgrade") == ["libssl3", "tzdata", "linux-image-6.1.0-41-amd64", "libc6", "lab"]
    assert upgrades.newer(SIMULATED, "security") == ["libssl3", "linux-image-6.1.0-41-amd64", "libc6"]
    assert upgrades.newer("", "upgrade") == upgrades.newer(None, "security") == []
