"""A finding as a tree for the terminal: every criterion with its outcome, its place in the document, and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text
from rich.tree import Tree

from cds_service.facts.catalogue import Catalogue
from cds_service.facts.unread import unread
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.model import Check, Evidence, NoneOf, Outcome, Policy, Standing
from cds_service.wording import finding_in_words, ours_in_words, place_of

MARKS = {MET: "+", NOT_MET: "-", NOT_DOCUMENTED: "?"}
PRESUMED = "~"
LEGEND = "+ met   - not met   ? not documented   ~ presumed, because the chart is silent"


@dataclass(frozen=True, slots=True)
class FindingTree:
    """How to draw findings under a policy. ``wanted`` is the outcome that supports the order: it is green, its opposite red.

    ``values=False`` leaves out whatever the chart says and keeps where it says it.
    """

    policy: Policy
    catalogue: Catalogue
    wanted: Outcome = MET
    values: bool = True

    def draw(self, finding: Finding) -> Tree:
        """The tree of a finding: its parts below it, and below each check its evidence."""
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
        said = []
        if self.values and (not_read := unread(evidence)):
            dated = f", {evidence.when.text()}" if evidence.when else ""
            return f"{check.fact}: {not_read}{dated}, {evidence.resource}"
        if self.values:
            value = self.catalogue[check.fact].show(evidence.value) if evidence.value is not None else "no usable value"
            said.append(f"{check.fact}: {value}")
        else:
            said.append(check.fact)
        if evidence.when and evidence.when.first.year > 1:
            said.append(evidence.when.text())
        if evidence.shown and self.values:
            said.append(evidence.shown)
        said.append(evidence.resource or evidence.kind)
        if evidence.resource and evidence.kind != "recorded":
            said.append(evidence.kind)
        return ", ".join(said) + self._note(evidence)

    def _note(self, evidence: Evidence) -> str:
        """Why evidence was not used; the words may quote the chart, so they go where the values go."""
        note = evidence.note if self.values else ""
        if evidence.standing is Standing.USABLE:
            return f"; {note}" if note else ""
        return f"; not used: {note or evidence.standing.value}"
