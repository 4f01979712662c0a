#!/usr/bin/python

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_kernel
short_description: Make sure that the kernel can be a Linux Virtual Server director
description:
  - Loads C(ip_vs) and the schedulers named, and fails with one sentence when the running kernel has no IPVS.
  - In a container, whose host's kernel has it, there is nothing to load and the kernel loads what is asked for by itself.
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
options:
  schedulers:
    description: Schedulers whose modules are loaded, for example V(wrr).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Nothing is loaded by this module; a kernel that loads modules on demand may do so when it is asked.
    support: full
"""

EXAMPLES = r"""
- name: See that this host can be a director
  failover.stack.ipvs_kernel:
    schedulers: [wrr]
"""

RETURN = r"""
loaded:
  description: Modules that were loaded now.
  returned: always
  type: list
  elements: str
  sample: [ip_vs, ip_vs_wrr]
"""

import os
import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._ipvs.kernel import built_in, has_family, loaded, wanted_modules

LISTED = "/proc/net/ip_vs"


def text_of(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return ""


def main():
    module = AnsibleModule(
        argument_spec={"schedulers": {"type": "list", "elements": "str", "default": []}}, supports_check_mode=True)
    release = platform.release()
    here = "/lib/modules/" + release
    modprobe = module.get_bin_path("modprobe", opt_dirs=["/usr/sbin", "/sbin"]) if os.path.isdir(here) else None
    before = loaded(text_of("/proc/modules"))
    missing = [name for name in wanted_modules(module.params["schedulers"])
               if name not in before | built_in(text_of(here + "/modules.builtin"))]
    rc, err = 0, ""
    if missing and modprobe:
        rc, _out, err = module.run_command([modprobe, *(["-n"] if module.check_mode else []), "-a", *missing])
    after = loaded(text_of("/proc/modules"))
    # In check mode nothing was loaded, so the question is whether it could be.
    can = os.path.exists(LISTED) or (module.check_mode and modprobe is not None and rc == 0) or has_family()
    if not can:
        module.fail_json(msg=(
            "%s: the running kernel %s cannot do IPVS, neither built in nor by a module (ip_vs): boot one that has CONFIG_IP_VS, or, if "
            "this is a container, load ip_vs on its host; nothing was changed." % (platform.node(), release)))
    if rc:
        module.fail_json(msg="%s: the running kernel %s has IPVS, but not all of the modules %s (%s): choose other schedulers." % (
            platform.node(), release, ", ".join(missing), " ".join(err.split())))
    new = missing if module.check_mode and modprobe else sorted(after - before)
    new = [name for name in new if name.startswith("ip_vs")]
    module.exit_json(changed=bool(new), loaded=new)


if __name__ == "__main__":
    main()
