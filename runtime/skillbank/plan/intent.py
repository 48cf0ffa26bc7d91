"""Reading a plain-language request, without an LLM: the same words always give the same requests.

What was not understood is reported, what is missing stays open for the plan to ask, and nothing
is ever started that was not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank.discovery import Library, normalise
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import SkillNotFoundError, UsageError
from skillbank.plan import phrases
from skillbank.plan.places import ListFolder, Place, data_of, list_local, split_root, take_places
from skillbank.plan.policy import policy_from_text, policy_spans
from skillbank.plan.request import Request, Setting, concerns, parse_settings
from skillbank.plan.scanner import Scanner, number


@dataclass(frozen=True)
class Reading:
    """What a text asks for.

    Attributes
    ----------
    requests
        One for each action, in order; a later one takes the earlier as its parent.
    not_understood
        Words that changed nothing and are not filler.
    notes
        What was decided where the text leaves room, as sentences.
    """

    requests: tuple[Request, ...]
    not_understood: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_text(
    text: str, library: Library, index: SearchIndex, list_folder: ListFolder = list_local
) -> Reading:
    """Read a request.

    Raises
    ------
    UsageError
        When the text is empty, names no action that any skill has, or is out of scope.
    SkillNotFoundError
        When no skill, or more than one, fits.
    """
    if not text.strip():
        raise UsageError("The request is empty; say for example: train Grounding DINO on s3://bucket/data.")
    if len(text) > 20_000:
        raise UsageError(
            f"The request has {len(text)} of at most 20000 characters; say it in a few sentences."
        )
    return _Reader(text, library, index, list_folder).read()


class _Reader:
    def __init__(self, text: str, library: Library, index: SearchIndex, list_folder: ListFolder) -> None:
        self.original = text
        self.scan = Scanner(text)
        self.library, self.index, self.list_folder = library, index, list_folder
        self.notes: list[str] = []

    def read(self) -> Reading:
        settings = list(self._key_values())
        places = list(take_places(self.scan))
        policy = policy_from_text(self.scan.text)
        for start, end in policy_spans(self.scan.text):
            self.scan.blank(start, end)
        parent = self._parent()
        platform = next((n for n, p in phrases.PLATFORMS if any(self.scan.take(p))), None)
        gpus, nodes = self._count(phrases.GPUS), self._count(phrases.NODES)
        settings += self._settings()
        skill = self._skill_by_name()
        engine_type = next((m[1].upper() for m in self.scan.take(phrases.ENGINE_TYPE)), None)
        captions = self._captions()
        actions = self._actions(captions)
        skill = skill or self._skill_by_search(actions)
        precision = next((m[1].lower() for m in self.scan.take(phrases.PRECISION)), None)
        known = {a.name for a in skill.actions}
        if not actions:
            actions = self._default_action(skill)
        results = next((p.uri for p in places if p.role == "results"), None)
        pretrained = next((p.uri for p in places if p.role == "pretrained"), None)
        self._note_roots(places)
        requests = []
        for i, action in enumerate(actions):
            own = [*settings]
            if captions and action == "inference":
                own.append(Setting(key="dataset.infer_data_sources.captions", value=captions))
            if engine_type and action == "gen_trt_engine":
                own.append(Setting(key="gen_trt_engine.tensorrt.data_type", value=engine_type))
            if precision and action == "train":
                own.append(Setting(key="train.precision", value=precision))
            requests.append(
                Request(
                    skill=skill.qualified,
                    action=action,
                    data=tuple(data_of(action, actions, places, self.list_folder)),
                    settings=tuple(s for s in own if concerns(s.key, action, len(actions), known)),
                    parent=parent if i == 0 else None,
                    pretrained=pretrained if i == 0 and action == "train" else None,
                    automl=policy[0] if policy else None,
                    automl_source=f"the words '{policy[1]}'" if policy else "default",
                    platform=platform,
                    gpus=gpus,
                    nodes=nodes,
                    results_root=results,
                    text=self.original,
                )
            )
        return Reading(tuple(requests), tuple(self._left_over()), tuple(self.notes))

    # -- slots ---------------------------------------------------------------------------------

    def _key_values(self) -> Iterator[Setting]:
        """``train.optim.lr=1e-4`` inside a sentence is meant as it stands."""
        for match in self.scan.take(phrases.KEY_VALUE):
            yield from parse_settings([f"{match[1]}={match[2].rstrip('.')}"])

    def _parent(self) -> str | None:
        for match in self.scan.take(phrases.PARENT_ID):
            return match[1]
        for match in self.scan.take(phrases.PARENT_LAST):
            word = match[1].lower()
            named = {"export": "export", "engine": "gen_trt_engine", "quantization": "quantize"}
            if word in ("job", "run"):
                return "last"
            return f"last:{named.get(word, 'train')}"
        return None

    def _count(self, pattern: re.Pattern[str]) -> int | None:
        return next((int(number(m[1])) for m in self.scan.take(pattern)), None)

    def _settings(self) -> Iterator[Setting]:
        for key, pattern in phrases.SETTINGS:
            for match in self.scan.take(pattern):
                yield Setting(key=key, value=number(next(g for g in match.groups() if g)))

    def _captions(self) -> list[str]:
        """Descriptions of what to find, split at commas, 'and' and 'or'; quotes keep them whole."""
        for match in phrases.FIND.finditer(self.scan.text):
            what = match["what"]
            self.scan.blank(*match.span())
            quoted = re.findall(r"\"([^\"]+)\"", what)
            parts = quoted or re.split(r"\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+", what)
            return [p for p in (re.sub(r"^(?:an?|the|all|every|any)\s+", "", p.strip()) for p in parts) if p]
        return []

    def _actions(self, captions: list[str]) -> list[str]:
        spots: list[tuple[int, str]] = []
        for action, pattern in phrases.ACTIONS:
            spots += [(m.start(), action) for m in self.scan.take(pattern)]
        ordered = list(dict.fromkeys(action for _, action in sorted(spots)))
        if captions and "inference" not in ordered:
            ordered.append("inference")
        return ordered

    def _default_action(self, skill: Skill) -> list[str]:
        names = list(dict.fromkeys(a.name for a in skill.actions))
        if len(names) == 1:
            return names
        raise UsageError(
            f"The request names {skill.name} but no action; it can {', '.join(names) or 'only be read'}."
        )

    # -- skill ---------------------------------------------------------------------------------

    def _skill_by_name(self) -> Skill | None:
        """The longest run of words that spells a skill's name, architecture or alias."""
        spelled: dict[str, list[Skill]] = {}
        for skill in self.library.skills:
            for spelling in self.library.spellings(skill):
                spelled.setdefault(spelling, []).append(skill)
        words = list(re.finditer(r"[\w.:+-]+", self.scan.text))
        for size in range(min(6, len(words)), 0, -1):
            for i in range(len(words) - size + 1):
                start, end = words[i].start(), words[i + size - 1].end()
                skills = spelled.get(normalise(self.scan.text[start:end].rstrip(".,:")))
                if not skills:
                    continue
                self.scan.blank(start, end)
                if len(skills) > 1:
                    return self.library.get(self.original[start:end])
                return skills[0]
        return None

    def _skill_by_search(self, actions: Sequence[str]) -> Skill:
        """No name was said: the words decide, when one skill clearly fits and can do the action."""
        words = " ".join(w for w in re.findall(r"[\w-]+", self.scan.text) if w.lower() not in phrases.FILLER)
        hits = [
            h for h in self.index.search(words, 8)
            if h.strong and all(any(a.name == n for a in h.skill.actions) for n in actions)
        ] if words else []  # fmt: skip
        if not hits:
            raise SkillNotFoundError(
                f"No skill fits '{self.original.strip()[:80]}'; name one that 'skillbank skills' lists."
            )
        if len(hits) > 1 and hits[1].score > 0.8 * hits[0].score:
            listed = ", ".join(h.skill.name for h in hits[:3])
            raise SkillNotFoundError(f"The request could mean {listed}; name the skill.")
        best = hits[0].skill
        self.notes.append(f"no skill was named; '{best.name}' fits the words best")
        for word in set(re.findall(r"[\w-]+", self.scan.text)):
            if self.index.knows(best, word):
                for _ in self.scan.take(rf"\b{re.escape(word)}\b"):
                    pass
        return best

    def _note_roots(self, places: Sequence[Place]) -> None:
        for place in places:
            parts = split_root(place.uri, self.list_folder) if place.role is None else []
            if parts:
                held = ", ".join(f"{part.source} ({Path(part.uri).name}/)" for part in parts)
                self.notes.append(f"{place.uri} holds {held}")

    def _left_over(self) -> Iterator[str]:
        said = (word for word in self.scan.words() if len(word) > 1)
        yield from {w.lower(): w for w in said if w.lower() not in phrases.FILLER}.values()
