"""The account check (`--test=api`): what this account's API does, without its data.

`check` asks for everything but searches, which `search` asks; `asker` sends. What is
concluded is pure: `pages` and `fields` judge what came, `filters` is told answers and
says what to ask next, `verdict` says what follows from it all. What was found is data,
in `facts`; `report` says in one table how each is told. Rules that a change must not
break:

1. Nothing of a record, a body or a header leaves `check` and `search` but numbers,
   types, words that this code knows, and names that every record has at its top.
2. What few records cannot show is None, "cannot tell", and never a guess.
3. What the reading of pages judges as well (order, filter, records that a filter hides,
   records without a time) is judged by its code in `paging`.
"""
