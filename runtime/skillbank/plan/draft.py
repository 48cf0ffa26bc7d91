"""A plan under construction: what the request, the skill and the parent bring together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from skillbank.bank.actions import Action
from skillbank.bank.documents import parse_yaml
from skillbank.bank.foreign import FromSkill
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError, SpecError
from skillbank.plan import datasets, inference
from skillbank.plan.captions import read_captions
from skillbank.plan.hardware import counted, resource_changes
from skillbank.plan.model import PARENT_MODEL, Override, ParentRef, Plan, Question
from skillbank.plan.paths import MISSING, get_path, parse_path
from skillbank.plan.products import product_of, trains
from skillbank.plan.request import Request
from skillbank.plan.spec import SpecBuilder, user_changes
from skillbank.plan.weights import FROM_PARENT, pretrained_fields
from skillbank.visible import named


@dataclass(frozen=True)
class Parent:
    """What the planner knows of a parent: who it is, and the spec that it ran or will run with.

    ``implied`` is a parent that nobody named, the step before in a chain: it gives what an action asks of a
    parent, and no weights to a training that can start without.
    """

    ref: ParentRef
    spec: Mapping[str, object] = field(default_factory=dict)
    implied: bool = False

    @classmethod
    def before(cls, plans: Sequence[Plan], skill: str, bank: str, action: str) -> Parent | None:
        """Return the nearest of the earlier plans of a chain that leaves a model of this bank's skill.

        For an action that trains, the nearest that leaves weights comes first: in "train, export, train" the
        last can go on from the first.
        """
        left = [
            plan
            for plan in reversed(plans)
            if (plan.skill.name, plan.skill.bank) == (skill, bank) and product_of(plan.action) != "other"
        ]
        weights = [plan for plan in left if product_of(plan.action) == "weights"] if trains(action) else []
        for plan in [*weights, *left]:
            ref = ParentRef(plan=plan.plan_id, action=plan.action, skill=plan.skill.name)
            return cls(ref, plan.spec, implied=True)
        return None


class Draft:
    """Everything that the layers read, and the three things that they write.

    Attributes
    ----------
    builder
        The spec so far.
    warnings
        Sentences for the plan.
    questions, asked
        What is still open, by what would answer it; and the spec keys that these are about.
    """

    def __init__(self, skill: Skill, action: Action, request: Request, parent: Parent | None) -> None:
        self.skill = skill
        self.action = action
        self.request = request
        self.parent = parent
        self.info = skill.info_of(action)
        self.schema = skill.schema(action)
        self.template, self.template_origin = skill.template(action)
        self.locations: dict[str, list[str]] = {}
        self.forms: dict[tuple[str, str], str] = {}
        for location in request.data:
            self.locations.setdefault(location.source, []).append(location.uri)
            if location.form:
                self.forms[location.source, location.uri] = location.form
        self.rows, self.warnings = datasets.bindings(skill, action, self.template)
        self.functions = self._functions()
        self.questions: dict[str, Question] = {}
        self.asked: set[str] = set()
        self.builder = SpecBuilder(self.template, self.schema)
        self.user, told = read_captions(self._user_changes())
        self.warnings += told

    def _user_changes(self) -> list[Override]:
        unsupported = [
            fact for info in (self.skill.info, self.info) for fact in info.facts.get("unsupported", ())
        ]
        checked = partial(
            user_changes,
            shorthands=self.skill.shorthands(self.action),
            schema=self.schema,
            template=self.template,
            unsupported=unsupported,
        )
        try:
            said = checked(self.request.settings)
            counts = resource_changes(self.request, said, self.action, self.info, self.schema, self.template)
            return counted(checked([*self.request.settings, *counts]), counts) if counts else said
        except SpecError as error:
            error.skill = self.skill.name
            raise

    def _functions(self) -> dict[str, object]:
        """Spec field to inference function: the table first, skill_info for the rest.

        A table in the prose lists main and deploy fields together, so an overlay's action takes
        only the fields that the overlay itself declares.
        """
        functions: dict[str, object] = {}
        declared = {*self.action.spec_params, *(i.key for i in self.action.inputs)}
        for row in self.skill.inference_table:
            variant, _, name = row.action.rpartition("/")
            if name != self.action.name or (variant and variant != self.action.variant):
                continue
            if self.action.variant is None or row.field in declared:
                functions.setdefault(row.field, _function(row.function))
        for key, function in self.action.spec_params.items():
            said = functions.get(key)
            if said is None or (isinstance(said, str) and said not in inference.known_functions()):
                functions[key] = function
            elif said != function:
                self.warnings.append(
                    f"{named(key)}: the table says {named(said)}, skill_info says {named(function)}; "
                    "the table is used"
                )
        return functions

    @property
    def shaping_parent(self) -> Parent | None:
        """The parent whose model's structure this action's model has."""
        if self.parent is None or not self._only_implied:
            return self.parent
        takes = any(inference.takes_parent(function) for function in self.functions.values())
        return self.parent if takes else None

    def giving_parent(self, key: str) -> ParentRef | None:
        """Return the parent whose model a key may take.

        A training starts from it only where nobody put it elsewhere: "--set BACKBONE=JOB" means the backbone.
        """
        elsewhere = self._only_implied or (
            self.request.pretrained != FROM_PARENT
            and any(PARENT_MODEL in str(change.value) for change in self.user)
        )
        if self.parent is None or (elsewhere and key in pretrained_fields(self.functions)):
            return None
        return self.parent.ref

    @property
    def _only_implied(self) -> bool:
        implied = self.parent is not None and self.parent.implied
        return implied and self.request.pretrained != FROM_PARENT

    def owns(self, key: str) -> bool:
        """Whether the action's spec has this key at all; with nothing to compare to, it may."""
        path = parse_path(key)
        if not self.template and not self.schema.keys:
            return True
        return get_path(self.template, path) is not MISSING or self.schema.find(path)[0] is not None

    def user_covers(self, key: str) -> bool:
        """Whether the user set this key or one above it, so that nothing else may."""
        mine = plain(key)
        for change in self.user:
            theirs = plain(change.key)
            if isinstance(change.value, dict) and change.value:
                below = mine.startswith(f"{theirs}.")
                if below and get_path(change.value, mine[len(theirs) + 1 :]) is not MISSING:
                    return True
            elif mine == theirs or mine.startswith(f"{theirs}."):
                return True
        return False

    def ask(self, key: str, why: str, choices: tuple[str, ...] = (), says: str = "") -> None:
        """Put a question, once for each key; what the skill says of it is kept apart from why we ask."""
        words = FromSkill.of(self.skill.name, says)
        self.questions.setdefault(key, Question(key=key, why=why, choices=choices, from_skill=words))


def _function(cell: str) -> object:
    """Read a table's function cell: a name, or the ``{'link': ...}`` of a download."""
    if not cell.startswith("{"):
        return cell
    try:
        document = parse_yaml(cell, "inference table")
    except SkillFormatError:
        return cell
    return document if isinstance(document, dict) else cell
