"""Sources and pages written for structure.py: what each is about is in its name, and the texts around it say nothing.

SOURCES are Markdown, rendered in every dialect. CASES are (HTML of the text, the Markdown wanted of it): markup that no
Markdown gives. A cell "<" or "^" of a wanted table is covered by the one on its left or above.
"""

from __future__ import annotations

SOURCES = {
    "code/languages": """# A clock in five languages

Each program prints the time once. Choose the one whose language you know, and change it afterwards.

```python
import time


def clock(zone="local"):
    \"\"\"The time as text.\"\"\"
    now = time.localtime() if zone == "local" else time.gmtime()

    return f"{now.tm_hour:02}:{now.tm_min:02}"  # two digits
```

The same for the browser:

```js
const two = (n) => String(n).padStart(2, "0");
document.querySelector("#clock").innerHTML = `<b>${two(new Date().getHours())}</b> &amp; so on`;
```

A page that shows it, and the style of the page:

```html
<p id="clock" class="big">&nbsp;</p>
<!-- the script comes last -->
<script src="clock.js"></script>
```

```css
#clock > b { color: #036; }
```

At the prompt, `date +%R` is enough:

```bash
for i in 1 2 3; do
\tdate +%R   # a tab is before this
\tsleep 60
done
```

Settings live in a file of their own:

```yaml
clock:
  zone: local
  colors: ["#036", "#fff"]
```

And the change that made it short:

```diff
-print(time.time())
+print(clock())
 # unchanged
```
""",
    "code/tricky": """# Code that is hard to keep

A block without a language, whose lines look like Markdown:

```
# not a heading
1. not a list
   | not | a table |

    * indented, then two empty lines


$ cost=5; echo "$cost"
```

A fence inside a fence:

````markdown
Write a block like this:

```python
print("inner")
```
````

A block that begins with spaces and has a line with spaces at its end:

```c
    int a[2] = {1, 2};
    if (a[0] < a[1] && a[1] > 0) {   
        puts("less");
    }
```

1. Inside an item:

   ```python
   def item():
       return "kept"
   ```

   and a line below it.
2. The item after it.

> A quoted block:
>
> ```sh
> make clean && make
> ```

Inline code with ticks is written ``a ` b`` and one with a bar `a | b`, then <kbd>Ctrl</kbd> and `*stars*`.
""",
    "lists/nested": """# Packing a bag for two days

Begin with what is heavy. What you need first goes on top.

1. Lay everything out.
2. Sort it by *weight*:
   - heavy: **water** and the stove
   - light
     1. the jacket
     2. the `first-aid` kit
        - plasters
        - tape
3. Fill the bag.

   Shake it once it is half full.

4. Close it.

A list that does not begin at one:

7. The seventh step
8. The eighth step

And one that is loose:

- A first item with a sentence.

  A second paragraph of it.

- A second item.

* [the link](https://example.net/a) begins this item
* this one ends with `code`
""",
    "tables/cells": """# Measures of paper

| Name | Width | Height | Note |
|:-----|------:|:------:|------|
| A4 | 210 | 297 | the usual one |
| A5 | 148 | 210 | **half** of `A4` |
| Letter | 216 | 279 | see [the list](https://example.net/l) |
| Legal | 216 | 356 |  |

Commands that need a bar:

| Command | Does |
|---|---|
| `a \\| b` | the output of a goes to b |
| `ls *` | stars are no *emphasis* in code |
| x \\* y | times |
""",
    "formulas/physics": """# Falling and swinging

A stone falls for a time $t$ and reaches the speed $v = g t$, so that the way is

$$
s = \\frac{1}{2} g t^2
$$

For a pendulum of length $\\ell$ and small angles $\\theta \\ll 1$ the period is

$$
T = 2\\pi\\sqrt{\\frac{\\ell}{g}}
$$

- The energy is $E = m g h$, and it stays the same.
- With friction, $\\dot{E} < 0$.

| Quantity | Formula |
|---|---|
| speed | $v_0 + a t$ |
| sum | $\\sum_{i=1}^{n} x_i$ |

### A matrix

$$
A = \\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}
$$
""",
    "headings/levels": """# Growing beans on a window sill

Beans need light, water and a string to climb.

## What you need

### Seeds and *soil*

Any seed from a shop will do.

### `Pots` & saucers

Three are enough.

## Step 1: Sow

Put one seed into each pot.

#### If nothing comes up

Wait for another week.

##### After two weeks

Sow again.

## What can go wrong?

Too much water.
""",
}

PROSE = (
    "<h1>Working with small boats</h1><p>A small boat is quick to make and easy to mend. This page goes through the "
    "work"
    " in the order in which it is done, and says at each place what may go wrong and how it is put right again.</p>"
)
END = (
    "<p>When the boat is dry, look at each joint once more. A joint that lets in a drop today lets in a cup "
    "tomorrow, so"
    " take the time that it needs, and do not paint over what is still wet.</p>"
)

CASES = {
    "picture inside an item": (
        '<ol><li>Fold the sheet<br><img src="/fold.jpg" alt="folded sheet" width="600" height="400"></li><li><p>Turn it'
        ' over</p><figure><img src="/turn.jpg" alt="turned" width="600" height="400"><figcaption>Turned</figcaption>'
        "</figure><p>and press.</p></li><li>Open it</li></ol>",
        "1. Fold the sheet\n\n   ![folded sheet](/fold.jpg)\n2. Turn it over\n\n   ![turned](/turn.jpg)\n\n   and "
        "press.\n3. Open it",
    ),
    "mixed lists": (
        "<ul><li>Tools<ol><li>Saw</li><li>File<ul><li>round</li><li>flat</li></ul></li></ol></li><li><p>Wood</p><ul>"
        "<li><p>Pine</p></li></ul></li></ul>",
        "- Tools\n  1. Saw\n  2. File\n     - round\n     - flat\n- Wood\n  - Pine",
    ),
    "list inside a list without an item": (
        "<ul><li>Tools</li><ul><li>Saw</li><li>File</li></ul><li>Wood</li></ul>",
        "- Tools\n  - Saw\n  - File\n- Wood",
    ),
    "start and value": (
        '<ol start="4"><li>Cut</li><li>Sand</li></ol><p>Wait for an hour.</p><ol><li value="9">Paint</li><li>Dry</li>'
        "</ol>",
        "4. Cut\n5. Sand\n\nWait for an hour.\n\n9. Paint\n10. Dry",
    ),
    "letters and loose items": (
        '<ol type="a"><li><p>Measure twice.</p><p>Write it down.</p></li><li><p>Cut once.</p></li></ol>',
        "1. Measure twice.\n\n   Write it down.\n\n2. Cut once.",
    ),
    "table with spans": (
        "<table><thead><tr><th>Part</th><th colspan=2>Size in mm</th></tr></thead><tbody><tr><td rowspan=2>Plank</td>"
        "<td>900</td><td>120</td></tr><tr><td>600</td><td>120</td></tr></tbody></table>",
        "| Part | Size in mm | < |\n|---|---|---|\n| Plank | 900 | 120 |\n| ^ | 600 | 120 |",
    ),
    "table with row headings and a caption": (
        "<table><caption>Times to dry</caption><tbody><tr><th>Glue</th><td>2 h</td></tr><tr><th>Paint</th><td>8 "
        "h</td></tr>"
        "</tbody></table>",
        "| Glue | 2 h |\n|---|---|\n| Paint | 8 h |",
    ),
    "table with pictures": (
        '<table><tr><th>Knot</th><th>Picture</th></tr><tr><td>Reef knot</td><td><img src="/reef.jpg" alt="reef knot" '
        'width="300" height="200"></td></tr><tr><td>Bowline</td><td><img src="/bowline.jpg" alt="bowline" width="300" '
        'height="200"> for a loop</td></tr></table>',
        "| Knot | Picture |\n|---|---|\n| Reef knot | ![reef knot](/reef.jpg) |\n| Bowline | "
        "![bowline](/bowline.jpg) for a loop |",
    ),
    "table with blocks in cells": (
        "<table><thead><tr><th>Joint</th><th>Use</th></tr></thead><tbody><tr><td><p>Butt</p></td><td>quick<br>"
        "weak</td></tr>"
        "<tr><td>Lap</td><td><code>a | b</code> and <b>strong</b></td></tr></tbody></table>",
        "| Joint | Use |\n|---|---|\n| Butt | quick weak |\n| Lap | `a \\| b` and **strong** |",
    ),
    "table that is layout": (
        "<table border=0><tr><td><p>Hold the plank down with one hand, and saw with the other. Let the saw do the "
        "work.</p>"
        "<ul><li>long strokes</li><li>no force</li></ul></td></tr></table>",
        "Hold the plank down.\n\n- long strokes\n- no force",
    ),
    "code in tabs": (
        '<div class="tabs"><ul role="tablist" class="tabs__list"><li role="tab" class="tab">pip</li><li role="tab" '
        'class="tab">conda</li></ul><div role="tabpanel"><pre><code class="language-bash">pip install boat\n</code>'
        "</pre></div>"
        '<div role="tabpanel" hidden><pre><code class="language-bash">conda install boat\n</code></pre></div></div>',
        "```bash\npip install boat\n```\n\n```bash\nconda install boat\n```",
    ),
    "code with a column of numbers": (
        '<div class="highlight-python notranslate"><table class="highlighttable"><tr><td class="linenos"><div '
        'class="linenodiv">'
        '<pre>1\n2\n3</pre></div></td><td class="code"><div class="highlight"><pre><span></span><span class="k">'
        "for</span> a "
        '<span class="ow">in</span> b:\n    row(a)\n\n</pre></div></td></tr></table></div>',
        "```python\nfor a in b:\n    row(a)\n```",
    ),
    "code with numbers in its lines": (
        '<div class="highlight-c notranslate"><div class="highlight"><pre><span></span><span class="linenos">1</span>'
        '<span class="kt">int</span> n;\n<span class="linenos">2</span>\n<span class="linenos">3</span>n = 2;\n</pre>'
        "</div></div>",
        "```c\nint n;\n\nn = 2;\n```",
    ),
    "code as rows of a table": (
        '<div class="blob-wrapper" data-lang="go"><table class="highlight js-file-line-container"><tr><td id="L1" '
        'class="blob-num js-line-number" data-line-number="1"></td><td id="LC1" class="blob-code blob-code-inner '
        'js-file-line">package boat</td></tr><tr><td id="L2" class="blob-num" data-line-number="2"></td><td id="LC2" '
        'class="blob-code blob-code-inner js-file-line">\n</td></tr><tr><td id="L3" class="blob-num" '
        'data-line-number="3">'
        '</td><td id="LC3" class="blob-code blob-code-inner js-file-line">\tvar n = 2</td></tr></table></div>',
        "```go\npackage boat\n\n\tvar n = 2\n```",
    ),
    "code with a name and a copy button inside": (
        '<div class="code-block"><div class="code-title">row.rb</div><pre class="language-ruby"><button class="copy">'
        "Copy"
        "</button><code>def row\n  :done\nend</code></pre></div>",
        "```ruby\ndef row\n  :done\nend\n```",
    ),
    "code with line breaks as tags": (
        '<pre class="lang-sh prettyprint">cd boat<br>make</pre><p>then <tt>./row</tt>, and look.</p>',
        "```sh\ncd boat\nmake\n```\n\nthen `./row`, and look.",
    ),
    "sample of output": (
        "<p>It prints:</p><pre><samp>0 leaks\n1 leak</samp></pre><p>Press <kbd><kbd>Ctrl</kbd>+<kbd>C</kbd></kbd> to "
        "stop.</p>",
        "It prints:\n\n```\n0 leaks\n1 leak\n```\n\nPress Ctrl+C to stop.",
    ),
    "sub and sup in an item": (
        "<ul><li>Rinse with H<sub>2</sub>O</li><li>An area of 2 m<sup>2</sup></li></ul>",
        "- Rinse with H2O\n- An area of 2 m2",
    ),
    "definitions": (
        '<dl><dt>Keel</dt><dd>The beam below.<pre><code class="language-py">keel()\n</code></pre></dd><dt>Stern</dt>'
        "<dd>The "
        "end.<ul><li>flat</li></ul></dd></dl>",
        "**Keel**\n\n```py\nkeel()\n```\n\n**Stern**\n\n- flat",
    ),
    "quote with code": (
        '<blockquote><p>Before you begin, type:</p><pre><code class="language-sh">cat plan.txt | less\n</code></pre>'
        "<ol><li>"
        "Read it</li></ol></blockquote>",
        "> Before you begin, type:\n>\n> ```sh\n> cat plan.txt | less\n> ```\n>\n> 1. Read it",
    ),
    "headings with permalinks": (
        '<h2 id="hull"><a class="anchor" href="#hull" aria-hidden="true">#</a> The hull</h2><p>It is made first of '
        "all.</p>"
        '<h3><span class="mw-headline" id="Keel">The keel</span><span class="mw-editsection">[<a href="/e">edit</a>'
        "]</span>"
        '</h3><p>Oak lasts longest.</p><h3 id="ribs">Ribs<a class="headerlink" href="#ribs">¶</a></h3><p>Ash bends '
        "well.</p>",
        "## The hull\n\n### The keel\n\n### Ribs",
    ),
    "heading with a number and a picture": (
        '<h2><img src="/i/anchor.svg" width="16" height="16" alt=""> 3. Anchor</h2><p>Tie it with a bowline, not '
        "with a "
        'reef knot.</p><div role="heading" aria-level="3">Rope</div><p>Ten meters are enough.</p>',
        "## 3. Anchor\n\n### Rope",
    ),
    "items that are tasks": (
        '<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" checked disabled> Sand</li>'
        "<li "
        'class="task-list-item"><input type="checkbox" disabled> Paint</li></ul>',
        "- Sand\n- Paint",
    ),
    "text that looks like Markdown": (
        "<p>1. is how a line may begin, # too.</p><p># 2 is the longer plank</p><p>2) is no item. * nor this</p><p>"
        "snake_case_name"
        " and 2 * 3 * 4 are plain, as is [this](that) and a_b_.</p><p>+ more</p><p>- less</p><p>a | b</p>",
        "1\\. is how\n\n\\# 2",
    ),
    "prices": (
        "<ul><li>Pine costs $5 and oak $9 a meter</li><li>From $HOME/bin to $PATH$</li></ul>",
        "- Pine costs \\$5 and oak \\$9 a meter\n- From \\$HOME/bin to \\$PATH\\$",
    ),
    "formulas of an encyclopedia": (
        '<p>The area is <span class="mwe-math-element"><span class="mwe-math-mathml-inline" style="display: none;">'
        "<math "
        'xmlns="http://www.w3.org/1998/Math/MathML" alttext="{\\displaystyle A=\\pi r^{2}}"><semantics><mrow><mi>'
        "A</mi><mo>=</mo>"
        '<mi>π</mi></mrow><annotation encoding="application/x-tex">{\\displaystyle A=\\pi r^{2}}</annotation>'
        "</semantics></math>"
        '</span><img src="/svg/1" class="mwe-math-fallback-image-inline" alt="{\\displaystyle A=\\pi r^{2}}"></span> '
        "here.</p>",
        "The area is $A=\\pi r^{2}$ here.",
    ),
    "formulas of papers": (
        '<p>Let <math id="m1" class="ltx_Math" alttext="x\\in\\mathbb{R}" display="inline"><mi>x</mi><mo>∈</mo><mi>'
        "ℝ</mi></math> "
        'be a length.</p><table class="ltx_equation"><tr><td><math alttext="\\displaystyle x^{2}\\geq 0" '
        'display="block"><mi>x'
        "</mi></math></td></tr></table>",
        "Let $x\\in\\mathbb{R}$ be a length.\n\n$$\nx^{2}\\geq 0\n$$",
    ),
    "emphasis at its edges": (
        "<p>Keep<b> the plank </b>dry, <i>very</i><b>dry</b>, and <strong><em>never</em></strong> wet; un<em>"
        "believ</em>able.</p>"
        '<p><span style="font-weight:bold">Bold</span> by style, <strong></strong>and <b><br></b> nothing.</p>',
        "Keep **the plank** dry, *very***dry**, and ***never*** wet; un*believ*able.",
    ),
    "details": (
        "<details><summary>Why oak?</summary><p>It is hard.</p><ul><li>heavy</li><li>dear</li></ul></details>",
        "Why oak?\n\nIt is hard.\n\n- heavy\n- dear",
    ),
}
