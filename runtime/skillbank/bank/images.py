"""Which container image an action runs in: a URI as written, or a dotted key of a version map."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from skillbank.bank.documents import read_yaml
from skillbank.bank.files import is_there
from skillbank.bank.home import bank_root
from skillbank.errors import SkillFormatError


def resolve_image(image: str | None, bank: Path | None) -> str | None:
    """Return the image's URI, or None when a dotted key is in no version map.

    The bank's own ``versions.yaml`` speaks first, then the map that comes with the runtime
    (``references/images.yaml``). A URI (it holds ``/`` or ``:``) is returned as it is.
    """
    if image is None or "/" in image or ":" in image:
        return image
    maps = [_version_map(bank / "versions.yaml")] if bank is not None else []
    maps.append(_version_map(bank_root() / "references" / "images.yaml"))
    for versions in maps:
        node: object = versions.get("images", versions)
        for part in image.removeprefix("images.").split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        if isinstance(node, str):
            return node
    return None


@lru_cache(maxsize=32)
def _version_map(path: Path) -> Mapping[str, object]:
    document = read_yaml(path) if is_there(path) else {}
    if document is not None and not isinstance(document, Mapping):
        raise SkillFormatError(f"{path} is not a mapping of images; write it as one or remove it.")
    return document or {}
