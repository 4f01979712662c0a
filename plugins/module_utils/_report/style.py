# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every page of this collection looks: drills, benchmark. What only one of them draws is in its own template."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #16202b; --soft: #5b6775; --line: #e1e5ea; --grid: #edf0f3;
  --good: #14804a; --good-bg: #e3f5ea; --bad: #c8232c; --bad-bg: #fdeaea; --open: #96650a; --open-bg: #fdf2d8;
  --s0: #2f74c9; --s1: #0e9c80; --s2: #7d63b8; --s3: #a8793a; --shade: 0 1px 2px rgba(16,32,48,.06), 0 4px 16px rgba(16,32,48,.05);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141a; --card: #171e26; --ink: #e6ebf0; --soft: #94a1af; --line: #2a333d; --grid: #212a33;
    --good: #4fc586; --good-bg: #143524; --bad: #ff6b6f; --bad-bg: #43191c; --open: #e3b04f; --open-bg: #3b2e12;
    --s0: #6ea8ee; --s1: #4fd0ac; --s2: #b59df0; --s3: #dcb473; --shade: none;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 36px 24px 60px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 0; letter-spacing: -.005em; }
.card > h2 { margin-bottom: 10px; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shade);
  padding: 20px 22px; margin-top: 18px; }
.tag { display: inline-block; padding: 2px 10px; border-radius: 99px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.tag, .sentences { background: var(--good-bg); color: var(--good); }
.tag.missed, .sentences.missed { background: var(--bad-bg); color: var(--bad); }
.tag.undecided, .sentences.undecided { background: var(--open-bg); color: var(--open); }
.sentences { margin: 10px 0 0; padding: 8px 14px; border-radius: 8px; font-size: 14px; }
.sentences div + div { margin-top: 2px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 22px 0 0; }
.fact { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; box-shadow: var(--shade); }
.fact b { display: block; font-size: 24px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.fact span { color: var(--soft); font-size: 13px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: right; font-weight: 600; color: var(--soft); font-size: 12.5px; padding: 6px;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td { text-align: right; padding: 8px 6px; border-bottom: 1px solid var(--grid); font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
td small { color: var(--soft); margin-left: 6px; }
td.kept, td.missed, td.undecided { font-weight: 600; }
td.kept, b.kept { color: var(--good); } td.missed, b.missed { color: var(--bad); } td.undecided, b.undecided { color: var(--open); }
.head { display: flex; gap: 12px; align-items: baseline; justify-content: space-between; flex-wrap: wrap; }
svg { display: block; width: 100%; height: auto; margin-top: 8px; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
svg text.mark { font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 12.5px; color: var(--soft); margin-top: 6px; }
.legend i { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; }
.legend i.box { border-radius: 2px; width: 14px; }
.legend i.line { width: 14px; height: 0; border-radius: 0; border-top: 2px solid; vertical-align: middle; }
.how { columns: 2; column-gap: 36px; font-size: 14px; }
.how p { margin: 0 0 10px; break-inside: avoid; }
@media (max-width: 800px) { .how { columns: 1; } main { padding: 20px 12px 40px; } }
@media print { .card, .fact { break-inside: avoid; box-shadow: none; } }
"""
