"""`aivjd report`: a session as one HTML file that opens from a disk, for a VJ and for an engineer.

`collect` reads the logs and `heard` listens again; both give compact columns (`levels`, `columns`), rows for
the page (`pick_rows`) and totals (`statistics`). `html` puts them and the sources in `page/` into one file.
"""
