"""What people and pipes see: the terminal, answers, rows, and problems.  Nothing else prints."""
