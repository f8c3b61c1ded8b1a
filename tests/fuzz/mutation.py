"""Mutation that gets past the wrapping: inside archives it changes a part and packs the archive again."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from collections.abc import Callable
from copy import deepcopy

Mutate = Callable[[bytes, int], bytes]

_VALUES = ("", "0", "-1", "1", "2147483648", "1e400", "NaN", "99999999999999999999", "g 9 9", "../../x", "%1%2%9", "第")


def mutate(data: bytes, max_size: int, seed: int, plainly: Mutate) -> bytes:
    """Change an input.

    Args:
        data: the input.
        max_size: bytes that the result may have.
        seed: of what is chosen here.
        plainly: mutates bytes, to a length of at most its second argument.
    """
    chance = random.Random(seed)
    if not data.startswith(b"PK\x03\x04") or chance.random() < 0.1:
        return plainly(data, max_size)
    try:
        changed = _in_archive(data, chance, plainly)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, zlib.error, RuntimeError):
        return plainly(data, max_size)
    return changed if len(changed) <= max_size else plainly(data, max_size)


def _in_archive(data: bytes, chance: random.Random, plainly: Mutate) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()[:500]}
    if not parts:
        raise ValueError("an empty archive")
    name = chance.choice(list(parts))
    part = parts[name]
    if part.lstrip()[:1] == b"<" and chance.random() < 0.7:
        parts[name] = _in_tree(part, chance)
    else:
        parts[name] = plainly(part, len(part) * 2 + 64)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return buffer.getvalue()


def _in_tree(part: bytes, chance: random.Random) -> bytes:
    """An element dropped, doubled, moved or given another value."""
    from lxml import etree

    try:
        root = etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except etree.XMLSyntaxError:
        return part
    elements = [each for each in root.iter() if isinstance(each.tag, str)] if root is not None else []
    if len(elements) < 2:
        return part
    chosen, other = chance.choice(elements[1:]), chance.choice(elements)
    above = chosen.getparent()
    match chance.randrange(5):
        case 0:
            above.remove(chosen)
        case 1:
            above.insert(0, deepcopy(chosen))
        case 2 if other is not chosen and chosen not in other.iterancestors():
            other.append(chosen)
        case 3 if chosen.attrib:
            chosen.attrib[chance.choice(list(chosen.attrib))] = chance.choice(_VALUES)
        case _:
            chosen.text = chance.choice(_VALUES)
    return etree.tostring(root, encoding="UTF-8")
