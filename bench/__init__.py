"""Measurements: ratios to floor scripts kept here, and to peers, each pair in the same run."""
