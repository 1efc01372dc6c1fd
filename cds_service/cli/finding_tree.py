"""A finding as a tree for the terminal.

It shows every criterion with its outcome, its place in the document, and its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text
from rich.tree import Tree

from cds_service.content.content import Content
from cds_service.content.wording import finding_in_words, ours_in_words, place_of
from cds_service.policy.criterion import Check, NoneOf, Outcome
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.model import Policy
from cds_service.said.evidence import WHOLE_NOTE, told

MARKS = {MET: "+", NOT_MET: "-", NOT_DOCUMENTED: "?"}
PRESUMED = "~"
LEGEND = "+ met   - not met   ? not documented   ~ presumed, because the chart is silent"


@dataclass(frozen=True, slots=True)
class FindingTree:
    """How to draw findings under a policy.

    ``wanted`` is the outcome that supports the order: it is green, its opposite red. ``values=False`` leaves out
    whatever the chart says and keeps where it says it.
    """

    policy: Policy
    content: Content
    wanted: Outcome = MET
    values: bool = True

    def draw(self, finding: Finding) -> Tree:
        """Draw the tree of a finding.

        It has the finding's parts below it, and below each check its evidence.
        """
        tree = Tree(self._criterion(finding), guide_style="dim")
        for line in self._below(finding):
            tree.add(line)
        below = self._opposite() if isinstance(finding.criterion, NoneOf) else self
        for part in finding.parts:
            tree.children.append(below.draw(part))
        return tree

    def _opposite(self) -> FindingTree:
        return replace(self, wanted=NOT_MET if self.wanted is MET else MET)

    def _criterion(self, finding: Finding) -> Text:
        colour = "yellow" if finding.outcome is NOT_DOCUMENTED else "green" if finding.outcome is self.wanted else "red"
        presumed = finding.basis is Basis.PRESUMED
        mark = PRESUMED if presumed else MARKS[finding.outcome]
        says, place = finding_in_words(finding.criterion, finding.outcome), place_of(finding.criterion.cite, self.policy)
        return Text.assemble((f"{mark} ", f"{'' if presumed else 'bold '}{colour}"), (says, colour), " ", (place, "dim"))

    def _below(self, finding: Finding) -> list[Text]:
        check = finding.criterion
        if not isinstance(check, Check):
            return []
        lines = [Text(ours_in_words(check), "dim")] if check.ours else []
        lines += [Text(self._evidence(evidence, check)) for evidence in finding.evidence]
        match finding.basis:
            case Basis.PRESUMED if check.presumption:
                lines.append(Text(f"presumed {finding.outcome.value}: {check.presumption.because}", "dim"))
            case Basis.LEFT_OPEN:
                lines.append(Text(f"left open: {check.open_because}", "dim"))
            case Basis.SILENT:
                lines.append(Text("searched, and nothing found", "dim"))
            case Basis.NOT_SEARCHED:
                lines.append(Text(f"not searched: {', '.join(finding.unsearched)}", "dim"))
            case Basis.UNCERTAIN | Basis.STRADDLES | Basis.CONTRADICTORY:
                lines.append(Text(finding.basis.value, "dim"))
            case _:
                pass
        return lines

    def _evidence(self, evidence: Evidence, check: Check) -> str:
        """Return what cards and pages say of evidence, with its reference.

        Without values, it says only that the evidence is there, and whether it was used.
        """
        if self.values:
            said = told(evidence, check, self.content, longest=WHOLE_NOTE)
            kind = evidence.kind if evidence.kind != "recorded" else ""
            return ", ".join([part for part in (said.line, said.resource, kind) if part])
        dated = evidence.when.text() if evidence.when and evidence.when.first.year > 1 else ""
        kind = evidence.kind if evidence.resource and evidence.kind != "recorded" else ""
        parts = [part for part in (check.fact, dated, evidence.resource or evidence.kind, kind) if part]
        unused = "" if evidence.standing is Standing.USABLE else f"; not used: {evidence.standing.value}"
        return ", ".join(parts) + unused
