"""Tables: `csv_and_parquet` reads CSV, TSV and Parquet, `arrow` Arrow files.

`_delimited`, `_header` and `_columns` find what a text table holds; `_parquet`, `_pages`, `_thrift`
and `_messages` check binary ones before a library opens them.
"""
