"""``python -m bench.recoding --pairs 30000`` judges that many pairs of a chart and its rewriting, and tells every difference.

Exits with 1 where an outcome is reversed, newly decided, lost, or asked again without a rule that allows it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from pathlib import Path

from bench.recoding.ageing import aged
from bench.recoding.kinds import otherwise
from bench.recoding.run import REWRITES, pairs, posed
from bench.recoding.strangers import strangers
from bench.recoding.unreading import unread
from cds_service.content.content import read_content


def main() -> None:
    """Runs the comparison over the vignettes of this checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=0, help="about how many pairs to judge; all by default")
    parser.add_argument("--only", default="", help="only rewritings with this in their name")
    parser.add_argument("--policy", default="", help="only policies with this in their id")
    parser.add_argument("--most", type=int, default=40, help="examples told of each fault")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    begun = time.perf_counter()
    found = [one for one in posed(read_content(Path(__file__).parents[2])) if asked.policy in one.vignette.policy.id]
    rewrites = [one for one in REWRITES if asked.only in one.name]
    every = max(1, len(found) * len(rewrites) // asked.pairs) if asked.pairs else 1
    counted: Counter[str] = Counter()
    by_rewrite: Counter[tuple[str, str]] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    for pair in pairs(found, rewrites, every):
        counted[pair.fault or "the same"] += 1
        if pair.fault:
            place = (pair.fault, pair.rewrite.name)
            by_rewrite[place] += 1
            told[place] += 1
            if told[place] <= asked.most:
                print(pair.told())
    for name, property_ in (("aged", aged), ("unread", unread), ("otherwise", otherwise), ("strangers", strangers(found))):
        faults = [case for one in found if not asked.only or asked.only == name for case in property_(one) if case.fault]
        counted.update({f"{name}, and decides": len(faults)} if faults else {})
        print(*(case.told() for case in faults[: asked.most]), sep="\n")
    print(f"{counted.total()} pairs of {len(found)} vignettes in {time.perf_counter() - begun:.0f} s: {dict(counted)}")
    for (fault, name), number in by_rewrite.most_common():
        print(f"{number:6} {fault:14} {name}")
    sys.exit(1 if set(counted) - {"the same"} else 0)


if __name__ == "__main__":
    main()
