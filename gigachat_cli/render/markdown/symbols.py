"""The symbols of LaTeX by their names, in the kinds that decide on the blanks around them.

The names are KaTeX's, which the vendor's own pages use for formulas, and a few that models invent.
"""

from __future__ import annotations

from functools import cache


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_RELATIONS = """
equiv ≡ prec ≺ succ ≻ sim ∼ perp ⊥ preceq ⪯ succeq ⪰ simeq ≃ mid | ll ≪ gg ≫ asymp ≍ parallel ∥ bowtie ⋈ smile ⌣
sqsubseteq ⊑ sqsupseteq ⊒ doteq ≐ frown ⌢ ni ∋ propto ∝ vdash ⊢ dashv ⊣ owns ∋ longleftarrow ⟵ Leftarrow ⇐
Longleftarrow ⟸ longrightarrow ⟶ Rightarrow ⇒ Longrightarrow ⟹ leftrightarrow ↔ longleftrightarrow ⟷ Leftrightarrow ⇔
Longleftrightarrow ⟺ mapsto ↦ longmapsto ⟼ nearrow ↗ hookleftarrow ↩ hookrightarrow ↪ searrow ↘ leftharpoonup ↼
rightharpoonup ⇀ swarrow ↙ leftharpoondown ↽ rightharpoondown ⇁ nwarrow ↖ rightleftharpoons ⇌ nless ≮ lneq ⪇ lneqq ≨
lnsim ⋦ lnapprox ⪉ nprec ⊀ npreceq ⋠ precnsim ⋨ precnapprox ⪹ nsim ≁ nmid ∤ nvdash ⊬ nvDash ⊭ ntriangleleft ⋪
ntrianglelefteq ⋬ subsetneq ⊊ subsetneqq ⫋ ngtr ≯ gneq ⪈ gneqq ≩ gnsim ⋧ gnapprox ⪊ nsucc ⊁ nsucceq ⋡ succnsim ⋩
succnapprox ⪺ ncong ≇ nparallel ∦ nVDash ⊯ ntriangleright ⋫ ntrianglerighteq ⋭ supsetneq ⊋ supsetneqq ⫌ nVdash ⊮
precneqq ⪵ succneqq ⪶ nleftarrow ↚ nrightarrow ↛ nLeftarrow ⇍ nRightarrow ⇏ nleftrightarrow ↮ nLeftrightarrow ⇎
leqq ≦ leqslant ⩽ eqslantless ⪕ lesssim ≲ lessapprox ⪅ approxeq ≊ lll ⋘ lessgtr ≶ lesseqgtr ⋚ lesseqqgtr ⪋
doteqdot ≑ risingdotseq ≓ fallingdotseq ≒ backsim ∽ backsimeq ⋍ subseteqq ⫅ Subset ⋐ sqsubset ⊏ preccurlyeq ≼
curlyeqprec ⋞ precsim ≾ precapprox ⪷ vartriangleleft ⊲ trianglelefteq ⊴ vDash ⊨ Vvdash ⊪ smallsmile ⌣ smallfrown ⌢
bumpeq ≏ Bumpeq ≎ geqq ≧ geqslant ⩾ eqslantgtr ⪖ gtrsim ≳ gtrapprox ⪆ ggg ⋙ gtrless ≷ gtreqless ⋛ gtreqqless ⪌
eqcirc ≖ circeq ≗ triangleq ≜ thicksim ∼ thickapprox ≈ supseteqq ⫆ Supset ⋑ sqsupset ⊐ succcurlyeq ≽ curlyeqsucc ⋟
succsim ≿ succapprox ⪸ vartriangleright ⊳ trianglerighteq ⊵ Vdash ⊩ shortmid ∣ shortparallel ∥ between ≬ pitchfork ⋔
varpropto ∝ blacktriangleleft ◀ therefore ∴ backepsilon ∍ blacktriangleright ▶ because ∵ llless ⋘ gggtr ⋙ eqsim ≂
Join ⋈ Doteq ≑ dashrightarrow ⇢ dashleftarrow ⇠ leftleftarrows ⇇ leftrightarrows ⇆ Lleftarrow ⇚ twoheadleftarrow ↞
leftarrowtail ↢ looparrowleft ↫ leftrightharpoons ⇋ curvearrowleft ↶ circlearrowleft ↺ Lsh ↰ upuparrows ⇈
upharpoonleft ↿ downharpoonleft ⇃ origof ⊶ imageof ⊷ multimap ⊸ leftrightsquigarrow ↭ rightrightarrows ⇉
rightleftarrows ⇄ twoheadrightarrow ↠ rightarrowtail ↣ looparrowright ↬ curvearrowright ↷ circlearrowright ↻ Rsh ↱
downdownarrows ⇊ upharpoonright ↾ downharpoonright ⇂ rightsquigarrow ⇝ leadsto ⇝ Rrightarrow ⇛ restriction ↾
approx ≈ cong ≅ ge ≥ geq ≥ gets ← gt > in ∈ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ nsubseteq ⊈ nsupseteq ⊉ models ⊨
leftarrow ← le ≤ leq ≤ lt < rightarrow → to → ngeq ≱ nleq ≰ uparrow ↑ Uparrow ⇑ downarrow ↓ Downarrow ⇓ updownarrow ↕
Updownarrow ⇕ neq ≠ ne ≠ notin ∉ notni ∌ iff ⇔ implies ⇒ impliedby ⇐ vcentcolon : dblcolon ∷ coloneqq ≔ Coloneqq ⩴
coloneq ≔ eqqcolon ≕ eqcolon ≕ colonequals ≔ equalscolon ≕ colonapprox :≈ colonsim :∼ simcolon ∼: approxcolon ≈:
ratio ∶ coloncolon ∷ coloncolonequals ⩴ equalscoloncolon =∷ Eqqcolon =∷ Coloneq ∷- Eqcolon -∷ colonminus ∶-
minuscolon -∶ coloncolonminus ∷- minuscoloncolon -∷ Colonapprox ∷≈ Colonsim ∷∼ coloncolonapprox ∷≈ coloncolonsim ∷∼
simcoloncolon ∼∷ approxcoloncolon ≈∷ gvertneqq ≩ lvertneqq ≨ ngeqq ≱ ngeqslant ≱ nleqq ≰ nleqslant ≰ nshortmid ∤
nshortparallel ∦ nsubseteqq ⊈ nsupseteqq ⊉ varsubsetneq ⊊ varsubsetneqq ⫋ varsupsetneq ⊋ varsupsetneqq ⫌ darr ↓
dArr ⇓ Darr ⇓ uarr ↑ uArr ⇑ Uarr ⇑ harr ↔ hArr ⇔ Harr ⇔ isin ∈ larr ← lArr ⇐ Larr ⇐ lrarr ↔ lrArr ⇔ Lrarr ⇔ rarr →
rArr ⇒ Rarr ⇒ sub ⊂ sube ⊆ supe ⊇ unlhd ⊴ unrhd ⊵ lhd ⊲ rhd ⊳ nequiv ≢ napprox ≉ vDdash ⫢ given |
"""
_BINARIES = """
vdots ⋮ mp ∓ ominus ⊖ uplus ⊎ sqcap ⊓ ast ∗ sqcup ⊔ bigcirc ◯ bullet • ddagger ‡ wr ≀ amalg ⨿ And & lessdot ⋖ gtrdot ⋗
dotplus ∔ smallsetminus ∖ Cap ⋒ Cup ⋓ doublebarwedge ⩞ boxminus ⊟ boxplus ⊞ divideontimes ⋇ ltimes ⋉ rtimes ⋊
leftthreetimes ⋋ rightthreetimes ⋌ curlywedge ⋏ curlyvee ⋎ circleddash ⊝ circledast ⊛ centerdot ⋅ intercal ⊺
doublecap ⋒ doublecup ⋓ boxtimes ⊠ cdot · circ ∘ div ÷ pm ± times × cap ∩ cup ∪ setminus ∖ land ∧ lor ∨ wedge ∧ vee ∨
barwedge ⊼ veebar ⊻ odot ⊙ oplus ⊕ otimes ⊗ oslash ⊘ circledcirc ⊚ boxdot ⊡ bigtriangleup △ bigtriangledown ▽
dagger † diamond ⋄ star ⋆ triangleleft ◃ triangleright ▹ plusmn ± sdot · bull • Dagger ‡ minuso ⦵ mod mod bmod mod
"""
_LARGE = """
coprod ∐ bigvee ⋁ bigwedge ⋀ biguplus ⨄ bigcap ⋂ bigcup ⋃ int ∫ intop ∫ iint ∬ iiint ∭ iiiint ⨌ prod ∏ sum ∑
bigotimes ⨂ bigoplus ⨁ bigodot ⨀ oint ∮ oiint ∯ oiiint ∰ bigsqcup ⨆ smallint ∫ idotsint ∫⋯∫
"""
_LETTERS = """
aleph ℵ forall ∀ hbar ℏ exists ∃ nabla ∇ flat ♭ ell ℓ natural ♮ clubsuit ♣ wp ℘ sharp ♯ diamondsuit ♢ Re ℜ heartsuit ♡
Im ℑ spadesuit ♠ S § P ¶ dag † ddag ‡ hslash ℏ triangledown ▽ lozenge ◊ circledS Ⓢ circledR ® measuredangle ∡
nexists ∄ mho ℧ Finv Ⅎ Game ⅁ backprime ‵ blacktriangle ▲ blacktriangledown ▼ blacksquare ■ blacklozenge ⧫ bigstar ★
sphericalangle ∢ complement ∁ eth ð diagup ╱ diagdown ╲ square □ Box □ Diamond ◊ yen ¥ checkmark ✓ beth ℶ daleth ℸ
gimel ℷ digamma ϝ varkappa ϰ angle ∠ infty ∞ prime ′ triangle △ Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ
Upsilon Υ Phi Φ Psi Ψ Omega Ω neg ¬ lnot ¬ top ⊤ bot ⊥ emptyset ∅ varnothing ∅ surd √ partial ∂ backslash \\ vert |
Vert ‖ varvdots ⋮ degree ° pounds £ mathsterling £ maltese ✠ alpha α beta β gamma γ delta δ epsilon ϵ zeta ζ eta η
theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ omicron ο pi π rho ρ sigma σ tau τ upsilon υ phi ϕ chi χ psi ψ omega ω
varepsilon ε vartheta ϑ varpi ϖ varrho ϱ varsigma ς varphi φ mathellipsis … ldots … ddots ⋱ dots … dotso … dotsc …
cdots ⋯ dotsb ⋯ dotsm ⋯ dotsi ⋯ dotsx … iddots ⋰ varGamma Γ varDelta Δ varTheta Θ varLambda Λ varXi Ξ varPi Π
varSigma Σ varUpsilon Υ varPhi Φ varPsi Ψ varOmega Ω imath ı jmath ȷ N ℕ R ℝ Z ℤ alef ℵ alefsym ℵ Alpha Α Beta Β Chi Χ
clubs ♣ cnums ℂ Complex ℂ diamonds ♢ empty ∅ Epsilon Ε Eta Η exist ∃ hearts ♡ image ℑ infin ∞ Iota Ι Kappa Κ Mu Μ
natnums ℕ Nu Ν Omicron Ο real ℜ reals ℝ Reals ℝ Rho Ρ sect § spades ♠ Tau Τ thetasym ϑ weierp ℘ Zeta Ζ Bbbk 𝕜
vartriangle △ aa å AA Å ae æ AE Æ oe œ OE Œ o ø O Ø ss ß l ł L Ł copyright © textcopyright © textregistered ® TeX TeX
LaTeX LaTeX KaTeX KaTeX lq ‘ rq ’ colon : ldotp . cdotp · textdegree ° celsius °C degreeCelsius °C ohm Ω micro µ
percent % euro € textquotesingle ' textasciitilde ~ textasciicircum ^ textbackslash \\ textbar | textbardbl ‖
textless < textgreater > textellipsis … textendash – textemdash — textquoteleft ‘ textquoteright ’ textquotedblleft “
textquotedblright ” textunderscore _ textdollar $ textsterling £ textbraceleft { textbraceright } textdagger †
textdaggerdbl ‡ permil ‰ textperthousand ‰ diameter ⌀ varcoppa ϙ qed ∎ dd d
"""
_OPENING = "langle ⟨ lvert | lVert ‖ lbrace { lbrack [ lparen ( lfloor ⌊ lceil ⌈ lang ⟨ lmoustache ⎰ lgroup ⟮"
_OPENING += " ulcorner ⌜ llcorner ⌞ llbracket ⟦ lBrace ⦃"
_CLOSING = "rangle ⟩ rvert | rVert ‖ rbrace } rbrack ] rparen ) rfloor ⌋ rceil ⌉ rang ⟩ rmoustache ⎱ rgroup ⟯"
_CLOSING += " urcorner ⌝ lrcorner ⌟ rrbracket ⟧ rBrace ⦄"

_FUNCTIONS = """
sin cos tan tg cot ctg cotg sec csc cosec arcsin arccos arctan arctg arcctg arccot sinh cosh tanh sh ch th coth cth log
ln lg exp lim sup inf max min det dim ker gcd lcm deg arg hom Pr rank sgn sign tr diag grad rot curl Res supp span
"""
FUNCTIONS = {name: name for name in _FUNCTIONS.split()} | {
    "limsup": "lim sup",
    "liminf": "lim inf",
    "injlim": "inj lim",
    "projlim": "proj lim",
    "varlimsup": "lim sup",
    "varliminf": "lim inf",
    "varinjlim": "inj lim",
    "varprojlim": "proj lim",
    "argmin": "arg min",
    "argmax": "arg max",
    "plim": "plim",
}
"""The text of functions, by their names."""

WITH_LIMITS = names("""
lim sup inf max min limsup liminf injlim projlim varlimsup varliminf varinjlim varprojlim argmin argmax
""")
"""Functions with a variable below them, and their argument after them."""

ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "check": "\u030c",
    "widecheck": "\u030c",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0305",
    "breve": "\u0306",
    "dot": "\u0307",
    "ddot": "\u0308",
    "dddot": "\u20db",
    "ddddot": "\u20dc",
    "acute": "\u0301",
    "grave": "\u0300",
    "mathring": "\u030a",
    "vec": "\u20d7",
    "overrightarrow": "\u20d7",
    "overleftarrow": "\u20d6",
    "overleftrightarrow": "\u20e1",
    "overrightharpoon": "\u20d1",
    "overleftharpoon": "\u20d0",
    "underline": "\u0332",
    "underbar": "\u0332",
    "overlinesegment": "\u0305",
    "underlinesegment": "\u0332",
    "underparen": "\u032e",
    "undergroup": "\u032e",
    "utilde": "\u0330",
    "underrightarrow": "\u20ef",
    "underleftarrow": "\u20ee",
    "underleftrightarrow": "\u034d",
    "cancel": "\u0338",
    "bcancel": "\u20e5",
    "xcancel": "\u0338",
    "sout": "\u0336",
}
"""The mark that combines with each character below it."""

ARCS = names("overparen wideparen overarc overgroup ⌢ ⌣ ⌒ ∪ ∩")
"""Arcs over letters, by the name or by the glyph that is put above them."""

DERIVATIVES = {"dv": "d", "odv": "d", "pdv": "∂"}
"""Fractions of differentials, by the command, with the sign of these."""

SPACES = {
    **dict.fromkeys(["quad", "qquad", "enspace", "enskip", "space", ",", ":", ";", ">", " ", "/"], " "),
    **dict.fromkeys(["thinspace", "medspace", "thickspace", "nobreakspace"], " "),
    **dict.fromkeys(["!", "negthinspace", "negmedspace", "negthickspace"], ""),
}

SILENT = names("""
displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag allowbreak nobreak relax tiny
scriptsize footnotesize small normalsize large Large LARGE huge Huge mathstrut strut hfill centering rm bf it sf tt
cal boldmath middle big Big bigg Bigg bigl bigr bigm Bigl Bigr Bigm biggl biggr biggm Biggl Biggr Biggm protect
noindent par DOTSI DOTSB DOTSX hline hdashline bgroup egroup displaylimits
""")
"""Commands that change only how something looks."""

NEGATED = {
    "∈": "∉", "∋": "∌", "=": "≠", "<": "≮", ">": "≯", "≤": "≰", "≥": "≱", "⊂": "⊄", "⊃": "⊅", "⊆": "⊈", "⊇": "⊉",
    "≡": "≢", "∼": "≁", "≃": "≄", "≅": "≇", "≈": "≉", "∥": "∦", "|": "∤", "∣": "∤", "⊢": "⊬", "⊨": "⊭", "∃": "∄",
    "≺": "⊀", "≻": "⊁", "→": "↛", "←": "↚", "↔": "↮", "⇒": "⇏", "⇐": "⇍", "⇔": "⇎", "⊑": "⋢", "⊒": "⋣",
}  # fmt: skip
"""What `\\not` makes of a relation."""

FONTS = names("""
mathrm mathbf mathit mathsf mathtt mathnormal boldsymbol bm pmb bold mathord mathopen mathclose mathpunct mathinner
smash llap rlap clap mathllap mathrlap mathclap vcenter hbox ensuremath displaylines overbrace underbrace emph html
overbracket underbracket mathsfit vb vu va
red blue green orange purple pink gray
""")
"""Commands whose argument stays as it is: fonts, sizes, colours, frames."""

TEXTS = names("""
text textrm textbf textit textsf texttt textnormal textup textmd mbox textsc url
""")
"""Commands whose argument is text."""

HIDDEN = {**dict.fromkeys(["phantom", "hphantom", "vphantom", "label", "eqref", "ref", "cite"], 1), "rule": 2}
"""Commands with arguments that are not shown, and how many they have."""

LENGTHS = names("hspace hskip vspace kern mkern mskip")
"""Commands that move what follows by a length."""

COLOURED = {"textcolor": 1, "colorbox": 1, "fcolorbox": 2, "href": 1, "raisebox": 1, "htmlId": 1, "class": 1}
"""How many arguments come before the one that is shown."""

FRACTIONS = names("""
frac dfrac tfrac cfrac sfrac nicefrac flatfrac
""")

ARROWS = {
    "xrightarrow": "→", "xleftarrow": "←", "xleftrightarrow": "↔", "xRightarrow": "⇒", "xLeftarrow": "⇐",
    "xLeftrightarrow": "⇔", "xrightleftharpoons": "⇌", "xleftrightharpoons": "⇋", "xmapsto": "↦", "xlongequal": "=",
    "xhookrightarrow": "↪", "xhookleftarrow": "↩", "xrightharpoonup": "⇀", "xleftharpoonup": "↼", "xtofrom": "⇄",
    "xrightharpoondown": "⇁", "xleftharpoondown": "↽", "xtwoheadrightarrow": "↠", "xtwoheadleftarrow": "↞",
    "xrightequilibrium": "⇌", "xleftequilibrium": "⇋",
}  # fmt: skip
"""Arrows with a text above them."""

AROUND = {
    "abs": ("|", "|"), "norm": ("‖", "‖"), "bra": ("⟨", "|"), "ket": ("|", "⟩"), "braket": ("⟨", "⟩"),
    "Bra": ("⟨", "|"), "Ket": ("|", "⟩"), "Braket": ("⟨", "⟩"), "set": ("{", "}"), "Set": ("{", "}"),
    "boxed": ("[", "]"), "fbox": ("[", "]"), "pmod": ("(mod ", ")"), "pod": ("(", ")"), "floor": ("⌊", "⌋"),
    "ceil": ("⌈", "⌉"), "tag": ("(", ")"),
}  # fmt: skip
"""Texts before and after an argument."""

_ALPHABETS = {
    "mathbb": (0x1D538, 0x1D552, 0x1D7D8, {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}),
    "mathcal": (
        0x1D49C,
        0x1D4B6,
        0,
        dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    ),
    "mathfrak": (0x1D504, 0x1D51E, 0, dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True))),
}
_ALPHABET_NAMES = {"Bbb": "mathbb", "mathscr": "mathcal", "frak": "mathfrak", "mathds": "mathbb", "mathbbm": "mathbb"}


@cache
def symbols() -> dict[str, tuple[str, str]]:
    """Each symbol's kind (`relation`, `binary`, `large`, `letter`, `open`, `close`) and glyph, by its name."""
    kinds = {
        "relation": _RELATIONS,
        "binary": _BINARIES,
        "large": _LARGE,
        "letter": _LETTERS,
        "open": _OPENING,
        "close": _CLOSING,
    }
    found: dict[str, tuple[str, str]] = {}
    for kind, table in kinds.items():
        words = table.split()
        found.update((name, (kind, glyph)) for name, glyph in zip(words[::2], words[1::2], strict=True))
    return found


def in_alphabet(name: str, text: str) -> str | None:
    """A text in an alphabet such as `mathbb`; None for an unknown one.  Characters that it lacks stay as they are."""
    alphabet = _ALPHABETS.get(_ALPHABET_NAMES.get(name, name))
    if alphabet is None:
        return None
    capital, small, digit, others = alphabet
    return "".join(others.get(letter) or _shifted(letter, capital, small, digit) for letter in text)


def _shifted(letter: str, capital: int, small: int, digit: int) -> str:
    for first, start in (("A", capital), ("a", small), ("0", digit)):
        if start and letter.isascii() and letter.isalnum() and ord(first) <= ord(letter) < ord(first) + 26:
            if first == "0" and not letter.isdigit():
                continue
            return chr(start + ord(letter) - ord(first))
    return letter
