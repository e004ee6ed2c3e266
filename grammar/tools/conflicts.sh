#!/bin/bash
# Prints 0 if the grammar has no LR(1) conflict, else the states in conflict. Needs bison and python3; run it before a build when the
# grammar has changed: lalrpop's own report of a conflict lists every keyword of every look-ahead set and takes minutes.
set -e
here="$(cd "$(dirname "$0")" && pwd)"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
G="$here/../camp.lalrpop.in" python3 "$here/tobison.py" "$out/camp.y"
cd "$out" && bison -o camp.tab.c --report=states,lookaheads camp.y > log 2>&1 || { cat log; exit 2; }
grep -v -E "conflict|useless|counterexample" log | head -20
n="$(grep -c -E '^State [0-9]+ conflicts: ' camp.output || true)"
echo "$n states in conflict"
python3 - <<'P'
import re
text = open('camp.output').read()
bad = [int(x) for x in re.findall(r'^State (\d+) conflicts', text, re.M)]
states = re.split(r'^State (\d+)$', text, flags=re.M)
items = {int(states[i]): states[i + 1] for i in range(1, len(states) - 1, 2)}
for b in bad[:12]:
    lines = [re.sub(r'\[[^\]]{80,}\]', '[…]', l.strip()) for l in items[b].split('\n')]
    print('State', b)
    for l in [l for l in lines if '•' in l][:6]: print('   ', l[:170])
    print('    !!', [re.sub(r'\s+', ' ', l) for l in lines if '[reduce' in l][:6])
P
[ "$n" = 0 ]
