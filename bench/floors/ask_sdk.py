"""A peer of `ask`: the official SDK, streaming the same answer with an access token that it was given."""

import os

from gigachat import GigaChat

with GigaChat(access_token=os.environ["ACCESS_TOKEN"], model="GigaChat-2") as giga:
    for chunk in giga.stream("hi"):
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
