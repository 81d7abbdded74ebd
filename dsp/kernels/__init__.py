"""All compiled code of the analyser.

Rules: scalar order as written (no fast maths), explicit signatures, arrays in and out, no Python object.
Numba stamps a cached function with its own file alone, so the shell keys the cache folder
(`NUMBA_CACHE_DIR`) by a hash of every file in here. Importing this package does nothing.
"""
