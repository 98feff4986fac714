"""The words of the simulated answers, in English and in Russian: every Markdown shape, each worth reading."""

# ruff: noqa: RUF001  # Cyrillic letters are meant

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SHAPES: Mapping[str, tuple[str, ...]] = {
    "prose": ("prose", "paragraph", "абзац"),
    "list": ("list", "steps", "списо", "списк", "шаги"),
    "table": ("table", "таблиц"),
    "code": ("code", "script", "python", "bash", "код", "скрипт"),
    "formula": ("formula", "equation", "math", "формул", "уравнен", "математ"),
    "quote": ("quote", "цитат"),
}
"""The Markdown shapes, with the beginnings of words in a prompt that ask for each."""

_QUOTED = 60
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+|\s+")


@dataclass(frozen=True, slots=True)
class Texts:
    """All that is said in one language. ``sections`` holds some variants for each shape."""

    simulated: str
    asked: str
    nothing_asked: str
    one_message: str
    messages: str
    system: str
    no_system: str
    closing: str
    refusal: str
    sections: Mapping[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    words_for_everything: tuple[str, ...]

    def opening(self, question: str, message_count: int, system: str | None) -> str:
        """Return the first paragraphs: that this is simulated, what was asked, and what came with it."""
        asked = self.asked.format(_short(question)) if question.strip() else self.nothing_asked
        carried = self.one_message if message_count == 1 else self.messages.format(message_count)
        instructed = self.no_system if system is None else self.system.format(_short(system))
        return f"{self.simulated}\n\n{asked} {carried} {instructed}"


def _short(text: str) -> str:
    start = text[: _QUOTED * 4].encode("utf-8", "replace").decode()
    line = _UNPRINTABLE.sub(" ", start).replace("`", "'").strip()
    return line if len(line) <= _QUOTED and len(text) <= _QUOTED * 4 else f"{line[:_QUOTED].rstrip()}…"


ENGLISH = Texts(
    simulated=(
        "**This is a simulated answer.** The simulator on your own machine wrote it: no model has seen your "
        "question, and nothing was charged."
    ),
    asked="You asked: “{}”.",
    nothing_asked="The question was empty.",
    one_message="The request carried one message",
    messages="The request carried {} messages, so the conversation before came along",
    system="and the system message “{}”.",
    no_system="and no system message.",
    closing=(
        "*End of the simulated answer. With an authorization key, the same command asks the real GigaChat.*"
    ),
    refusal="This is a simulated refusal: the content filter has ended the answer.",
    words_for_everything=("everything", "long answer", "in detail", "all shapes"),
    sentences=(
        "A stream arrives in phrases, so a good screen shows each one as it comes.",
        "What has been printed once is never touched again.",
        "A pipe gets the exact text and nothing else.",
        "A cut answer is marked as cut, never passed off as whole.",
        "Every exit code means one thing.",
        "The simulator has patience for as many sentences as you ask for.",
    ),
    sections={
        "prose": (
            "## How an answer travels\n\n"
            "Your words become one JSON request over a *verified* TLS connection. The answer comes back as a "
            "**stream of phrases**, each a small event that ends with an empty line. A terminal shows "
            "them as "
            "they arrive; a pipe gets the same text, byte for byte. The last event tells the "
            "`finish_reason` and "
            "the tokens used; `[DONE]` closes the stream.",
            "## Why simulate at all\n\n"
            "A look-alike answers **at once**, costs nothing, and fails on request. Scripts can be "
            "written on a "
            "train, and a script that has met a *rate limit*, a *cut stream* and a *silent server* here "
            "will not "
            "be surprised by them later. `gigachat simulator --help` lists every fault it can play.",
        ),
        "list": (
            "## What fits through a pipe\n\n"
            "- Going in\n"
            "  - words as you type them, without quotes\n"
            "  - a file or the output of another program\n"
            "    - joined to your words, after a blank line\n"
            "- Coming out\n"
            "  - on stdout: the answer, exactly\n"
            "  - on stderr: notices and problems, one line each\n"
            "- Afterwards\n"
            "  - an exit code that a script can trust",
            "## Three steps to the real thing\n\n"
            "1. **Log in**: `gigachat auth login` proves the authorization key and stores it.\n"
            "2. **Look around**: `gigachat doctor` checks\n"
            "   - the network, the proxy and the certificates,\n"
            "   - the clock, the scope and the model.\n"
            "3. **Ask**: `gigachat ask Why is the sky blue?`",
        ),
        "table": (
            "## Exit codes at a glance\n\n"
            "| code | meaning | next step |\n"
            "|---:|:---|:---|\n"
            "| 0 | answered | read on |\n"
            "| 1 | the service refused or failed | read the line on stderr |\n"
            "| 2 | usage | `gigachat ask --help` |\n"
            "| 3 | authentication | `gigachat auth login` |\n"
            "| 4 | network, TLS, or a cut stream | `gigachat doctor` |\n"
            "| 5 | rate limit or quota | wait, or change the model |",
            "## Flags worth knowing\n\n"
            "| flag | does | good for |\n"
            "|:---|:---|:---:|\n"
            "| `-s TEXT` | sets the system message | tone |\n"
            "| `-m NAME` | picks the model | quality |\n"
            "| `-x` | prints only the first code block | scripts |\n"
            "| `--json` | prints one JSON object | programs |\n"
            "| `--dry-run` | shows the request, sends nothing | curiosity |",
        ),
        "code": (
            "## In a shell\n\n"
            "```bash\n"
            "# Ask about what changed, and stop when the answer is not whole.\n"
            "if answer=$(git diff --staged | gigachat ask Summarise this change); then\n"
            "    printf '%s\\n' \"$answer\"\n"
            "else\n"
            '    echo "no answer, exit code $?" >&2\n'
            "fi\n"
            "```",
            "## In Python\n\n"
            "```python\n"
            "import json\n"
            "import subprocess\n"
            "\n"
            "\n"
            "def ask(question: str) -> str:\n"
            '    """Return the answer, or raise when it is not complete."""\n'
            '    command = ["gigachat", "ask", "--json", question]\n'
            "    result = subprocess.run(command, check=True, capture_output=True, text=True)\n"
            "    reply = json.loads(result.stdout)\n"
            '    if not reply["complete"]:\n'
            '        raise RuntimeError(reply["finish_reason"])\n'
            '    return reply["answer"]\n'
            "```",
        ),
        "formula": (
            "## A formula to look at\n\n"
            "The roots of $ax^2 + bx + c = 0$ are\n\n"
            "$$x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$$\n\n"
            "and there are two real ones exactly when $b^2 - 4ac > 0$. A coffee for $3 is no formula.",
            "## How long an answer takes\n\n"
            "With $n$ phrases and a pause of $\\Delta t$ between them, the whole takes\n\n"
            "$$T = t_0 + (n - 1) \\cdot \\Delta t$$\n\n"
            "where $t_0$ is the wait for the first one. For $n = 41$ and $\\Delta t = 0.05$ that is two "
            "seconds.",
        ),
        "quote": (
            "## A thought\n\n"
            "> A tool earns trust by what it does when things go wrong.\n"
            ">\n"
            "> > And by staying quiet when they go right.\n\n"
            "Try `gigachat simulator --fault cut -- gigachat ask hello` and look at the exit code.",
            "## A note in the margin\n\n"
            "> **Good to know.** Nothing secret is sent before the other side has proved who it is.\n"
            "> That is why the simulator makes a certificate authority of its own, and throws it away "
            "afterwards.",
        ),
    },
)

RUSSIAN = Texts(
    simulated=(
        "**Это ответ симулятора.** Его написала программа на вашем компьютере: модель вопроса не видела, "
        "токены не потрачены."
    ),
    asked="Вы спросили: «{}».",
    nothing_asked="Вопрос был пустым.",
    one_message="В запросе было одно сообщение,",
    messages="Сообщений в запросе: {}, то есть предыдущий разговор тоже дошёл,",
    system="а также системное сообщение «{}».",
    no_system="системного сообщения не было.",
    closing="*Конец ответа симулятора. С ключом авторизации та же команда спросит настоящий GigaChat.*",
    refusal="Это отказ симулятора: ответ остановлен фильтром содержания.",
    words_for_everything=("подробн", "длинн", "всё сразу", "все формы"),
    sentences=(
        "Поток приходит фразами, и хороший экран показывает каждую сразу.",
        "Напечатанное однажды больше не меняется.",
        "В конвейер попадает точный текст и ничего кроме него.",
        "Оборванный ответ помечен как оборванный и не выдаётся за целый.",
        "У каждого кода возврата одно значение.",
        "Симулятор терпелив: предложений будет ровно столько, сколько нужно.",
    ),
    sections={
        "prose": (
            "## Как путешествует ответ\n\n"
            "Ваши слова становятся одним запросом JSON и уходят по *проверенному* соединению TLS. Ответ "
            "возвращается **потоком фраз**: каждая фраза — небольшое событие, за которым следует пустая "
            "строка. "
            "Терминал показывает их по мере прихода, а конвейер получает тот же текст байт в байт. "
            "Последнее событие "
            "сообщает `finish_reason` и число токенов, а `[DONE]` закрывает поток.",
            "## Зачем нужен симулятор\n\n"
            "Он отвечает **сразу**, ничего не стоит и ошибается по заказу. Сценарий можно отладить в "
            "поезде: кто "
            "уже встретил здесь *ограничение частоты*, *обрыв потока* и *молчащий сервер*, того они не "
            "застанут "
            "врасплох потом. Все сбои перечисляет `gigachat simulator --help`.",
        ),
        "list": (
            "## Что проходит через конвейер\n\n"
            "- На входе\n"
            "  - слова, как они набраны, без кавычек\n"
            "  - файл или вывод другой программы\n"
            "    - он присоединяется к словам через пустую строку\n"
            "- На выходе\n"
            "  - в stdout — ответ, и только он\n"
            "  - в stderr — замечания и ошибки, по одной строке\n"
            "- В конце\n"
            "  - код возврата, которому можно верить",
            "## Три шага до настоящего ответа\n\n"
            "1. **Войти**: `gigachat auth login` проверит ключ авторизации и сохранит его.\n"
            "2. **Осмотреться**: `gigachat doctor` проверит\n"
            "   - сеть, прокси и сертификаты,\n"
            "   - часы, версию API (scope) и модель.\n"
            "3. **Спросить**: `gigachat ask Почему небо голубое?`",
        ),
        "table": (
            "## Коды возврата\n\n"
            "| код | значение | что делать |\n"
            "|---:|:---|:---|\n"
            "| 0 | ответ получен | читать |\n"
            "| 1 | сервис отказал | прочесть строку в stderr |\n"
            "| 2 | ошибка в команде | `gigachat ask --help` |\n"
            "| 3 | вход не удался | `gigachat auth login` |\n"
            "| 4 | сеть, TLS или обрыв | `gigachat doctor` |\n"
            "| 5 | лимит исчерпан | подождать или сменить модель |",
            "## Полезные ключи\n\n"
            "| ключ | действие | для чего |\n"
            "|:---|:---|:---:|\n"
            "| `-s ТЕКСТ` | системное сообщение | тон |\n"
            "| `-m ИМЯ` | выбор модели | качество |\n"
            "| `-x` | только первый блок кода | сценарии |\n"
            "| `--json` | один объект JSON | программы |\n"
            "| `--dry-run` | показать запрос, не посылая | любопытство |",
        ),
        "code": (
            "## В оболочке\n\n"
            "```bash\n"
            "# Спросить об изменениях и остановиться, если ответ не целый.\n"
            "if answer=$(git diff --staged | gigachat ask Опиши изменения); then\n"
            "    printf '%s\\n' \"$answer\"\n"
            "else\n"
            '    echo "ответа нет, код возврата $?" >&2\n'
            "fi\n"
            "```",
            "## На Python\n\n"
            "```python\n"
            "import json\n"
            "import subprocess\n"
            "\n"
            "\n"
            "def ask(question: str) -> str:\n"
            '    """Вернуть ответ; неполный ответ — ошибка."""\n'
            '    command = ["gigachat", "ask", "--json", question]\n'
            "    result = subprocess.run(command, check=True, capture_output=True, text=True)\n"
            "    reply = json.loads(result.stdout)\n"
            '    if not reply["complete"]:\n'
            '        raise RuntimeError(reply["finish_reason"])\n'
            '    return reply["answer"]\n'
            "```",
        ),
        "formula": (
            "## Формула для примера\n\n"
            "Корни уравнения $ax^2 + bx + c = 0$ таковы:\n\n"
            "$$x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$$\n\n"
            "Два вещественных корня есть ровно тогда, когда $b^2 - 4ac > 0$. А кофе за $3 — не формула.",
            "## Сколько длится ответ\n\n"
            "При $n$ фразах и паузе $\\Delta t$ между ними весь ответ займёт\n\n"
            "$$T = t_0 + (n - 1) \\cdot \\Delta t$$\n\n"
            "где $t_0$ — ожидание первой фразы. При $n = 41$ и $\\Delta t = 0{,}05$ это две секунды.",
        ),
        "quote": (
            "## Мысль\n\n"
            "> Инструмент заслуживает доверия тем, как ведёт себя при неудаче.\n"
            ">\n"
            "> > И тем, что молчит, когда всё хорошо.\n\n"
            "Попробуйте `gigachat simulator --fault cut -- gigachat ask привет` и посмотрите на код "
            "возврата.",
            "## Заметка на полях\n\n"
            "> **Полезно знать.** Ничто секретное не отправляется, пока другая сторона не доказала, кто "
            "она.\n"
            "> Поэтому симулятор создаёт собственный центр сертификации, а потом выбрасывает его.",
        ),
    },
)
