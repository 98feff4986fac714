"""Two hundred answers in the shapes of real ones: Russian and English, mathematics, code, tables wide and long.

Each is made of the parts that answers of models have, with the formulas that were written down by hand; what has to be
seen of it is known: the Unicode of its formulas, the lines of its code, the cells of its tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .formulas_by_hand import SCHOOL, UNIVERSITY, pairs

CODE = {
    "python": 'def f(items: list[int]) -> dict[str, int]:\n    """Сумма."""\n    return {"sum": sum(items)}  # готово',
    "cpp": "#include <vector>\nint main() {\n    std::vector<std::vector<int>> graph(10);\n    return 0;\n}",
    "java": 'public static void main(String[] args) {\n    System.out.println("Привет, " + args[0]);\n}',
    "javascript": "const sum = (a, b) => a + b;\nconsole.log(`${sum(1, 2)} — готово`);",
    "typescript": "interface User<T extends object> {\n  id: number;\n  data?: Partial<T>;\n}",
    "go": 'func main() {\n    for i := range 10 {\n        fmt.Printf("%d\\n", i)\n    }\n}',
    "rust": "fn largest<'a>(x: &'a str, y: &'a str) -> &'a str {\n    if x.len() > y.len() { x } else { y }\n}",
    "sql": "SELECT name, COUNT(*) AS n\nFROM users JOIN orders ON user_id = id\nGROUP BY name HAVING COUNT(*) > 5;",
    "bash": 'for file in *.txt; do\n    mv -- "$file" "${file%.txt}.md"\ndone',
    "html": '<div class="card">\n  <h2>Заголовок</h2>\n  <p>Текст &amp; ещё</p>\n</div>',
    "vue": '<template>\n  <li v-for="item in items" :key="item.id">{{ item.name }}</li>\n</template>',
    "json": '{\n  "name": "GigaChat",\n  "tokens": [1, 2.5, null, true]\n}',
}
_TITLES = ["Как это работает", "Решение задачи", "How it works", "Пошаговое объяснение", "Summary", "Итог"]
_PROSE = [
    "Рассмотрим задачу подробнее: **главное** здесь — порядок действий, а не *скорость*.",
    "First, let us look at the `main` function; it is short, but a lot depends on it.",
    "Обратите внимание: цена — $5 за штуку или 100$ за коробку, доставка от 300 ₽.",
    "See [the documentation](https://example.org/docs) for details, or ask again.",
    "Это верно для всех случаев, кроме одного: когда входные данные пусты.",
]
_WORDS = (
    *("метод", "среднее", "1234.56", "скорость", "значение", "O(n)", "Санкт-Петербург"),
    *("2024-05-17", "да", "нет", "производительность", "value"),
)


@dataclass(frozen=True, slots=True)
class RealAnswer:
    """The text of an answer, and what has to be seen of it: formulas without blanks, lines of code, words of cells."""

    text: str
    formulas: tuple[str, ...]
    code: tuple[str, ...]
    cells: tuple[str, ...]


def real_answers(count: int = 200) -> list[RealAnswer]:
    """The same answers each time."""
    formulas = pairs(SCHOOL) + pairs(UNIVERSITY)
    return [_answer(number, formulas) for number in range(count)]


def _answer(number: int, known: list[tuple[str, str]]) -> RealAnswer:
    chance = Random(number)
    formulas = [known[(number * 3 + step) % len(known)] for step in range(3)]
    language = list(CODE)[number % len(CODE)]
    columns, rows = (chance.randint(4, 7), 3) if number % 2 else (3, chance.randint(8, 20))
    cells = [[chance.choice(_WORDS) for _ in range(columns)] for _ in range(rows + 1)]
    inline, padded, display = (latex for latex, _ in formulas)
    parts = [
        f"{'#' * chance.randint(1, 4)} {chance.choice(_TITLES)}",
        f"{chance.choice(_PROSE)} Пусть {_inline(inline, chance)}, тогда дальше.",
        f"1. **Шаг.** {chance.choice(_PROSE)}\n2. **Step.** It is {_inline(padded, chance)} here.\n   - подпункт",
        _display(display, chance),
        f"```{language}\n{CODE[language]}\n```",
        "\n".join(f"| {' | '.join(row)} |" for row in [cells[0], ["---"] * columns, *cells[1:]]),
        f"> {chance.choice(_PROSE)}\n> Вторая строка цитаты.",
        chance.choice(_PROSE),
    ]
    start, *middle, end = parts
    chance.shuffle(middle)
    return RealAnswer(
        "\n\n".join([start, *middle, end]),
        tuple(shown.replace(" ", "") for _, shown in formulas),
        tuple(CODE[language].split("\n")),
        tuple(word for row in cells for word in row),
    )


def _inline(latex: str, chance: Random) -> str:
    forms = [f"\\({latex}\\)", f"$${latex}$$"]
    if "$" not in latex and any(sign in latex for sign in "\\^_") and not latex[0].isdigit():
        forms += [f"${latex}$", f"$ {latex} $"]
    return chance.choice(forms)


def _display(latex: str, chance: Random) -> str:
    return chance.choice([f"$$\n{latex}\n$$", f"\\[\n{latex}\n\\]", f"\\begin{{equation}}\n{latex}\n\\end{{equation}}"])
