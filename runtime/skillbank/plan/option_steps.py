"""One step of a chain with the options that concern it, and what of its words they take the place of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from skillbank.bank.actions import Action
from skillbank.bank.keys import is_name
from skillbank.bank.skill import Skill
from skillbank.errors import ActionNotFoundError, UsageError
from skillbank.plan.datasets import bindings
from skillbank.plan.hardware import gpu_key, node_key
from skillbank.plan.products import SEARCHED
from skillbank.plan.request import ROLES, DataLocation, Request, Setting, role_of
from skillbank.plan.slot_keys import SEARCH_PREFIX, foreign_sections, key_of, keys_of, meant
from skillbank.plan.slot_values import shown
from skillbank.plan.slots import SLOTS, Fills, Slot, slot
from skillbank.plan.weights import pretrained_fields
from skillbank.visible import json_text, one_line
from skillbank.ways import Sentence, marked, option

__all__ = ["Step", "leaves_of", "step_of"]


@dataclass
class Step:
    """A step of a chain: what words say of it, and what options say of it.

    Attributes
    ----------
    action
        None where the skill has no such action, which the planner says.
    at, length
        Its place in the chain, and how many steps that has.
    data, settings, fields
        What options say of it; of settings those that were given by key.
    notes
        Where options count and not the words.
    """

    skill: Skill
    action: Action | None
    request: Request
    at: int
    length: int
    data: list[DataLocation] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    fields: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _slots: dict[str, Setting] = field(default_factory=dict)
    _said_sources: set[str] = field(default_factory=set)
    _elsewhere: set[str] = field(default_factory=set)

    def take_data(self, data: Sequence[DataLocation]) -> None:
        """Take the places of options that this step reads."""
        reads = self.sources()
        # Of a request of one action the plan asks what a place of another role is meant for.
        self.data = [d for d in data if self.length == 1 or d.source in reads]
        self._said_sources = {d.source for d in data}

    def take_settings(self, settings: Sequence[Setting], skills: Iterable[Skill] = ()) -> None:
        """Take the settings of options that are meant for this step.

        Parameters
        ----------
        skills
            Those of all steps of the chain: a section that is an action of another one, and none of this
            one's, is not this step's.
        """
        own = {action.name for action in self.skill.actions}
        self._elsewhere = {action.name for skill in skills for action in skill.actions} - own
        self.settings = [s for s in settings if self.concerns(s.key)]

    def take_slots(self, said: Mapping[str, object]) -> None:
        """Take the values of slots that have a meaning here, that of `pretrained` left out."""
        for name, value in said.items():
            each = slot(name)
            if each.fills is Fills.FIELD:
                self._take_field(name, value)
            elif each.fills is Fills.ANSWER:
                continue  # without words there is nothing to leave out
            elif self.action is not None and (key := key_of(self.skill, self.action, each)) is not None:
                self._slots[name] = Setting(key=key, value=value)
            elif self.action is None:
                self._slots[name] = Setting(key=each.key, value=value)

    def _take_field(self, name: str, value: object) -> None:
        if name == "pretrained" or (name == "parent" and self.at > 0):
            return
        if name == "automl":
            if value == "on" and self.action is not None and self.action.name != SEARCHED:
                return  # off and auto say what holds anyway
            self.fields["automl_source"] = "--automl"
        if name == "on_broken" and not self.sources():
            return  # without data nothing can be broken
        if name == "format" and not (self.data or self.request.data):
            return  # and nothing is read in any format
        self.fields[name] = value

    def took(self, name: str) -> bool:
        """Whether a slot that was said has a meaning here."""
        return name in self.fields or name in self._slots

    def could_be(self, which: Slot) -> tuple[str, ...]:
        """Return the keys that a slot could mean here when it is not clear which."""
        if self.action is None or which.fills is not Fills.SETTING:
            return ()
        return keys_of(self.skill, self.action, which)

    def concerns(self, key: str) -> bool:
        """Whether a setting is meant for this step.

        What names the section of another action is not; what belongs to no action (``model.*``) is meant for
        all. Of a single action a dotted key is taken at its word.
        """
        if self.action is None:
            return True
        if key == "automl" or key.startswith(SEARCH_PREFIX):
            return self.action.name == SEARCHED
        section = meant(self.skill, self.action, key).partition(".")[0]
        if "." in key and section in self._elsewhere:
            return False
        return section not in foreign_sections(self.skill, self.action) or (self.length == 1 and "." in key)

    def sources(self) -> set[str]:
        """Return the data sets that this step reads; everything where that cannot be told."""
        if self.action is None:
            return set(ROLES.values())
        rows, _ = bindings(self.skill, self.action, self.skill.template(self.action)[0])
        return {row.source for row in rows}

    @property
    def takes_pretrained(self) -> bool:
        """Whether a training may start from a pretrained model here; where the action is unknown, it may."""
        if self.action is None:
            return True
        rows = (r for r in self.skill.inference_table if r.action.rpartition("/")[2] == self.action.name)
        return bool(pretrained_fields({**{r.field: r.function for r in rows}, **self.action.spec_params}))

    def merged(self) -> Request:
        """Return the request of this step, options in the place of words.

        Raises
        ------
        UsageError
            When two options say different things.
        """
        own = [*self.settings, *self._slots.values()]
        mine = self._leaves_of_options()
        before = self.request
        kept, fields = tuple(self._left_of_words(mine)), dict(self.fields)
        for name, key in self._hardware().items():
            if key in mine and getattr(before, name) is not None and name not in fields:
                label, value = mine[key]
                if value != getattr(before, name):
                    self.notes.append(f"{label} counts, not the {getattr(before, name)} {name} of the words")
                fields[name] = None
        self._note_fields(fields)
        self._note_data()
        update = {
            **fields,
            "notes": (*before.notes, *self._foreign_values()),
            "data": (*(d for d in before.data if d.source not in self._said_sources), *self.data),
            "settings": (*kept, *own),
            "questions": tuple(q for q in before.questions if q.key not in self._answered(fields)),
        }
        return Request.model_validate({**before.model_dump(), **update})

    def _answered(self, fields: Mapping[str, object]) -> set[str]:
        """Return the keys of the questions about the words that options answer."""
        set_here = (key for setting in self.settings for key, _ in self._leaves(setting))
        return {*fields, *set_here, *(f"data.{role_of(source)}" for source in self._said_sources)}

    # -- settings by what they mean ------------------------------------------------------------

    def _leaves_of_options(self) -> dict[str, tuple[str, object]]:
        """Return what options set, by spec key: how it was said, and the value."""
        leaves: dict[str, tuple[str, object]] = {}
        given = [
            (Sentence(f"{option('set', f'{one_line(s.key)}={_shown(s.value)}')}"), s) for s in self.settings
        ]
        given += [(Sentence(f"{slot(n).way(shown(slot(n), s.value))}"), s) for n, s in self._slots.items()]
        for label, setting in given:
            for key, value in self._leaves(setting):
                _add(leaves, key, label, value)
        for name, key in self._hardware().items():
            if name in self.fields:
                _add(leaves, key, Sentence(f"{slot(name).way(self.fields[name])}"), self.fields[name])
        return leaves

    def _left_of_words(self, mine: Mapping[str, tuple[str, object]]) -> Iterator[Setting]:
        """Yield the settings of the words that no option takes the place of."""
        for setting in self.request.settings:
            leaves = list(self._leaves(setting))
            gone = {key: label for key, _ in leaves if (label := _over(key, mine)) is not None}
            if not gone:
                yield setting
                continue
            for key, value in leaves:
                if key not in gone:
                    yield Setting(key=key, value=value)
                elif key not in mine or not _same(mine[key][1], value):
                    said = self._said(key, value)
                    self.notes.append(Sentence(f"{marked(gone[key])} counts, not the {said} of the words"))

    def _leaves(self, setting: Setting) -> Iterator[tuple[str, object]]:
        return leaves_of(self.skill, self.action, setting)

    def _said(self, key: str, value: object) -> str:
        which = next((s for s in SLOTS if s.fills is Fills.SEARCH and s.key == key), None)
        return one_line(shown(which, value), 60) if which is not None else _shown(value)

    def _hardware(self) -> dict[str, str]:
        """Return the spec keys of the fields that are counts of hardware."""
        if self.action is None:
            return {}
        info = self.skill.info_of(self.action)
        keys = {"gpus": gpu_key(self.action, info), "nodes": node_key(self.action, info)}
        return {name: key for name, key in keys.items() if key is not None}

    # -- what is said of it --------------------------------------------------------------------

    def _note_fields(self, fields: Mapping[str, object]) -> None:
        for each in SLOTS:
            if each.fills is Fills.FIELD and fields.get(each.name) is not None:
                said, value = getattr(self.request, each.name), fields[each.name]
                if said is not None and str(value) != str(said):
                    self.notes.append(
                        Sentence(f"{each.way(one_line(value))} counts, not the {one_line(said)} of the words")
                    )

        for question in self.request.questions:
            way = Sentence(f"{option(question.key, one_line(fields.get(question.key)))}")
            if fields.get(question.key) is not None and question.choices and way not in question.choices:
                self.notes.append(Sentence(f"{marked(way)} counts, though {marked(question.why)}"))

    def _note_data(self) -> None:
        given = {d.uri for d in self.data}
        sources = {d.source for d in self.data}
        for place in self.request.data:
            if place.source in sources and place.uri not in given:
                role = role_of(place.source)
                self.notes.append(
                    Sentence(f"{option('data', role)} counts, not the {one_line(place.uri)} of the words")
                )

    def _foreign_values(self) -> Iterator[str]:
        """Say which values stand in the section of another action, as the plan's own word."""
        foreign = foreign_sections(self.skill, self.action) if self.action else set()
        for setting in self.settings:
            section = meant(self.skill, self.action, setting.key).partition(".")[0]
            if section in foreign:
                key = one_line(setting.key)
                yield f"{key} is a value of {section}, and {self.request.action} may make nothing of it"


def step_of(skill: Skill, request: Request, at: int, length: int, variant: str | None = None) -> Step:
    """Return a step of a chain before any option but that of a variant has been taken."""
    try:
        action = skill.action(request.action, variant or request.variant)
    except ActionNotFoundError:
        return Step(skill, None, request, at, length)
    return Step(skill, action, request, at, length)


def leaves_of(skill: Skill, action: Action | None, setting: Setting) -> Iterator[tuple[str, object]]:
    """Yield the spec keys that a setting means, and their values; a block of values is what it holds."""
    key, value = meant(skill, action, setting.key), setting.value
    if isinstance(value, dict) and value and all(is_name(name) for name in value):
        for name, entry in value.items():
            yield from leaves_of(skill, action, Setting(key=f"{key}.{name}", value=entry))
    else:
        yield key, value


def _add(leaves: dict[str, tuple[str, object]], key: str, label: str, value: object) -> None:
    other, before = leaves.setdefault(key, (label, value))
    if not _same(before, value):
        raise UsageError(f"{marked(other)} and {marked(label)} both set {one_line(key)}; keep one.")


def _over(key: str, mine: Mapping[str, tuple[str, object]]) -> str | None:
    """Return the option that sets this key, one above it or one below it; None where there is none."""
    for other, (label, _) in mine.items():
        if (
            other == key
            or key.startswith((f"{other}.", f"{other}["))
            or other.startswith((f"{key}.", f"{key}["))
        ):
            return label
    return None


def _shown(value: object) -> str:
    return one_line(json_text(value) if isinstance(value, dict | list) else value, 60)


def _same(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
