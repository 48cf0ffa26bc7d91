"""One skill: a folder, read lazily and never beyond its own walls."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path

from skillbank.bank.actions import Action, parted
from skillbank.bank.called import Called, called_in
from skillbank.bank.diagnostics import Diagnostic, Repeated, repeated_keys
from skillbank.bank.documents import parse_yaml
from skillbank.bank.files import is_there, utf8_name
from skillbank.bank.frontmatter import Frontmatter, parse_frontmatter
from skillbank.bank.images import resolve_image
from skillbank.bank.parts import SkillParts
from skillbank.bank.prose import stated
from skillbank.bank.skill_info import SkillInfo, parse_skill_info
from skillbank.bank.tables import MAX_LINE, DatasetRow, InferenceRow, dataset_rows, inference_rows
from skillbank.errors import ActionNotFoundError, SkillFormatError, did_you_mean
from skillbank.visible import named as shown

MAIN = "skill_info.yaml"
OVERLAY_SUFFIX = ".skill_info.yaml"
MAX_OVERLAYS = 32


_HIDES_ACTIONS = ("skill-info-yaml", "skill-info-repeated-key")
"""Findings about a document that may have declared more actions than were read."""


class Skill(SkillParts):
    """A skill folder.

    Parameters
    ----------
    root
        The folder that holds SKILL.md.
    bank
        Name of the bank it belongs to.
    bank_root
        The bank's folder: no path of the skill may lead out of it.
    found
        What was found before the skill was read.
    """

    def __init__(
        self, root: Path, bank: str = "", bank_root: Path | None = None, found: tuple[Diagnostic, ...] = ()
    ) -> None:
        super().__init__(root, bank_root or root, found)
        self.bank = bank

    def __repr__(self) -> str:
        return f"Skill({self.qualified!r})"

    @cached_property
    def frontmatter(self) -> Frontmatter:
        """The head of SKILL.md, leniently read."""
        name = utf8_name(self.root.name)
        plain = f"---\nname: {name}\n---\n"
        try:
            text = self.text(self.root / "SKILL.md")
        except SkillFormatError as error:
            self.report("skill-unreadable", error, "SKILL.md")
            text = plain
        read = self.guarded("the head of SKILL.md", "SKILL.md", lambda: parse_frontmatter(text, name), None)
        head, found = read or parse_frontmatter(plain, name)
        self.found.extend(found)
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
        return utf8_name(self.root.resolve().relative_to(self.bank_root.resolve()).as_posix())

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
        for file in self.info_files:
            read = self.guarded("the document", self.relative(file), partial(self._info, file), None)
            if read is not None:
                self.found.extend(read[1])
                infos.append(read[0])
        return tuple(infos)

    def _info(self, file: Path) -> tuple[SkillInfo, list[Diagnostic]] | None:
        origin = self.relative(file)
        try:
            repeated: list[Repeated] = []
            raw = parse_yaml(self.text(file), str(file), repeated, of_a_bank=True)
        except SkillFormatError as error:
            self.report("skill-info-yaml", error, origin)
            return None
        self.found.extend(repeated_keys(repeated, "skill-info", origin))
        return parse_skill_info(raw, origin, None if file.name == MAIN else _variant_name(file))

    @cached_property
    def called(self) -> Called:
        """What the documents say that the skill is called, and whether it can be asked to run.

        Who looks for a name asks every skill, and of nearly all of them nothing else of their documents.
        """
        found = None if "infos" in self.__dict__ else self._called_in_documents()
        return found or Called(self.info.network_arch, self.info.aliases, bool(self.actions))

    def _called_in_documents(self) -> Called | None:
        """Return what all documents say together; None where one cannot be read, which `infos` tells."""
        try:
            said = {
                file.name: called_in(parse_yaml(self.text(file), str(file), of_a_bank=True))
                for file in self.info_files
            }
        except Exception:
            return None
        main = said.get(MAIN, Called("", (), False))
        return main._replace(runs=any(each.runs for each in said.values()))

    @cached_property
    def info_files(self) -> tuple[Path, ...]:
        """The main skill_info (first, when there is one) and the overlays, readable or not."""
        try:
            overlays = self.listed("references", OVERLAY_SUFFIX)
        except SkillFormatError as error:
            self.report("skill-info-yaml", error, "references")
            return ()
        if len(overlays) > MAX_OVERLAYS:
            message = f"references holds {len(overlays)} overlays, and {MAX_OVERLAYS} of them are read."
            self.found.append(Diagnostic("error", "skill-info-yaml", message, "references"))
            overlays = overlays[:MAX_OVERLAYS]
        main = self.root / "references" / MAIN
        return (*((main,) if is_there(main) else ()), *overlays)

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

        Parameters
        ----------
        name
            Of the action, or as lists write one of a variant: ``ACTION:VARIANT``.

        Raises
        ------
        ActionNotFoundError
            Naming the actions that there are.
        """
        if variant is None:
            name, variant = parted(name)
        named = [a for a in self.actions if a.name == name]
        if not named:
            raise self._no_action(name)
        if variant is None:
            return next((a for a in named if a.variant is None), named[0])
        chosen = next((a for a in named if a.variant == variant), None)
        if chosen is None:
            have = ", ".join(shown(a.variant) if a.variant else "the main one" for a in named)
            raise ActionNotFoundError(
                f"{self.name} has no variant '{variant}' of action '{name}'; there is: {have}."
            )
        return chosen

    def _no_action(self, name: str) -> ActionNotFoundError:
        """Say why there is no action of a name: a broken file, a skill that has none, another name."""
        names = sorted({a.name for a in self.actions})
        broken = [d.sentence for d in self.found if d.code in _HIDES_ACTIONS]
        if broken:
            return ActionNotFoundError(
                f"{self.name} has no action '{name}' that can be read{did_you_mean(name, names)}; a file "
                f"that declares actions is broken: {'; '.join(broken)}."
            )
        if not names:
            return ActionNotFoundError(
                f"{self.name} is a skill to read, it has no action that can be run; see its SKILL.md."
            )
        return ActionNotFoundError(
            f"{self.name} has no action '{name}'{did_you_mean(name, names)}; it has "
            f"{', '.join(map(shown, names))}."
        )

    def info_of(self, action: Action) -> SkillInfo:
        """Return the document that declares an action."""
        return next(i for i in self.infos if any(a is action for a in i.actions))

    def shorthands(self, action: Action) -> dict[str, str]:
        """Return the keys that short names stand for in an action: those of the main file, then its own."""
        return {**self.actions[0].shorthands, **action.shorthands}

    @cached_property
    def dataset_table(self) -> tuple[DatasetRow, ...]:
        """Rows of the dataset tables in SKILL.md, then references/, in file order."""
        return self.guarded("the dataset table", "SKILL.md", self._dataset_rows, ())

    def _dataset_rows(self) -> tuple[DatasetRow, ...]:
        return tuple(r for t, name, line in self._prose for r in dataset_rows(t, name, line, self.found))

    @cached_property
    def inference_table(self) -> tuple[InferenceRow, ...]:
        """Rows of the inference tables in SKILL.md, then references/."""
        return self.guarded("the inference table", "SKILL.md", self._inference_rows, ())

    def _inference_rows(self) -> tuple[InferenceRow, ...]:
        return tuple(r for t, name, line in self._prose for r in inference_rows(t, name, line, self.found))

    @cached_property
    def dataset_type(self) -> str:
        """The type of data set that the prose names (``**Dataset type:** object_detection``), or nothing."""
        return stated(self.frontmatter.body, "dataset type").lower()

    @cached_property
    def monitoring_metric(self) -> str | None:
        """The metric that the prose names (``**Monitoring metric:** val_mAP50``), or None."""
        return stated(self.frontmatter.body, "monitoring metric") or None

    def image(self, action: Action) -> str | None:
        """Return the resolved container image of an action, or None."""
        return resolve_image(self.declared_image(action), self.bank_root)

    def declared_image(self, action: Action) -> str | None:
        """Return an action's container image as written: a URI, a dotted key, or None."""
        info = self.info_of(action)
        return action.image or info.image_by_action.get(action.name) or info.image

    @property
    def automl_problem(self) -> str | None:
        """Why AutoML cannot run although it is enabled; None when it can."""
        return "; ".join(problem for problem, _ in self._automl_problems) or None

    @property
    def automl_broken(self) -> bool:
        """Whether what AutoML needs is packaged and cannot be read."""
        return self.info.automl_enabled and any(there for _, there in self._automl_problems)

    @cached_property
    def _automl_problems(self) -> tuple[tuple[str, bool], ...]:
        """What is wrong with the files that AutoML needs, and whether they are there at all."""
        found = []
        schema, template = self.root / "schemas" / "train.schema.json", "references/spec_template_train.yaml"
        if not is_there(schema):
            found.append(("schemas/train.schema.json is missing", False))
        elif not self.schema_file(schema).keys:
            found.append(("schemas/train.schema.json does not parse", True))
        if not is_there(self.root / template):
            found.append((f"{template} is missing", False))
        elif not self.document(self.root / template):
            found.append((f"{template} does not parse", True))
        return tuple(found)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found while reading head, skill_info and schemas."""
        _ = self.frontmatter, self.infos
        return tuple(self.found)

    @cached_property
    def prose_files(self) -> tuple[Path, ...]:
        """Markdown files beside the documents in references/."""
        try:
            return tuple(self.listed("references", ".md"))
        except SkillFormatError:
            return ()  # a finding of whoever looks for documents there

    @cached_property
    def _prose(self) -> list[tuple[str, str, int]]:
        texts = [(self.frontmatter.body, "SKILL.md", self.frontmatter.body_line)]
        for file in self.prose_files:
            try:
                texts.append((self.text(file), self.relative(file), 1))
            except SkillFormatError as error:
                self.report("prose", error, self.relative(file))
        for text, name, first in texts:
            for number, line in enumerate(text.splitlines() if "|" in text else (), first):
                if len(line) > MAX_LINE and line.lstrip().startswith("|"):
                    message = f"a table's line has {len(line)} characters, and {MAX_LINE} of them are read."
                    self.found.append(Diagnostic("warning", "table-row", message, name, number))
        return texts


def _variant_name(file: Path) -> str:
    """``tao-deploy-dino.skill_info.yaml`` declares the variant ``deploy``."""
    stem = file.name.removesuffix(OVERLAY_SUFFIX)
    return "deploy" if "deploy" in stem.split("-") else utf8_name(stem)
