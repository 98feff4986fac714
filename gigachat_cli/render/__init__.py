"""Output: the terminal, answers, rows and problems."""
