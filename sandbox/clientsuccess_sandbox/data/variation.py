"""Turn a JSON template into variants of a record.

A template's text may hold calls in braces: `{below 40}` calls `Variation.below(40)`,
`{place.city}` is a part of something that `{let}` gave a name. A text that is nothing
but a call becomes its result, whatever its type. These are more than texts:

- `"{let}": {"place": "{word places}"}` names values for the rest of the template.
- `{"{pick}": [...]}` becomes one of the list, `{"{list 0 2}": ...}` a list of so many
  at least and at most, `{"{if name}": ...}` null, if what was named is null or false.
- `"{always}": [...]` lists the keys that are never null or left out.
"""

from __future__ import annotations

import re
from decimal import Decimal
from html import escape
from typing import Any, Final

from clientsuccess_sandbox.data import custom_fields
from clientsuccess_sandbox.data.company import Company
from clientsuccess_sandbox.data.seeded import WORDS, Random
from clientsuccess_sandbox.jsontext import Record, decode

_CALL = re.compile(r"\{([^{}]+)\}")
_CENT = Decimal("0.01")
_LONG_ONE, _LONG = 7, 300
_NULL_BELOW, _ABSENT_BELOW = 0.08, 0.12
_ALWAYS: Final = {
    *("id", "uuid", "tenantId", "tenantClientId", "clientId", "name", "status"),
    *("createdTime", "createdTimestamp", "modifiedTime", "firstName", "lastName"),
}


class Variation:
    """Creates one variant of a template; templates call most of its methods."""

    def __init__(self, company: Company, random: Random, number: int) -> None:
        self._company = company
        self._number = number
        self._random = random
        self.scope: Record = {}

    def record(self, template: Record) -> Record:
        """Create a record: some values are null, some keys missing."""
        record: Record = self.fill(template)
        always = _ALWAYS.union(template.get("{always}", ()))
        for key in [key for key in record if key not in always]:
            throw = self._random.random()
            if throw < _NULL_BELOW:
                record[key] = None
            elif throw < _ABSENT_BELOW:
                del record[key]
        return record

    def fill(self, value: Any) -> Any:
        """Replace the calls in a template by their results."""
        if isinstance(value, str):
            whole = _CALL.fullmatch(value)
            if whole:
                return self._call(whole[1])
            return _CALL.sub(lambda call: str(self._call(call[1])), value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return self._fill_object(value) if isinstance(value, dict) else value

    def _fill_object(self, value: Record) -> Any:
        key, inner = next(iter(value.items()), ("", ()))
        if key == "{pick}":
            return self.fill(self._random.pick(inner))
        if key.startswith("{if "):
            return self.fill(inner) if self._call(key[4:-1]) else None
        if key.startswith("{list "):
            least, most = map(int, key[6:-1].split())
            count = least + self._random.below(most - least + 1)
            return [self._fill_line(inner, line) for line in range(1, count + 1)]
        for name, named in value.get("{let}", {}).items():
            self.scope[name] = self.fill(named)
        return {k: self.fill(item) for k, item in value.items() if k[:1] != "{"}

    def _fill_line(self, template: Any, line: int) -> Any:
        self.scope["line"] = line
        return self.fill(template)

    def _call(self, text: str) -> Any:
        called, *words = text.split()
        name, *path = called.split(".")
        if name in self.scope:
            found = self.scope[name]
        else:
            method = getattr(self, name, None) or getattr(self._random, name)
            found = method(*(decode(w) if w[0].isdigit() else w for w in words))
        for key in path:
            found = found[key]
        return found

    def word(self, kind: str) -> Any:
        return self._random.pick(WORDS[kind])

    def some(self, kind: str, most: int) -> list[Any]:
        return self._random.some(WORDS[kind], most)

    def count(self, most: int) -> int:
        return 1 + self._random.below(most)

    def digits(self, count: int) -> str:
        return f"{self._random.below(10**count):0{count}}"

    def prose(self, most: int) -> str:
        """Return a text; in one variant, of tens of kilobytes."""
        return self._random.text(most) * (_LONG if self._number == _LONG_ONE else 1)

    def html(self, name: str) -> str:
        return escape(self.scope[name])

    def ids(self, name: str) -> list[int]:
        return [item["id"] for item in self.scope[name]]

    def minus(self, one: str, other: str) -> Decimal:
        difference: Decimal = self.scope[one] - self.scope[other]
        return difference

    def systems(self) -> dict[str, str | None]:
        """Choose ids in other systems, a few of them unknown."""
        names = self.some("systems", 4)
        return {
            name: self.digits(9) if self._random.chance(0.9) else None for name in names
        }

    def custom(self, resource: str) -> Record:
        return custom_fields.values_for(resource, self._random)

    def employee(self) -> Record:
        return self._company.employee(self.count(self._company.sizes["employees"]))

    def contacts(self, most: int) -> list[Record]:
        size = self._company.sizes["contacts"]
        count = self._random.below(most + 1) if size else 0
        return [self._company.person(self.count(size)) for _ in range(count)]

    def contact(self) -> Record | None:
        size = self._company.sizes["contacts"]
        return self._company.person(self.count(size)) if size else None

    def some_product(self) -> Record:
        return self._company.product(self.count(self._company.sizes["products"]))

    def some_price(self) -> Record:
        each, quantity = self._random.amount(900), self.count(40)
        return {"each": each, "quantity": quantity, **_money(each * quantity)}

    def sum(self, name: str) -> Record:
        return _money(sum((item["total"] for item in self.scope[name]), Decimal(0)))

    def region(self) -> Record | None:
        wanted = self.scope.get("regionId")
        return next((item for item in WORDS["regions"] if item["id"] == wanted), None)

    def parent(self) -> Record | None:
        """Choose an older client, in a fifth of the cases."""
        number = 1 + self._random.below(self.scope["id"])
        if number == self.scope["id"] or self._random.chance(0.8):
            return None
        return self._company.client(number)


def _money(total: Decimal) -> Record:
    month = (total / 12).quantize(_CENT)
    return {"total": total, "arr": month * 12, "mrr": month}
