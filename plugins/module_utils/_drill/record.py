# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observer saw in a drill becomes a result, which is kept in the report's directory until all drills are over."""

from __future__ import annotations

import json
import os

from ansible_collections.failover.stack.plugins.module_utils._drill import analysis
from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import concealed, unpack
from ansible_collections.failover.stack.plugins.module_utils._drill.timers import predict

# Characters of a problem that are kept.
LONGEST = 2000
NOTHING = {"started": 0, "rows": [[] for _column in range(7)], "codes": [], "arp": {}}


def judged(drill, seen, events, timers, problem, secrets):
    """The result of a drill. seen: what the observer saw; problem: what went wrong around the drill, which is not passed then."""
    prediction = predict(drill["predict"], timers, events["target"]) if drill.get("predict") else (None, "")
    result = analysis.analyse(seen, drill, events, prediction)
    if problem:
        # Shortened afterwards: half a secret would not be recognised.
        shown = concealed(problem, secrets)
        result["missed"].insert(0, "%s: %s" % (drill["name"], shown if len(shown) <= LONGEST else shown[:LONGEST] + " ..."))
        result["passed"] = False
    return concealed(result, secrets)


def keep(directory, name, result, seen, secrets):
    os.makedirs(os.path.join(directory, "seen"), exist_ok=True)
    thinned = dict(seen, rows=analysis.thin(seen, result["fault_ms"], result["heal_ms"]))
    kept = {key: thinned.get(key) for key in ("rows", "instances", "arp", "codes", "rate")}
    kept["spans"] = (seen.get("ledger") or {}).get("spans", {})
    with open(os.path.join(directory, "seen", name + ".json"), "w") as handle:
        json.dump({"result": result, "seen": concealed(kept, secrets)}, handle, separators=(",", ":"))


def record(directory, drill, data, events, timers=None, problem="", secrets=()):
    """Judges and keeps; the result. data: as the observer packed it, None when there was none."""
    seen = unpack(data) if data else NOTHING
    result = judged(drill, seen, events, timers or {}, problem, secrets)
    keep(directory, drill["name"], result, seen, secrets)
    return result
