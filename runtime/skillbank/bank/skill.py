"""One skill: a folder, read lazily and never beyond its own walls."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.documents import read_json, read_text, read_yaml
from skillbank.bank.frontmatter import Frontmatter, parse_frontmatter
from skillbank.bank.images import resolve_image
from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill_info import SkillInfo, parse_skill_info
from skillbank.bank.tables import DatasetRow, InferenceRow, dataset_rows, inference_rows
from skillbank.errors import ActionNotFoundError, SkillFormatError, did_you_mean

OVERLAY_SUFFIX = ".skill_info.yaml"
_EMPTY_SCHEMA = SpecSchema.parse({})


class Skill:
    """A skill folder.

    Parameters
    ----------
    root
        The folder that holds SKILL.md.
    bank
        Name of the bank it belongs to.
    bank_root
        The bank's folder: no path of the skill may lead out of it.
    """

    def __init__(self, root: Path, bank: str = "", bank_root: Path | None = None) -> None:
        self.root = root
        self.bank = bank
        self.bank_root = bank_root or root
        self._found: list[Diagnostic] = []

    def __repr__(self) -> str:
        return f"Skill({self.qualified!r})"

    @cached_property
    def frontmatter(self) -> Frontmatter:
        """The head of SKILL.md, leniently read."""
        try:
            text = read_text(self.root / "SKILL.md")
        except SkillFormatError as error:
            self._found.append(Diagnostic("error", "skill-unreadable", str(error), "SKILL.md"))
            text = f"---\nname: {self.root.name}\n---\n"
        head, found = parse_frontmatter(text, self.root.name)
        self._found.extend(found)
        return head

    @property
    def name(self) -> str:
        """The skill's name."""
        return self.frontmatter.name

    @property
    def qualified(self) -> str:
        """``bank:name``."""
        return f"{self.bank}:{self.name}" if self.bank else self.name

    @property
    def folder(self) -> str:
        """The skill's folder relative to its bank, the same wherever the bank lies."""
        return self.root.resolve().relative_to(self.bank_root.resolve()).as_posix()

    @property
    def digested(self) -> str | None:
        """The digest of the files that this object has read; None when it has not looked at them all yet."""
        return self.__dict__.get("digest")

    def reread(self) -> Skill:
        """Return the skill as it lies on the disk now; its digest is taken before anything else is read.

        Whatever changes from then on makes the digest of what was read differ from that of the disk.
        """
        fresh = Skill(self.root, self.bank, self.bank_root)
        _ = fresh.digest
        return fresh

    @cached_property
    def infos(self) -> tuple[SkillInfo, ...]:
        """The main skill_info (first, when there is one) and the overlays."""
        infos = []
        references = self.root / "references"
        files: list[tuple[Path, str | None]] = [(references / "skill_info.yaml", None)]
        files += [(f, _variant_name(f)) for f in sorted(references.glob(f"*{OVERLAY_SUFFIX}"))]
        for file, variant in files:
            if not file.is_file():
                continue
            origin = f"references/{file.name}"
            try:
                raw = read_yaml(self.inside(file))
            except SkillFormatError as error:
                self._found.append(Diagnostic("error", "skill-info-yaml", str(error), origin))
                continue
            info, found = parse_skill_info(raw, origin, variant)
            self._found.extend(found)
            infos.append(info)
        return tuple(infos)

    @property
    def info(self) -> SkillInfo:
        """The main skill_info; an empty one for skills that have none."""
        main = next((i for i in self.infos if i.variant is None), None)
        return main or parse_skill_info({"type": "document"}, "", None)[0]

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """Every runnable action of every variant, the main file's first."""
        return tuple(a for i in self.infos for a in i.actions)

    def action(self, name: str, variant: str | None = None) -> Action:
        """Return an action; without a variant the main one, else the only one that has it.

        Raises
        ------
        ActionNotFoundError
            Naming the actions that there are.
        """
        named = [a for a in self.actions if a.name == name]
        if variant is not None:
            chosen = [a for a in named if a.variant == variant]
            if not chosen and named:
                have = ", ".join(a.variant or "the main one" for a in named)
                raise ActionNotFoundError(
                    f"{self.name} has no variant '{variant}' of action '{name}'; there is: {have}."
                )
            named = chosen
        if not named:
            names = sorted({a.name for a in self.actions})
            if not names:
                raise ActionNotFoundError(
                    f"{self.name} is a skill to read, it has no action that can be run; see its SKILL.md."
                )
            raise ActionNotFoundError(
                f"{self.name} has no action '{name}'{did_you_mean(name, names)}; it has {', '.join(names)}."
            )
        return next((a for a in named if a.variant is None), named[0])

    def info_of(self, action: Action) -> SkillInfo:
        """Return the document that declares an action."""
        return next(i for i in self.infos if any(a is action for a in i.actions))

    @cached_property
    def dataset_table(self) -> tuple[DatasetRow, ...]:
        """Rows of the dataset tables in SKILL.md, then references/, in file order."""
        return tuple(r for text, name, line in self._prose() for r in dataset_rows(text, name, line))

    @cached_property
    def inference_table(self) -> tuple[InferenceRow, ...]:
        """Rows of the inference tables in SKILL.md, then references/."""
        return tuple(r for text, name, line in self._prose() for r in inference_rows(text, name, line))

    def schema(self, action: Action) -> SpecSchema:
        """Return the action's schema; one that knows no key when the skill packages none."""
        for stem in _stems(action):
            file = self.root / "schemas" / f"{stem}.schema.json"
            if file.is_file():
                return self.schema_file(file)
        return _EMPTY_SCHEMA

    def schema_file(self, file: Path) -> SpecSchema:
        """Read one file below ``schemas/``; one that knows no key when it cannot be read."""
        if file not in self._schemas:
            try:
                self._schemas[file] = SpecSchema.parse(read_json(self.inside(file)))
            except SkillFormatError as error:
                self._found.append(Diagnostic("error", "schema-json", str(error), f"schemas/{file.name}"))
                self._schemas[file] = _EMPTY_SCHEMA
        return self._schemas[file]

    @cached_property
    def _schemas(self) -> dict[Path, SpecSchema]:
        return {}

    def template_path(self, action: Action) -> Path | None:
        """Find an action's spec template, or None.

        ``spec_templates`` paths have three bases in the family: references/ (``../references/x``),
        the skill (``references/x``) and, bare, references/ again. Without an entry the
        conventional name is tried.
        """
        references = self.root / "references"
        names = [action.template] if action.template else []
        names += [f"spec_template_{stem}.yaml" for stem in _stems(action)]
        for name in names:
            for base in (references, self.root):
                file = base / name
                if file.is_file() and self._contains(file):
                    return file.resolve()
        return None

    def template(self, action: Action) -> tuple[dict[str, Any], str]:
        """Return the action's template document and where it came from.

        Templates win over a schema's ``default``, which is used only when there is no template.
        """
        file = self.template_path(action)
        if file is not None:
            document = self._documents.get(file)
            if document is None:
                document = self._documents[file] = _with_text_keys(read_yaml(file))
            if isinstance(document, dict):
                return document, f"references/{file.name}"
        default = self.schema(action).default
        return (default, "schema default") if isinstance(default, dict) else ({}, "empty")

    @cached_property
    def _documents(self) -> dict[Path, Any]:
        return {}

    @cached_property
    def monitoring_metric(self) -> str | None:
        """The metric that the prose names (``**Monitoring metric:** val_mAP50``), or None."""
        match = re.search(r"monitoring metric:?\**:?\s*`?([\w./@-]+)", self.frontmatter.body, re.IGNORECASE)
        return match[1] if match else None

    def image(self, action: Action) -> str | None:
        """Return the resolved container image of an action, or None."""
        return resolve_image(self.declared_image(action), self.bank_root)

    def declared_image(self, action: Action) -> str | None:
        """Return an action's container image as written: a URI, a dotted key, or None."""
        info = self.info_of(action)
        return action.image or info.image_by_action.get(action.name) or info.image

    @cached_property
    def automl_problem(self) -> str | None:
        """Why AutoML cannot run although it is enabled; None when it can."""
        missing = []
        for name, read in (("schemas/train.schema.json", read_json),
                           ("references/spec_template_train.yaml", read_yaml)):  # fmt: skip
            try:
                if not isinstance(read(self.inside(self.root / name)), dict):
                    missing.append(f"{name} is not a mapping")
            except SkillFormatError:
                there = (self.root / name).is_file()
                missing.append(f"{name} {'does not parse' if there else 'is missing'}")
        return "; ".join(missing) or None

    @cached_property
    def digest(self) -> str:
        """Sha256 over the names and contents of all files of the skill."""
        whole = hashlib.sha256()
        for name, digest in sorted(self.file_digests.items()):
            whole.update(f"{name}\0{digest}\n".encode())
        return whole.hexdigest()

    @cached_property
    def file_digests(self) -> Mapping[str, str]:
        """Sha256 of every file, by its path relative to the skill."""
        return {
            str(f.relative_to(self.root)): hashlib.sha256(f.read_bytes()).hexdigest()
            for f in sorted(self.root.rglob("*"))
            if f.is_file() and "__pycache__" not in f.parts and self._contains(f)
        }

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found while reading head, skill_info and schemas."""
        _ = self.frontmatter, self.infos
        return tuple(self._found)

    def inside(self, path: Path) -> Path:
        """Resolve a path and refuse it when it leads out of the bank."""
        if not self._contains(path):
            raise SkillFormatError(f"{path} leads out of the bank {self.bank_root}; copy the file into it.")
        return path.resolve()

    def relative(self, path: Path) -> str:
        """Return a path of the skill's as its findings name it."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    def _contains(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.bank_root.resolve())

    def _prose(self) -> list[tuple[str, str, int]]:
        texts = [(self.frontmatter.body, "SKILL.md", self.frontmatter.body_line)]
        for file in sorted((self.root / "references").glob("*.md")):
            try:
                texts.append((read_text(self.inside(file)), f"references/{file.name}", 1))
            except SkillFormatError as error:
                self._found.append(Diagnostic("error", "prose", str(error), f"references/{file.name}"))
        return texts


def _variant_name(file: Path) -> str:
    """``tao-deploy-dino.skill_info.yaml`` declares the variant ``deploy``."""
    stem = file.name.removesuffix(OVERLAY_SUFFIX)
    return "deploy" if "deploy" in stem.split("-") else stem


def _stems(action: Action) -> list[str]:
    """File stems to try for an action's schema and template, the most specific first."""
    variant = action.variant.replace("-", "_") + "_" if action.variant else ""
    return [f"{variant}{action.name}", action.name] if variant else [action.name]


def _with_text_keys(node: Any) -> Any:
    """Make every name text, as a plan is JSON: YAML reads ``0:`` as a number and ``on:`` as true."""
    if isinstance(node, dict):
        return {k if isinstance(k, str) else json.dumps(k): _with_text_keys(v) for k, v in node.items()}
    return [_with_text_keys(v) for v in node] if isinstance(node, list) else node
