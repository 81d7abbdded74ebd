"""What differs between two runs over the same music, pick by pick, and what makes it differ.

`fates` of two runs (daemon.pick_stream) are aligned (`align`), each pair judged and its first
differing factor named (`cause`), and told as rows and totals (`compare`). `variants` makes the other
run; `bisect` finds the key of a configuration that is to blame.
"""
