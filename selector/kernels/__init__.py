"""Weighing and drawing, compiled: what a pick costs must not grow with the library.

A table is sorted by stratum (entries of equal strength, style and band) and, within one, by what the entry
is worth. The sound moves the level of whole strata; entries themselves keep their worth, whose running sums
are known. So a total takes one step a stratum, and a draw two binary searches. What a rule singles out, and
what is akin to what was just shown, is taken account of one by one.

Conventions: micro-units; the entry at place p of the sorted table weighs
`level[stratum] * taste + explore * standing`, in millionths of millionths, before the rules;
`sums[p, 0]` and `sums[p, 1]` are the sums of taste and standing over all places before p.

`entries` (int32[n, 3]) has at row p the index of the entry at place p, and at row i the place and the stratum
of entry i; `kin` (int32[n, 3]) has its groups of author, family and look. Groups of all three kinds are
numbered together, and `groups` (int64[g + 1, 2]) says where the members of each begin and what is left to
them; the last is nobody's. `aside` (int32[n, 3]) has at row i what is left to entry i in all and for having
been shown itself, and at row k the k-th entry that was set aside; `marks` says which those are.
"""
