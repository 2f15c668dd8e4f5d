"""The other systems, each doing the work of `trailhouse convert` in the form that serves it best.

A peer reads the log objects below SOURCE and writes Parquet with ZSTD to TARGET, in directories by date, service and
region, with a column for each documented top-level field: objects of known members as structs, payloads as JSON text.
It says at its top how it was tuned and what was slower. It is run as `python -m peers.NAME SOURCE TARGET`, so that a
file may bear the name of the package it imports.

What trailhouse does beyond that, no peer need do: recognise duplicates, keep what is broken, sort, say who called, keep
unknown fields, remember what it has converted, and commit.
"""
