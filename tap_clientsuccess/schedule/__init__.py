"""When a stream is read in full, with which version, and what the state says of that.

An incremental read brings what moved the modification time. All else (scores, deletes,
new columns) takes a *full read*, which is due at an interval, and where what leaves has
changed. It may take several runs. The rules, which a change must not break:

1. A run that takes part in a full read covers all times from the read's *place* to the
   end of the list, and proves that. What was sent before the place, in earlier runs,
   carries the same version; what changed since lies behind the place.
2. The place passes only what is proven; the bookmark is not the place, and never goes
   back.
3. A version is begun before the first record of a full read, and is activated only if
   the read ended complete and nothing spoke against it in any of its runs. Then targets
   delete the rows of lesser versions: those are the records that no longer exist.
4. What was begun under another key, name, stream map or `start_date`, or with BATCH or
   versions switched on or off, begins anew, with another version.
5. A new version is greater than every version in the state that the run was given.

All of it lies in the stream's bookmark, as the SDK keeps no other key. Meltano merges
a partial state deeply into the one before: so no key is removed, and none is null that
may become an object, which it fails to merge.
"""
