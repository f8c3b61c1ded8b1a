"""The visitor of a request, set by the layer in `ui/access/authentication.py`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fastapi.params import Depends
from starlette.requests import Request as HttpRequest
from starlette.types import Scope

from index.filters import Filter
from ui.errors import ApiError

NOTHING = Filter(documents=frozenset())
"""The scope without any document."""


class Role(StrEnum):
    """What a visitor may do; each role includes those before it."""

    GUEST = "guest"  # sees no document
    READER = "reader"  # asks, and reads documents
    EDITOR = "editor"  # works on what people asked
    ADMIN = "admin"  # sees how the service is used and how it runs

    def reaches(self, needed: Role) -> bool:
        """Return whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may be asked with one key."""

    key: str  # the id of the key
    per_minute: int | None = None  # questions a minute; None for any number
    per_day: int | None = None  # questions a day; None for any number


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor: a person or a program that asks."""

    name: str | None = None  # for the log: a user's name, or `key:NAME`; None where there is no sign-in
    role: Role = Role.GUEST  # what they may do
    scope: Filter | None = None  # the documents that their key is for; None for all
    allowance: Allowance | None = None  # how much they may ask with their key; None if they have none
    address: str | None = None  # whose questions are counted together; None for those that are not counted
    # what rules about rights may know them by: user name, and groups with `@`; None for who owns all this
    reader: frozenset[str] | None = frozenset()

    @property
    def party(self) -> str | None:
        """Return the name that a visitor takes turns under: user, key at an address, address; None for the owner."""
        if self.allowance is not None:
            return f"key {self.allowance.key} {self.address}"
        return f"user {self.name}" if self.name is not None else self.address


GUEST = Visitor()
OWNER = Visitor(role=Role.ADMIN, reader=None)


def reader_of(name: str, groups: Iterable[str]) -> frozenset[str]:
    """Return the names that rules can match. A user name that looks like a group or 所有人 matches none."""
    user = {name} if name and not name.startswith("@") else set()
    return frozenset(user | {f"@{group}" for group in groups if group}) - {"*", "-"}


class Request(Protocol):
    """What has an ASGI scope: requests of FastAPI, and `gr.Request.request`."""

    @property
    def scope(self) -> Scope:
        """Return the ASGI scope."""


def visitor_of(request: Request) -> Visitor:
    """Return the visitor of a request; the owner where nothing protects the application."""
    found = request.scope.get("state", {}).get("visitor", OWNER)
    if not isinstance(found, Visitor):
        raise TypeError(f"not a visitor: {type(found).__name__}")
    return found


def require(request: Request, role: Role) -> Visitor:
    """Return the visitor, if they may do what `role` may.

    Raises:
        ApiError: 401 without a sign-in, 403 without the role.
    """
    visitor = visitor_of(request)
    if visitor.role.reaches(role):
        return visitor
    if visitor.role is Role.GUEST:
        raise ApiError(401, "sign_in_needed", "请先登录，或在请求头 X-Yiju-Key 里给出密钥。")
    raise ApiError(403, "forbidden", "没有权限做这件事。")


def needs(role: Role) -> Depends:
    """Return a dependency for routes that require a role.

    The door asks the same by the address; a route that is reached by another one is closed all the same.
    """

    def check(request: HttpRequest) -> None:
        require(request, role)

    return Depends(check)
