"""Many prompts from one file: read one by one, asked a few at a time, answered in order, and never asked twice.

`items` reads them, `run` asks them, `window` keeps their order, `row_file` holds the rows through any end of the
process, `pace` slows down when the service says so.  `remote` hands them to the service's own batch API instead.
"""
