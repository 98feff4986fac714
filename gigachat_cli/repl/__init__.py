"""`gigachat chat`: a conversation at a terminal."""
