"""The packaged documents of a skill's actions: schemas and spec templates, found and leniently read."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.diagnostics import Diagnostic, Repeated, repeated_keys
from skillbank.bank.documents import parse_json, parse_yaml
from skillbank.bank.files import is_there
from skillbank.bank.folder import SkillFolder, as_format_error
from skillbank.bank.schema import SpecSchema
from skillbank.errors import SkillFormatError

__all__ = ["SkillParts"]

_EMPTY_SCHEMA = SpecSchema.parse({})


class SkillParts(SkillFolder):
    """A skill folder that knows where the documents of an action lie."""

    def schema(self, action: Action) -> SpecSchema:
        """Return the action's schema; one that knows no key when the skill packages none."""
        named = (action.name, action.variant)
        if named not in self._schemas_of:
            file = self.schema_path(action)
            self._schemas_of[named] = self.schema_file(file) if file is not None else _EMPTY_SCHEMA
        return self._schemas_of[named]

    def schema_path(self, action: Action) -> Path | None:
        """Find an action's schema, readable or not; None when the skill packages none."""
        files = (self.root / "schemas" / f"{stem}.schema.json" for stem in _stems(action))
        return next((f for f in files if is_there(f)), None)

    def schema_file(self, file: Path) -> SpecSchema:
        """Read one file below ``schemas/``; one that knows no key, and a finding, when it cannot be read."""
        if file not in self._schemas:
            self._schemas[file] = _EMPTY_SCHEMA
            try:
                repeated: list[Repeated] = []
                document = parse_json(self.text(file), str(file), repeated)
                self.found.extend(repeated_keys(repeated, "schema", self.relative(file)))
                self._schemas[file] = SpecSchema.parse(document)
                if not isinstance(document, dict) or not isinstance(document.get("properties"), dict):
                    raise SkillFormatError(f"{file} is not a mapping with 'properties', so it names no key.")
            except Exception as error:
                self.report("schema-json", as_format_error(error, file), self.relative(file))
        return self._schemas[file]

    @cached_property
    def _schemas_of(self) -> dict[tuple[str, str | None], SpecSchema]:
        """Those of actions, by name and variant: asked for thousands of times while a request is read."""
        return {}

    @cached_property
    def _templates_of(self) -> dict[tuple[str, str | None], tuple[dict[str, object], str]]:
        return {}

    @cached_property
    def _schemas(self) -> dict[Path, SpecSchema]:
        return {}

    def template_path(self, action: Action) -> Path | None:
        """Find an action's spec template, readable or not; None when the skill packages none.

        ``spec_templates`` paths have three bases in the family: references/ (``../references/x``),
        the skill (``references/x``) and, bare, references/ again. Without an entry, or when nothing is
        where it leads, the conventional name is tried.
        """
        references = self.root / "references"
        names = [action.template] if action.template else []
        names += [f"spec_template_{stem}.yaml" for stem in _stems(action)]
        for name in names:
            for base in (references, self.root):
                # The path is made plain first: 'a/../b' must not depend on a folder 'a'.
                file = Path(os.path.normpath(base / name))
                if is_there(file):
                    return file
        return None

    def template(self, action: Action) -> tuple[dict[str, object], str]:
        """Return the action's template document and where it came from.

        Templates win over a schema's ``default``, which is used only when there is no template. One that
        is there and cannot be read gives an empty document and a finding.
        """
        named = (action.name, action.variant)
        if named not in self._templates_of:
            self._templates_of[named] = self._template(action)
        return self._templates_of[named]

    def _template(self, action: Action) -> tuple[dict[str, object], str]:
        file = self.template_path(action)
        if action.template and (file is None or file.name != Path(action.template).name):
            used = f"; {self.relative(file)} is used" if file is not None else ""
            self._once("template-missing", f"the template '{action.template}' is not there{used}.", action)
        if file is not None:
            document = self.document(file)
            if document is None:
                return {}, "empty"
            if document:
                return document, f"references/{file.name}"
        default = self.schema(action).default
        return (default, "schema default") if isinstance(default, dict) else ({}, "empty")

    def document(self, file: Path) -> dict[str, object] | None:
        """Return a template's document, an empty one for an empty file, None when it cannot be read."""
        if file not in self._documents:
            self._documents[file] = None
            try:
                repeated: list[Repeated] = []
                found = parse_yaml(self.text(file), str(file), repeated, of_a_bank=True)
                self.found.extend(repeated_keys(repeated, "template", self.relative(file)))
                if found is not None and not isinstance(found, dict):
                    raise SkillFormatError(f"{file} is not a mapping, so it is no spec.")
                self._documents[file] = _with_text_keys(found or {})
            except Exception as error:
                self.report("template-yaml", as_format_error(error, file), self.relative(file))
        return self._documents[file]

    @cached_property
    def _documents(self) -> dict[Path, dict[str, object] | None]:
        return {}

    def _once(self, code: str, message: str, action: Action) -> None:
        found = Diagnostic("error", code, message, action.origin, None, action.name)
        if found not in self.found:
            self.found.append(found)


def _stems(action: Action) -> list[str]:
    """File stems to try for an action's schema and template, the most specific first."""
    variant = action.variant.replace("-", "_") + "_" if action.variant else ""
    return [f"{variant}{action.name}", action.name] if variant else [action.name]


def _with_text_keys(node: object) -> Any:
    """Make every name text, as a plan is JSON: YAML reads ``0:`` as a number and ``on:`` as true."""
    if isinstance(node, dict):
        return {k if isinstance(k, str) else json.dumps(k): _with_text_keys(v) for k, v in node.items()}
    return [_with_text_keys(v) for v in node] if isinstance(node, list) else node
