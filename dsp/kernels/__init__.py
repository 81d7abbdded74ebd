"""All compiled code of the analyser.

Rules: scalar order as written (no fast maths), explicit signatures, arrays in and out, no Python object.
Divisions are not checked for zero (`error_model="numpy"`): a loop with that check is done value by value, one
without it eight at a time; so no kernel may divide by what can be zero.
Numba stamps a cached function with its own file alone, so the shell keys the cache folder
(`NUMBA_CACHE_DIR`) by a hash of every file in here. Importing this package does nothing.
"""
