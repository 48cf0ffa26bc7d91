"""Reading a plain-language request, without an LLM: the same words always give the same requests.

What was not understood is reported, what is missing stays open for the plan to ask, and nothing
is ever started that was not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillbank.bank.discovery import Library, normalise
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import SkillNotFoundError, UsageError
from skillbank.plan import phrases
from skillbank.plan.policy import policy_from_text, policy_spans
from skillbank.plan.request import DataLocation, Request, Setting, clean_uri, concerns, parse_settings

ListFolder = Callable[[str], "set[str] | None"]
"""Names in a folder, or None when it cannot be listed (a remote place, no folder)."""


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


def list_local(uri: str) -> set[str] | None:
    """List a local folder; None for anything else."""
    if "://" in uri and not uri.startswith("file://"):
        return None
    folder = Path(uri.removeprefix("file://")).expanduser()
    return {p.name for p in folder.iterdir()} if folder.is_dir() else None


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


@dataclass
class _Scanner:
    """A text from which understood spans are taken out, so that nothing is read twice."""

    text: str
    found: dict[str, Any] = field(default_factory=dict)

    def take(self, pattern: re.Pattern[str] | str) -> Iterator[re.Match[str]]:
        """Yield every match and blank it out, keeping positions."""
        compiled = re.compile(pattern, re.IGNORECASE) if isinstance(pattern, str) else pattern
        matches = list(compiled.finditer(self.text))
        for match in matches:
            self.blank(*match.span())
        yield from matches

    def blank(self, start: int, end: int) -> None:
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]


class _Reader:
    def __init__(self, text: str, library: Library, index: SearchIndex, list_folder: ListFolder) -> None:
        self.original = text
        self.scan = _Scanner(text)
        self.library, self.index, self.list_folder = library, index, list_folder
        self.notes: list[str] = []

    def read(self) -> Reading:
        settings = list(self._key_values())
        places = list(self._places())
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
            actions = self._default_action(skill, captions, bool(places))
        results = next((uri for role, uri in places if role == "results"), None)
        pretrained = next((uri for role, uri in places if role == "pretrained"), None)
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
                    data=tuple(self._data(places, action, actions)),
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
        for match in self.scan.take(
            r"(?<![\w/:?&])([A-Za-z_][\w]*(?:(?:\.\w+)|(?:\[\d+\]))*)=(\[[^\]]*\]|\"[^\"]*\"|[^\s,;]+)"
        ):
            if match[1] == "automl_policy":
                self.scan.text = self.scan.text[: match.start()] + match[0] + self.scan.text[match.end() :]
                continue
            yield from parse_settings([f"{match[1]}={match[2].rstrip('.')}"])

    def _places(self) -> Iterator[tuple[str, str]]:
        matches = [*phrases.LOCATION.finditer(self.scan.text), *phrases.FOLDER.finditer(self.scan.text)]
        for match in sorted(matches, key=lambda m: m.start()):
            uri = next(g for g in match.groups() if g is not None)
            if match.re is phrases.FOLDER:
                if not Path(uri).is_dir():
                    continue
            elif match["bare"]:
                uri = uri.rstrip(".,;:!?)")
                if "://" not in uri and not uri.startswith(("/", "~", ".")) and not self._is_place(uri):
                    continue
            before = self.scan.text[: match.start()]
            said = ((r, re.search(p, before, re.IGNORECASE)) for r, p in phrases.LOCATION_ROLES)
            role, words = next(((r, m) for r, m in said if m), ("unsaid", None))
            if words and role in ("results", "pretrained"):
                self.scan.blank(*words.span())
            self.scan.blank(*match.span())
            yield role, self._absolute(clean_uri(uri))

    def _is_place(self, text: str) -> bool:
        """``and/or`` is no place; a relative path is one when it exists."""
        return Path(text).expanduser().exists()

    @staticmethod
    def _absolute(uri: str) -> str:
        if "://" in uri:
            return uri
        return str(Path(uri).expanduser().absolute())

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
        return next((int(_number(m[1])) for m in self.scan.take(pattern)), None)

    def _settings(self) -> Iterator[Setting]:
        for key, pattern in phrases.SETTINGS:
            for match in self.scan.take(pattern):
                yield Setting(key=key, value=_number(next(g for g in match.groups() if g)))

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

    def _default_action(self, skill: Skill, captions: list[str], has_places: bool) -> list[str]:
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

    # -- data ----------------------------------------------------------------------------------

    def _data(
        self, places: Sequence[tuple[str, str]], action: str, actions: Sequence[str]
    ) -> Iterator[DataLocation]:
        """Give each action its locations; a place without a role is the action's own data."""
        own = {"evaluate": "eval_dataset", "inference": "inference_dataset"}.get(action, "train_datasets")
        said = any(role == own for role, _ in places)
        for role, uri in places:
            if role in ("results", "pretrained"):
                continue
            if role != "unsaid":
                yield DataLocation(source=role, uri=uri)
                continue
            parts = self._split_root(uri)
            if parts:
                yield from parts
            elif action == actions[0] or (not said and action not in ("export", "gen_trt_engine")):
                yield DataLocation(source=own, uri=uri)

    def _split_root(self, uri: str) -> list[DataLocation]:
        """A local folder with train/ and val/ below it is the root of a whole data set."""
        names = self.list_folder(uri) or set()
        found = []
        for source, candidates in (
            ("train_datasets", ("train", "training")),
            ("eval_dataset", ("val", "eval", "validation", "test")),
            ("inference_dataset", ("inference", "infer")),
        ):
            name = next((c for c in candidates if c in names), None)
            if name:
                found.append(DataLocation(source=source, uri=f"{uri}/{name}"))
        if found:
            self.notes.append(f"{uri} holds " + ", ".join(f"{f.source} ({Path(f.uri).name}/)" for f in found))
        return found

    def _left_over(self) -> Iterator[str]:
        seen = set()
        for word in re.findall(r"[A-Za-z][\w'-]*", self.scan.text):
            low = word.lower()
            if low not in phrases.FILLER and low not in seen and len(low) > 1:
                seen.add(low)
                yield word


def _number(text: str) -> int | float:
    text = text.lower().replace(",", "").replace("_", "")
    factor = 1000 if text.endswith("k") else 1
    value = float(text.removesuffix("k")) * factor
    return int(value) if value.is_integer() and "e" not in text and "." not in text else value
