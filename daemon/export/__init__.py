"""A session as tables for a notebook or a spreadsheet, and in the forms of the newliveweb app.

`columns` says what a table has, `rows` makes its rows one at a time, `parquet` and `spreadsheet` write
them as they come; `app_eval` and `app_log` are the app's own forms.
"""
