"""Formulas of school and university with the Unicode that each has to become, written down by hand."""

from __future__ import annotations

SCHOOL = r"""
2 + 2 \cdot 3 = 8 -> 2 + 2 · 3 = 8
\frac{1}{2} + \frac{1}{3} = \frac{5}{6} -> 1/2 + 1/3 = 5/6
2\frac{1}{2} -> 2 1/2
0,(3) = \frac{1}{3} -> 0,(3) = 1/3
0,\overline{04} -> 0,(04)
3{,}14 -> 3,14
a^2 - b^2 = (a-b)(a+b) -> a² - b² = (a-b)(a+b)
(a+b)^3 = a^3 + 3a^2b + 3ab^2 + b^3 -> (a+b)³ = a³ + 3a²b + 3ab² + b³
x_{1,2} = \frac{-b \pm \sqrt{D}}{2a} -> x_(1,2) = (-b ± √D)/(2a)
D = b^2 - 4ac -> D = b² - 4ac
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a} -> x = (-b ± √(b² - 4ac))/(2a)
\sqrt{16} = 4 -> √16 = 4
\sqrt[3]{27} = 3 -> ∛27 = 3
\sqrt[4]{16} -> ∜16
\sqrt[n]{a^m} = a^{\frac{m}{n}} -> ⁿ√(aᵐ) = a^(m/n)
\sqrt{a}\sqrt{b} -> √a√b
\frac{\sqrt{3}}{2} -> (√3)/2
\frac{1}{\sqrt{2}} -> 1/√2
a^{-n} = \frac{1}{a^n} -> a⁻ⁿ = 1/aⁿ
\left(\frac{a}{b}\right)^n = \frac{a^n}{b^n} -> (a/b)ⁿ = aⁿ/bⁿ
x \in (-\infty; 2] \cup [5; +\infty) -> x ∈ (-∞; 2] ∪ [5; +∞)
x \geqslant 3 -> x ⩾ 3
x \neq 0 -> x ≠ 0
|x - 2| \le 5 -> |x - 2| ≤ 5
\triangle ABC \sim \triangle DEF -> △ABC ∼ △DEF
\angle ABC = 90^\circ -> ∠ABC = 90°
\angle A + \angle B + \angle C = 180^{\circ} -> ∠A + ∠B + ∠C = 180°
AB \perp CD, \; a \parallel b -> AB ⊥ CD, a ∥ b
\overrightarrow{AB} + \overrightarrow{BC} = \overrightarrow{AC} -> AB⃗ + BC⃗ = AC⃗
|\vec{a}| = \sqrt{x^2 + y^2} -> |a⃗| = √(x² + y²)
S = \pi r^2 -> S = πr²
S = \frac{1}{2}ah -> S = 1/2 ah
S = \frac{a+b}{2} \cdot h -> S = (a+b)/2 · h
V = \frac{4}{3}\pi R^3 -> V = 4/3 πR³
c^2 = a^2 + b^2 - 2ab\cos\gamma -> c² = a² + b² - 2ab cos γ
\frac{a}{\sin\alpha} = \frac{b}{\sin\beta} = 2R -> a/(sin α) = b/(sin β) = 2R
\sin^2\alpha + \cos^2\alpha = 1 -> sin² α + cos² α = 1
\tg\alpha = \frac{\sin\alpha}{\cos\alpha} -> tg α = (sin α)/(cos α)
\sin 2x = 2\sin x\cos x -> sin 2x = 2 sin x cos x
\cos\frac{\pi}{3} = \frac{1}{2} -> cos(π/3) = 1/2
\log_2 8 = 3 -> log₂ 8 = 3
\log_{a}{bc} = \log_a b + \log_a c -> logₐ bc = logₐ b + logₐ c
\lg 100 = 2, \ln e = 1 -> lg 100 = 2, ln e = 1
a_n = a_1 + (n-1)d -> aₙ = a₁ + (n-1)d
S_n = \frac{a_1 + a_n}{2} \cdot n -> Sₙ = (a₁ + aₙ)/2 · n
b_n = b_1 q^{n-1} -> bₙ = b₁ qⁿ⁻¹
n! = 1 \cdot 2 \cdot \ldots \cdot n -> n! = 1 · 2 · … · n
C_n^k = \frac{n!}{k!(n-k)!} -> Cₙᵏ = n!/(k!(n-k)!)
v = \frac{s}{t} -> v = s/t
s = v_0 t + \frac{at^2}{2} -> s = v₀ t + at²/2
F = ma -> F = ma
F = G\frac{m_1 m_2}{r^2} -> F = G(m₁m₂/r²)
E_k = \frac{mv^2}{2} -> Eₖ = mv²/2
Q = cm\Delta t -> Q = cmΔt
Q = cm(t_2 - t_1) -> Q = cm(t₂ - t₁)
P = \frac{F}{S} = \rho gh -> P = F/S = ρgh
I = \frac{U}{R} -> I = U/R
R = R_1 + R_2, \quad \frac{1}{R} = \frac{1}{R_1} + \frac{1}{R_2} -> R = R₁ + R₂, 1/R = 1/R₁ + 1/R₂
\lambda = \frac{c}{\nu} -> λ = c/ν
E = mc^2 -> E = mc²
pV = \frac{m}{M}RT -> pV = (m/M)RT
T = 2\pi\sqrt{\frac{l}{g}} -> T = 2π√(l/g)
v = 10\ \text{м/с} -> v = 10 м/с
t = 20^\circ\text{C} -> t = 20°C
m = 5 \cdot 10^{-3}\text{ кг} -> m = 5 · 10⁻³ кг
6{,}02 \cdot 10^{23} -> 6,02 · 10²³
x \approx 3{,}14 -> x ≈ 3,14
50\% -> 50%
\{1, 2, 3\} -> {1, 2, 3}
A \cap B = \varnothing -> A ∩ B = ∅
x_{\text{макс}} -> x_(макс)
\text{если } x > 0 -> если x > 0
2x + 3 = 7 \Rightarrow x = 2 -> 2x + 3 = 7 ⇒ x = 2
a \iff b -> a ⇔ b
\boxed{42} -> [42]
\overset{\frown}{AB} = \wideparen{CD} -> ⌒AB = ⌒CD
\ce{H2SO4} -> H₂SO₄
\ce{2H2 + O2 -> 2H2O} => 2H₂ + O₂ → 2H₂O
\ce{Fe^3+ + 3OH- -> Fe(OH)3 v} => Fe³⁺ + 3OH⁻ → Fe(OH)₃ ↓
\ce{SO4^2-} -> SO₄²⁻
\ce{N2 + 3H2 <=> 2NH3} -> N₂ + 3H₂ ⇌ 2NH₃
\ce{CaCO3 ->[t^\circ] CaO + CO2 ^} => CaCO₃ →(t°) CaO + CO₂ ↑
\ce{CuSO4*5H2O} -> CuSO₄·5H₂O
\ce{CuSO4.5H2O} -> CuSO₄·5H₂O
\ce{KCr(SO4)2.12H2O} -> KCr(SO₄)₂·12H₂O
\ce{CaSO4.1/2H2O} -> CaSO₄·1/2H₂O
\ce{Fe0.95O} -> Fe_(0.95)O
\ce{1.5H2O} -> 1.5H₂O
A \xrightarrow{t^\circ} B -> A →(t°) B
H_2O -> H₂O
CO_3^{2-} -> CO₃²⁻
\frac{1}{2}/\frac{3}{4} -> (1/2)/(3/4)
\frac{1}{2}:\frac{1}{4} = 2 -> (1/2):(1/4) = 2
a \div \frac{b}{c} -> a ÷ (b/c)
f: \frac{1}{2} -> f: 1/2
\text{Ответ: }\frac{1}{2} -> Ответ: 1/2
\sqrt{3}\frac{1}{2} -> √3(1/2)
\sqrt{2}x + \sqrt[3]{5}\pi -> √2 x + ∛5 π
\sqrt{2}(x+1) -> √2 (x+1)
10 \vdots 5, 10\vdots5 -> 10 ⋮ 5, 10 ⋮ 5
F_{п}x + v_{с}t = \rho_{в}gh -> F_п x + v_с t = ρ_в gh
\mathrm{tg}x, \mathrm{НОД}(a, b) -> tg x, НОД(a, b)
\text{\textbf{Ответ:} $x_1$ и \{5\} за 100 \$} -> Ответ: x₁ и {5} за 100 $
f(x) = x^2 \text{, тогда } x = 1 -> f(x) = x², тогда x = 1
\ce{CuSO4 . 5H2O} -> CuSO₄·5H₂O
\ce{H2SO4 \rightarrow 2H+ + SO4^2-} -> H₂SO₄ → 2H⁺ + SO₄²⁻
\ce{\alpha-D-glucose} -> α-D-glucose
\ce{\overset{a}{b}H2} -> \ce{\overset{a}{b}H2}
\ce{CH#CH} -> CH≡CH
\ce{^13C + ^227_90Th+} -> ¹³C + ²²⁷₉₀Th⁺
\ce{K+(aq) + Cl-(aq)} -> K⁺(aq) + Cl⁻(aq)
\ce{A ->[H2SO4][$t^\circ$] B} => A →(H₂SO₄; t°) B
\pu{1.2e3 J}, \pu{9.8 m s-2}, \pu{1e-7 mol/L} -> 1.2·10³ J, 9.8 m s⁻², 1·10⁻⁷ mol/L
\SI{3e8}{m/s}, \num{1e10}, \unit{\metre}, \ang{45} -> 3·10⁸ m/s, 1·10¹⁰, metre, 45°
\SI{9.8}{\meter\per\second\squared}, \si{\per\square\second}, \ang{45;30;} -> 9.8 meter/second², /second², 45°30′
a\sqrt[n]{b} + (c)\sqrt[k]{d} + 2\sqrt[3]{e} -> a ⁿ√b + (c) ᵏ√d + 2∛e
\sqrt10 = \sqrt{2}\sqrt5 -> √10 = √2√5
"""

UNIVERSITY = r"""
\left. \frac{df}{dx} \right|_{x=0} -> df/dx|ₓ₌₀
F(x)\Big|_a^b = \left. F(x) \right|_a^b -> F(x)|ₐᵇ = F(x)|ₐᵇ
\genfrac{(}{)}{0pt}{}{n}{k} = {n \choose k} -> C(n, k) = C(n, k)
{n \brace k} + {n \brack k} -> {n; k} + [n; k]
\dv{f}{x} + \pdv[2]{u}{x} = 0, \dd x -> df/dx + ∂²u/∂x² = 0, dx
a\kern3pt b \mkern 4mu c \rule{1em}{2pt} d -> a b c d
\verb|a_b^c| = \url{https://e.org/a_b} -> a_b^c = https://e.org/a_b
\SI{5}{\metre\per\second} -> 5 metre/second
\newcommand{\N}{\mathbb{N}} n \in \N -> \newcommand{\N}{\mathbb{N}} n \in \N
^{235}_{92}U + ^1_0n -> ₉₂²³⁵U + ₀¹n
\mathchoice{a}{b}{c}{d} + e -> a + e
\lim_{x \to 0} \frac{\sin x}{x} = 1 -> lim_(x → 0) (sin x)/x = 1
\lim_{n\to\infty}\left(1+\frac{1}{n}\right)^n = e -> lim_(n → ∞) (1+1/n)ⁿ = e
f'(x) = \lim_{h \to 0} \frac{f(x+h) - f(x)}{h} -> f′(x) = lim_(h → 0) (f(x+h) - f(x))/h
\frac{dy}{dx} -> dy/dx
\frac{d}{dx}f(x) -> (d/dx)f(x)
\frac{\partial^2 u}{\partial t^2} = c^2 \nabla^2 u -> ∂²u/∂t² = c² ∇² u
y'' + py' + qy = 0 -> y″ + py′ + qy = 0
\int_0^1 x^2\,dx = \frac{1}{3} -> ∫₀¹ x² dx = 1/3
\int_{-\infty}^{+\infty} e^{-x^2} dx = \sqrt{\pi} -> ∫_(-∞)^(+∞) e^(-x²) dx = √π
\iint_D f(x,y)\,dx\,dy -> ∬_D f(x,y) dx dy
\oint_C \vec{F} \cdot d\vec{r} -> ∮_C F⃗ · dr⃗
\sum_{i=1}^{n} i = \frac{n(n+1)}{2} -> ∑ᵢ₌₁ⁿ i = n(n+1)/2
\sum_{n=0}^{\infty} \frac{x^n}{n!} = e^x -> ∑ₙ₌₀^∞ xⁿ/n! = eˣ
\prod_{k=1}^n k = n! -> ∏ₖ₌₁ⁿ k = n!
\sum_{x \text{ even}} x -> ∑_(x even) x
e^{i\pi} + 1 = 0 -> e^(iπ) + 1 = 0
e^{ix} = \cos x + i\sin x -> eⁱˣ = cos x + i sin x
z = \overline{w} -> z = w̄
\overline{AB} -> A̅B̅
\bar{x} = \frac{1}{n}\sum_{i=1}^n x_i -> x̄ = (1/n) ∑ᵢ₌₁ⁿ xᵢ
\sigma^2 = \frac{1}{n}\sum (x_i - \bar{x})^2 -> σ² = (1/n) ∑ (xᵢ - x̄)²
P(A|B) = \frac{P(B|A)P(A)}{P(B)} -> P(A|B) = P(B|A)P(A)/(P(B))
P(A \mid B) -> P(A | B)
X \sim \mathcal{N}(\mu, \sigma^2) -> X ∼ 𝒩(μ, σ²)
f(x) = \frac{1}{\sigma\sqrt{2\pi}} e^{-\frac{(x-\mu)^2}{2\sigma^2}} -> f(x) = (1/(σ√(2π))) e^(-(x-μ)²/(2σ²))
\binom{n}{k} = \frac{n!}{k!(n-k)!} -> C(n, k) = n!/(k!(n-k)!)
\forall \varepsilon > 0 \; \exists \delta > 0 -> ∀ε > 0 ∃δ > 0
x \in \mathbb{R}, n \in \mathbb{N} -> x ∈ ℝ, n ∈ ℕ
f: \mathbb{R}^n \to \mathbb{R} -> f: ℝⁿ → ℝ
f \colon A \to B -> f: A → B
A \setminus B, A \times B -> A ∖ B, A × B
A \subseteq B \iff \forall x\,(x \in A \implies x \in B) -> A ⊆ B ⇔ ∀x (x ∈ A ⇒ x ∈ B)
x \notin A, x \not\in A -> x ∉ A, x ∉ A
\neg(p \land q) \equiv \neg p \lor \neg q -> ¬(p ∧ q) ≡ ¬p ∨ ¬q
a \equiv b \pmod{n} -> a ≡ b (mod n)
a \bmod n = r -> a mod n = r
\gcd(a, b) = 1 -> gcd(a, b) = 1
\|v\| = \sqrt{\langle v, v \rangle} -> ‖v‖ = √(⟨v, v⟩)
\lfloor x \rfloor \le x < \lceil x \rceil + 1 -> ⌊x⌋ ≤ x < ⌈x⌉ + 1
\det(A - \lambda E) = 0 -> det(A - λE) = 0
A^{-1}A = E, \quad A^T -> A⁻¹A = E, Aᵀ
\operatorname{rank} A = r -> rank A = r
\dim V = n, \ker f = \{0\} -> dim V = n, ker f = {0}
\hat{y} = \beta_0 + \beta_1 x -> ŷ = β₀ + β₁ x
\tilde{x}, \dot{x}, \ddot{x} -> x̃, ẋ, ẍ
\nabla \times \vec{E} = -\frac{\partial \vec{B}}{\partial t} -> ∇ × E⃗ = -∂B⃗/∂t
\hat{H}\psi = E\psi -> Ĥψ = Eψ
i\hbar\frac{\partial}{\partial t}\Psi = \hat{H}\Psi -> iℏ(∂/∂t)Ψ = ĤΨ
\langle\psi|\hat{A}|\psi\rangle -> ⟨ψ|Â|ψ⟩
E = \frac{mc^2}{\sqrt{1 - \frac{v^2}{c^2}}} -> E = mc²/√(1 - v²/c²)
\Delta x \Delta p \ge \frac{\hbar}{2} -> Δx Δp ≥ ℏ/2
R_{\mu\nu} - \frac{1}{2}R g_{\mu\nu} = \frac{8\pi G}{c^4}T_{\mu\nu} -> R_(μν) - 1/2 R g_(μν) = (8πG/c⁴)T_(μν)
O(n\log n) -> O(n log n)
T(n) = 2T\left(\frac{n}{2}\right) + O(n) -> T(n) = 2T(n/2) + O(n)
\Theta(n^2) -> Θ(n²)
2^{2^n} -> 2^(2ⁿ)
x^{y^z} -> x^(yᶻ)
a_{i_j} -> a_(iⱼ)
a_{i,j} -> a_(i,j)
\frac{a}{b}c -> (a/b)c
\frac{1}{2^n} -> 1/2ⁿ
\frac{\sqrt\pi}{2} -> (√π)/2
\frac{a}{b}\frac{c}{d} -> (a/b)(c/d)
\frac{\frac{a}{b}}{c} -> (a/b)/c
\frac{a}{\frac{b}{c}} -> a/(b/c)
\frac{x+1}{x-1} -> (x+1)/(x-1)
\cfrac{1}{1 + \cfrac{1}{2}} -> 1/(1 + 1/2)
{a \over b} + {n \choose k} -> a/b + C(n, k)
\overset{!}{=} -> =^!
a \stackrel{f}{\to} b -> a →ᶠ b
\max_{1 \le i \le n} a_i -> max_(1 ≤ i ≤ n) aᵢ
\arg\max_x f(x) -> arg maxₓ f(x)
\operatorname*{argmin}_{\theta} L(\theta) -> argmin_θ L(θ)
\underbrace{1 + \dots + 1}_{n} = n -> (1 + … + 1)ₙ = n
x_1, x_2, \ldots, x_n -> x₁, x₂, …, xₙ
1 + 2 + \cdots + n -> 1 + 2 + ⋯ + n
\mathfrak{g}, \mathscr{L}, \mathbf{v} -> 𝔤, ℒ, v
\aleph_0 < 2^{\aleph_0} -> ℵ₀ < 2^(ℵ₀)
\cancel{5} -> 5̸
\textcolor{red}{x} + 1 -> x + 1
\not\subset, \not= -> ⊄, ≠
A \succ B \gg C -> A ≻ B ≫ C
p \vdash q, \models \phi -> p ⊢ q, ⊨ ϕ
\unknown{a} + \other -> \unknown{a} + \other
{x^2}^3 + {x_1}_2 + {A^{-1}}^T -> (x²)³ + (x₁)₂ + (A⁻¹)ᵀ
{x_i}^2 + {f'}^2 -> xᵢ² + f′²
x^2^3 -> x^2^3
\partial_\mu F^{\mu\nu}, C_b^2T, e^\pi(x+1), f_A(x) -> ∂_μ F^(μν), C_b² T, e^π (x+1), f_A(x)
e^{-E/k_BT}, a/\sqrt{2}x, \hbar\omega/k_B T, mv^2/k_B^2T -> e^(-E/k_(B)T), a/√(2)x, ℏω/k_B T, mv²/k_(B)²T
a_{i j} + x^{a b} + x_{1 2} -> aᵢⱼ + xᵃᵇ + x_(1 2)
P(\theta | x) = |\psi| -> P(θ | x) = |ψ|
A \triangle B, G \backslash H, S_{\triangle ABC} -> A △ B, G \ H, S_(△ABC)
a_1 \ldots a_n, a_1, \ldots, a_n -> a₁ … aₙ, a₁, …, aₙ
a \equiv b (\mod 5) -> a ≡ b (mod 5)
W^{[1]} + x^{(i)} + x^{(ж)} -> W^[1] + x⁽ⁱ⁾ + x^((ж))
"""

ROWS = {
    r"\begin{aligned}x &= 1 \\ yy &= 2\end{aligned}": " x = 1\nyy = 2",
    r"\begin{align*}a &= b \\ &= c \\\end{align*}": "a = b\n  = c",
    r"f(x) = \begin{cases} x, & x \ge 0 \\ -x, & x < 0 \\ \end{cases}": "f(x) = ⎧ x,  x ≥ 0\n       ⎩ -x, x < 0",
    r"\begin{cases} x + y = 5 \\ x - y = 1 \\ z = 0 \end{cases}": "⎧ x + y = 5\n⎨ x - y = 1\n⎩ z = 0",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}": "⎛1  2⎞\n⎝3  4⎠",
    r"\begin{vmatrix} a & b \\ c & d \end{vmatrix} = ad - bc": "│a  b│ = ad - bc\n│c  d│",
    r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \\ 0 & 0 \end{bmatrix}x": "⎡1  0⎤\n⎢0  1⎥x\n⎣0  0⎦",
    r"\left\{\begin{array}{l} x = 1 \\ y = 2 \end{array}\right.": "⎧ x = 1\n⎩ y = 2",
    r"\left(\begin{array}{cc|c} 1 & 2 & 3 \\ 4 & 5 & 6 \end{array}\right)": "⎛1 2 │ 3⎞\n⎝4 5 │ 6⎠",
    r"a = b \\ c = d": "a = b\nc = d",
    r"\begin{array}{r} 123 \\ +456 \\ \hline 579 \end{array}": " 123\n+456\n────\n 579",
    r"\begin{array}{|c|c|} \hline x & f \\ \hline 0 & 1 \\ \hline \end{array}": "x │ f\n──┼──\n0 │ 1",
    r"\boxed{\begin{cases} x = 1 \\ y = 2 \end{cases}}": "⎡⎧ x = 1⎤\n⎣⎩ y = 2⎦",
    r"\begin{gather} a \\ bb \end{gather}": "a\nbb",
}
"""Formulas of several rows."""

IN_ONE_LINE = {
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}": "(1 2; 3 4)",
    r"\begin{vmatrix} a & b \\ c & d \end{vmatrix}": "|a b; c d|",
    r"|x| = \begin{cases} x, & x \ge 0 \\ -x, & x < 0 \end{cases}": "|x| = {x, x ≥ 0; -x, x < 0",
    r"\begin{aligned} a &= 1 \\ b &= 2 \end{aligned}": "a = 1; b = 2",
}


def pairs(table: str) -> list[tuple[str, str]]:
    """The lines of a table: LaTeX, an arrow, Unicode."""
    lines = [line for line in table.strip().split("\n") if line]
    return [_pair(line) for line in lines]


def _pair(line: str) -> tuple[str, str]:
    latex, _, shown = line.partition(" => ") if " => " in line else line.rpartition(" -> ")
    return latex, shown
