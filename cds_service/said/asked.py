"""What could settle an open order, in words.

These are the questions of the shortest way, and how many others there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.facts.unread import in_quotes, unread
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Standing
from cds_service.policy.finding import NOT_DOCUMENTED
from cds_service.said.outcome import number

MOST_ASKED: Final = 5
"""The most questions that are shown at once."""
MOST_UNREAD: Final = 3
"""The most unreadable records that are named behind a question."""
HEADING: Final = "What would settle it"


class Question(NamedTuple):
    """One question.

    ``fact`` is the fact that it asks for, ``words`` how it asks, ``doubt`` what could not be read of the fact, and
    ``at`` where the document asks for it.
    """

    fact: str
    words: str
    doubt: str = ""
    at: str = ""


class Way(NamedTuple):
    """The questions that together would make an open order necessary.

    ``questions`` are those that are shown; ``together`` says how they go together. ``left`` counts the questions of
    this way that are not shown, ``others`` those of other ways. ``any_one`` tells that the answer to any one of them is
    enough.
    """

    questions: tuple[Question, ...]
    together: str
    left: int
    others: int
    any_one: bool = False

    def without(self, count: int) -> Way:
        """Return the way with ``count`` fewer of its questions shown."""
        return self._replace(others=self.others + count) if self.any_one else self._replace(left=self.left + count)


def questions(decision: Decision, content: Content) -> list[str]:
    """Return the questions for the facts that are asked for.

    They stand in the order of asking. Each is the criterion's own question, else the catalogue's, else what the fact
    means.
    """
    own = decision.own_asks
    entries = ((fact, content.catalogue[fact].entry) for fact in decision.asks)
    return [own.get(fact) or entry.ask or entry.means for fact, entry in entries]


def way(decision: Decision, content: Content, quoted: Callable[[str], str] = in_quotes, most: int = MOST_ASKED) -> Way:
    """Find the shortest way to an order that is necessary.

    Where one answer is enough, it holds all questions whose answer could be that one. ``most`` is how many questions
    are shown.
    """
    doubts = unread_of(decision, quoted)
    asked = dict(zip(decision.asks, questions(decision, content), strict=True))
    any_one = decision.alone if decision.shortest == 1 else ()
    facts = any_one if len(any_one) > 1 else decision.asks[: decision.shortest] or decision.asks
    places = _places(decision, facts[:most])
    shown = tuple([Question(fact, asked[fact], doubts.get(fact, ""), places.get(fact, "")) for fact in facts[:most]])
    others = len(decision.asks) - len(facts)
    if len(any_one) > 1:
        return Way(shown, "any one of these", 0, others + len(facts) - len(shown), any_one=True)
    return Way(shown, _together(len(facts)), len(facts) - len(shown), others)


def _together(count: int) -> str:
    """Say how many answers are needed together.

    The words end a heading; they are empty where one answer is needed.
    """
    return "" if count < 2 else "both of these" if count == 2 else f"all {count} answers"


def more_questions(found: Way, where: str = "") -> str:
    """Say in a sentence or two how many questions are not shown.

    ``where`` says where they stand, as *on the page*.
    """
    said = []
    if found.left:
        said.append(f"{number(found.left, 'more question')}{where} {'belongs' if found.left == 1 else 'belong'} to it.")
    if found.others:
        said.append(f"{number(found.others, 'more question')}{where} could settle it another way.")
    return " ".join(said)


def _places(decision: Decision, facts: Iterable[str]) -> dict[str, str]:
    """Find where the document asks for these facts.

    The place of the first criterion that is open for a fact counts.
    """
    wanted = set(facts)
    found: dict[str, str] = {}
    for _, leaves in decision.grounds:
        for leaf in leaves:
            check = leaf.criterion
            if wanted and leaf.outcome is NOT_DOCUMENTED and isinstance(check, Check) and check.fact in wanted:
                found[check.fact] = check.cite.at
                wanted.remove(check.fact)
    return found


def unread_of(decision: Decision, quoted: Callable[[str], str] = in_quotes) -> dict[str, str]:
    """Say what could not be read of the facts asked for.

    Returned is the text by fact; each record is named once.
    """
    wanted = set(decision.asks)
    found: dict[str, dict[str, None]] = {}
    seen: set[str] = set()
    for leaf in decision.spoken if wanted else ():
        check = leaf.criterion
        for evidence in leaf.evidence:
            if evidence.standing is not Standing.UNCERTAIN or not isinstance(check, Check) or check.fact not in wanted:
                continue
            said = unread(evidence, quoted)
            if said and said not in seen:
                seen.add(said)
                found.setdefault(check.fact, {})[said] = None
    return {fact: told(list(said)) for fact, said in found.items()}


def told(doubts: list[str]) -> str:
    """Name the first few records that could not be read.

    They stand in brackets behind a question.
    """
    more = [f"and {len(doubts) - MOST_UNREAD} more"] if len(doubts) > MOST_UNREAD else []
    return f" ({'; '.join(doubts[:MOST_UNREAD] + more)})"
