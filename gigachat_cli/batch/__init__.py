"""Many prompts from one file: read one by one, sent a few at a time, answered in the order of the input, none sent
twice.

`items` reads them, `run` sends them, `window` keeps their order, `row_file` makes the rows survive a kill, `pace` slows
down when the service limits the rate.  `remote` submits them to the service's own batch API instead.
"""
