"""More pages written by hand for structure.py: how site generators, highlighters and wikis write code, formulas, lists,
tables and admonitions, with texts of our own. As in structure_cases.py: (HTML, the Markdown wanted of it)."""

from __future__ import annotations

MARKUP = {
    "code of SyntaxHighlighter": (
        '<div><div id="highlighter_1" class="syntaxhighlighter  python"><div class="toolbar"><span><a href="#" '
        'class="toolbar_item">?</a></span></div><table border="0"><tbody><tr><td class="gutter"><div class="line '
        'number1 index0 alt2">1</div><div class="line number2 index1 alt1">2</div><div class="line number3 index2 '
        'alt2">3</div></td><td class="code"><div class="container"><div class="line number1 index0 alt2"><code '
        'class="python keyword">for</code> <code class="python plain">oar </code><code class="python keyword">'
        'in</code> <code class="python plain">oars:</code></div><div class="line number2 index1 alt1"><code '
        'class="python spaces">&nbsp;&nbsp;&nbsp;&nbsp;</code><code class="python plain">dip(oar)</code></div><div '
        'class="line number3 index2 alt2">&nbsp;</div><div class="line number4 index3 alt1"><code class="python '
        'plain">rest()</code></div></div></td></tr></tbody></table></div></div>',
        "```python\nfor oar in oars:\n    dip(oar)\n\nrest()\n```",
    ),
    "code of Crayon": (
        '<div id="crayon-1" class="crayon-syntax crayon-theme-classic" data-settings="minimize"><div '
        'class="crayon-toolbar"><span class="crayon-title">oar.rb</span><div class="crayon-tools"><div '
        'class="crayon-button">Copy</div><span class="crayon-language">Ruby</span></div></div><div '
        'class="crayon-plain-wrap"><textarea class="crayon-plain" readonly>oar = 2\nputs oar</textarea></div><div '
        'class="crayon-main"><table class="crayon-table"><tr class="crayon-row"><td class="crayon-nums"><div '
        'class="crayon-nums-content"><div class="crayon-num">1</div><div class="crayon-num">2</div></div></td><td '
        'class="crayon-code"><div class="crayon-pre"><div class="crayon-line" id="crayon-1-1"><span '
        'class="crayon-v">oar</span><span class="crayon-h"> </span>=<span class="crayon-h"> </span><span '
        'class="crayon-cn">2</span></div><div class="crayon-line"><span class="crayon-e">puts </span><span '
        'class="crayon-v">oar</span></div></div></td></tr></table></div></div>',
        "```ruby\noar = 2\nputs oar\n```",
    ),
    "code of Doxygen": (
        '<div class="fragment"><div class="line"><a name="l00001"></a><span class="lineno">    1</span>&#160;<span '
        'class="preprocessor">#include &quot;boat.h&quot;</span></div><div class="line"><a name="l00002"></a><span '
        'class="lineno">    2</span>&#160; </div><div class="line"><a name="l00003"></a><span class="lineno">    '
        '3</span>&#160;<span class="keywordtype">int</span> row() {</div><div class="line"><a name="l00004"></a>'
        '<span class="lineno">    4</span>&#160;  <span class="keywordflow">return</span> 0;</div><div '
        'class="line"><a name="l00005"></a><span class="lineno">    5</span>&#160;}</div></div><!-- fragment -->',
        '```\n#include "boat.h"\n\nint row() {\n  return 0;\n}\n```',
    ),
    "code of Hexo": (
        '<figure class="highlight js"><table><tr><td class="gutter"><pre><span class="line">1</span><br><span '
        'class="line">2</span><br></pre></td><td class="code"><pre><span class="line"><span class="keyword">'
        'const</span> oar = <span class="number">2</span>;</span><br><span class="line">row(oar);</span><br></pre>'
        "</td></tr></table></figure>",
        "```js\nconst oar = 2;\nrow(oar);\n```",
    ),
    "code of Rouge in a table": (
        '<div class="language-ruby highlighter-rouge"><div class="highlight"><pre class="highlight"><code><table '
        'class="rouge-table"><tbody><tr><td class="rouge-gutter gl"><pre class="lineno">1\n2\n3\n</pre></td><td '
        'class="rouge-code"><pre><span class="k">def</span> <span class="nf">row</span>\n  <span class="ss">'
        ':done</span>\n<span class="k">end</span>\n</pre></td></tr></tbody></table></code></pre></div></div>',
        "```ruby\ndef row\n  :done\nend\n```",
    ),
    "code of Asciidoctor": (
        '<div class="listingblock"><div class="title">Listing 1. The oars</div><div class="content"><pre '
        'class="pygments highlight"><code data-lang="java"><span></span><span class="kt">int</span> oars = <span '
        'class="mi">2</span>; <i class="conum" data-value="1"></i><b>(1)</b>\nrow(oars);</code></pre></div></div>'
        '<div class="colist arabic"><table><tr><td><i class="conum" data-value="1"></i><b>1</b></td><td>One for '
        'each hand</td></tr></table></div><div class="listingblock"><div class="content"><table '
        'class="linenotable"><tbody><tr><td class="linenos"><pre class="lineno">1\n2</pre></td><td class="code">'
        '<pre class="rouge highlight"><code data-lang="sh">cd boat\nls</code></pre></td></tr></tbody></table></div>'
        "</div>",
        "```java\nint oars = 2; \nrow(oars);\n```\n\n| 1 | One for each hand |\n|---|---|\n\n```sh\ncd boat\nls\n```",
    ),
    "code of DocBook": (
        '<div class="example"><p class="title"><strong>Example 2. Rowing</strong></p><div class="example-contents">'
        '<pre class="programlisting"><strong class="hl-keyword">int</strong> oars = 2; <em class="lineannotation">'
        '</em>\nrow(oars);\n</pre></div></div><pre class="screen"><code class="prompt">$ </code><strong '
        'class="userinput"><code>make boat</code></strong>\nok</pre>',
        "```\nint oars = 2; \nrow(oars);\n```\n\n```\n$ make boat\nok\n```",
    ),
    "code of Confluence": (
        '<div class="code panel pdl conf-macro output-block" style="border-width: 1px;"><div class="codeHeader '
        'panelHeader pdl"><b>Oars.java</b></div><div class="codeContent panelContent pdl"><pre '
        'class="syntaxhighlighter-pre" data-syntaxhighlighter-params="brush: java; gutter: false; theme: '
        'Confluence" data-theme="Confluence">int oars = 2;\nrow(oars);</pre></div></div>',
        "```java\nint oars = 2;\nrow(oars);\n```",
    ),
    "code of MediaWiki": (
        '<div class="mw-highlight mw-highlight-lang-lua mw-content-ltr mw-highlight-lines" dir="ltr"><pre><span>'
        '</span><span id="L-1"><a href="#L-1"><span class="linenos" data-line="1"></span></a><span class="kd">'
        'local</span> oars = 2</span>\n<span id="L-2"><a href="#L-2"><span class="linenos" data-line="2"></span>'
        "</a>row(oars)</span>\n</pre></div>",
        "```lua\nlocal oars = 2\nrow(oars)\n```",
    ),
    "cells of a notebook": (
        '<div class="cell border-box-sizing code_cell rendered"><div class="input"><div class="prompt '
        'input_prompt">In&nbsp;[1]:</div><div class="inner_cell"><div class="input_area"><div class=" highlight '
        'hl-ipython3"><pre><span></span><span class="n">oars</span> <span class="o">=</span> <span class="mi">'
        '2</span>\n<span class="n">oars</span>\n</pre></div></div></div></div><div class="output_wrapper"><div '
        'class="output"><div class="output_area"><div class="prompt output_prompt">Out[1]:</div><div '
        'class="output_text output_subarea output_execute_result"><pre>2</pre></div></div></div></div></div>',
        "```python\noars = 2\noars\n```\n\n```\n2\n```",
    ),
    "cells of a newer notebook": (
        '<div class="jp-Cell jp-CodeCell jp-Notebook-cell"><div class="jp-Cell-inputWrapper"><div '
        'class="jp-InputArea jp-Cell-inputArea"><div class="jp-InputPrompt jp-InputArea-prompt">In [3]:</div><div '
        'class="jp-CodeMirrorEditor jp-Editor jp-InputArea-editor" data-type="inline"><div class="CodeMirror '
        'cm-s-jupyter"><div class="highlight hl-ipython3"><pre><span></span><span class="nb">print</span><span '
        'class="p">(</span>oars<span class="p">)</span>\n</pre></div></div></div></div></div><div '
        'class="jp-Cell-outputWrapper"><div class="jp-OutputArea jp-Cell-outputArea"><div '
        'class="jp-OutputArea-child"><div class="jp-OutputPrompt jp-OutputArea-prompt"></div><div '
        'class="jp-RenderedText jp-OutputArea-output" data-mime-type="text/plain"><pre>2 oars\n</pre></div></div>'
        "</div></div></div>",
        "```python\nprint(oars)\n```\n\n```\n2 oars\n```",
    ),
    "code of Ghost and Expressive Code": (
        '<figure class="kg-card kg-code-card kg-card-hascaption"><pre><code class="language-js">row(2);</code>'
        '</pre><figcaption>Two oars</figcaption></figure><div class="expressive-code"><figure class="frame">'
        '<figcaption class="header"></figcaption><pre data-language="ts"><code><div class="ec-line"><div '
        'class="gutter"><div class="ln" aria-hidden="true">1</div></div><div class="code"><span '
        'style="--0:#C792EA">const</span><span> n</span></div></div><div class="ec-line"><div class="gutter"><div '
        'class="ln">2</div></div><div class="code">\n</div></div><div class="ec-line"><div class="gutter"><div '
        'class="ln">3</div></div><div class="code"><span class="indent">  </span><span>row(n)</span></div></div>'
        '</code></pre><div class="copy"><button title="Copy" data-copied="Copied!" data-code="x"><div></div>'
        "</button></div></figure></div>",
        "```js\nrow(2);\n```\n\n```ts\nconst n\n\n  row(n)\n```",
    ),
    "code as an ordered list": (
        '<pre class="prettyprint linenums lang-py"><ol class="linenums"><li class="L0"><span class="kwd">def</span>'
        ' row():</li><li class="L1">    pass</li><li class="L2"></li><li class="L3">row()</li></ol></pre>',
        "```py\ndef row():\n    pass\n\nrow()\n```",
    ),
    "code in lines that touch": (
        '<pre class="shiki"><code data-language="bash"><span data-line="" class="line">cd boat</span><span '
        'data-line="" class="line"></span><span data-line="" class="line">make</span></code></pre><pre><code>'
        "cut()</code><code>glue()</code></pre>",
        "```bash\ncd boat\n\nmake\n```\n\n```\ncut()\nglue()\n```",
    ),
    "code in a paragraph": (
        "<p>Type these lines:</p><p><code>cd boat<br>make oars<br>make hull</code></p><p>Then wait.</p>",
        "Type these lines:\n\n```\ncd boat\nmake oars\nmake hull\n```\n\nThen wait.",
    ),
    "indented code in a template": (
        '<pre>\n      <code class="language-go">row()\nrest()\n      </code>\n    </pre><pre class="example">\n'
        '(row)\n</pre><div class="org-src-container"><pre class="src src-emacs-lisp">(row)</pre></div>',
        "```go\nrow()\nrest()\n```\n\n```\n(row)\n```\n\n```emacs-lisp\n(row)\n```",
    ),
    "tabs of a generator": (
        '<div class="tabbed-set tabbed-alternate" data-tabs="1:2"><input checked id="a" name="t" type="radio">'
        '<input id="b" name="t" type="radio"><div class="tabbed-labels"><label for="a">C</label><label for="b">'
        'Go</label></div><div class="tabbed-content"><div class="tabbed-block"><div class="highlight"><pre><code '
        'class="language-c">row();</code></pre></div></div><div class="tabbed-block"><div class="highlight"><pre>'
        '<code class="language-go">row()</code></pre></div></div></div></div><div class="sd-tab-set docutils">'
        '<input id="x" type="radio"><label class="sd-tab-label" for="x">Rust</label><div class="sd-tab-content '
        'docutils"><div class="highlight-rust notranslate"><div class="highlight"><pre><span></span>row();\n</pre>'
        "</div></div></div></div>",
        "```c\nrow();\n```\n\n```go\nrow()\n```\n\n```rust\nrow();\n```",
    ),
    "admonitions": (
        '<div class="admonition note"><p class="admonition-title">Note</p><p>Wet oak bends.</p><ul><li>a day in '
        'water</li></ul></div><div class="theme-admonition theme-admonition-tip alert alert--success"><div '
        'class="admonitionHeading_x"><span class="admonitionIcon_x"><svg></svg></span>tip</div><div '
        'class="admonitionContent_x"><p>Warm it first.</p><pre><code class="language-sh">heat oak\n</code></pre>'
        '</div></div><div class="markdown-alert markdown-alert-warning"><p class="markdown-alert-title"><svg></svg>'
        'Warning</p><ol><li>Wear gloves</li></ol></div><div class="admonitionblock tip"><table><tr><td '
        'class="icon"><div class="title">Tip</div></td><td class="content">Use <code>steam</code>.</td></tr>'
        "</table></div>",
        "- a day in water\n\n```sh\nheat oak\n```\n\n1. Wear gloves\n\n| Tip | Use `steam`. |\n|---|---|",
    ),
    "definitions of a reference": (
        '<dl class="py function"><dt class="sig sig-object py" id="boat.row"><span class="sig-name descname">'
        'row</span><span class="sig-paren">(</span><em class="sig-param">oars</em><span class="sig-paren">)</span>'
        '<a class="headerlink" href="#boat.row">¶</a></dt><dd><p>Move on.</p><dl class="field-list simple"><dt '
        'class="field-odd">Parameters</dt><dd class="field-odd"><ul class="simple"><li><p><strong>oars</strong> – '
        "how many</p></li></ul></dd></dl></dd></dl>",
        "**row(oars)**\n\nMove on.\n\n**Parameters**\n\n- **oars** – how many",
    ),
    "lists in items and cells": (
        "<ul><li>Glue<dl><dt>Bone</dt><dd>old</dd></dl></li><li>Nails</li></ul><table><tr><td><ul><li>one</li><li>"
        "two</li></ul></td></tr></table><blockquote><ol><li>Cut</li></ol></blockquote>",
        "- Glue\n\n  **Bone**\n\n  old\n- Nails\n\n<!-- -->\n\n- one\n- two\n\n> 1. Cut",
    ),
    "tasks as pages of a forge write them": (
        '<ul class="contains-task-list"><li class="task-list-item"><input type="checkbox" '
        'class="task-list-item-checkbox" disabled="" checked=""> Cut<ul><li class="task-list-item"><input '
        'type="checkbox" disabled> Sand</li></ul></li></ul><ul class="task-list"><li><label><input type="checkbox" '
        'checked="" />Glue</label></li><li><p><input type="checkbox" disabled="">Paint</p></li></ul>',
        "- Cut\n  - Sand\n\n<!-- -->\n\n- Glue\n- Paint",
    ),
    "table of several heads": (
        '<div class="table-responsive overflow-auto"><table class="table table-striped"><thead><tr><th rowspan="2">'
        'Wood</th><th colspan="2">Weight</th></tr><tr><th>dry</th><th>wet</th></tr></thead><tbody><tr><td>Oak</td>'
        '<td>700</td><td>1000</td></tr><tr><td>Pine</td><td colspan="2">unknown</td></tr></tbody><tfoot><tr><td '
        'colspan="3">in kg for a cubic meter</td></tr></tfoot></table></div>',
        "| Wood | Weight | < |\n|---|---|---|\n| ^ | dry | wet |\n| Oak | 700 | 1000 |\n| Pine | unknown | < |\n| "
        "in kg for a cubic meter | < | < |",
    ),
    "headings in frames": (
        '<div class="mw-heading mw-heading2"><h2 id="Oars">Oars</h2><span class="mw-editsection"><span '
        'class="mw-editsection-bracket">[</span><a href="/e"><span>edit</span></a><span '
        'class="mw-editsection-bracket">]</span></span></div><p>Ash is best for them.</p><div '
        'class="sl-heading-wrapper level-h3"><h3 id="blades">Blades</h3><a class="sl-anchor-link" href="#blades">'
        '<span aria-hidden="true"><svg></svg></span><span class="sr-only">Section titled “Blades”</span></a></div>'
        '<p>Thin ones bend.</p><h3 class="header"><a class="header" href="#looms">Looms</a></h3><p>They are '
        'round.</p><h4 id="grips"><a href="#grips" class="heading-anchor" aria-label="Link to this heading">#</a>'
        "Grips</h4><p>Of leather.</p>",
        "## Oars\n\n### Blades\n\n### Looms\n\n#### Grips",
    ),
    "formulas of MathJax 3": (
        '<p>Then <mjx-container class="MathJax" jax="CHTML" style="font-size: 119%;"><mjx-math class="MJX-TEX" '
        'aria-hidden="true"><mjx-mi class="mjx-i"><mjx-c class="mjx-c1D463 TEX-I"></mjx-c></mjx-mi></mjx-math>'
        '<mjx-assistive-mml unselectable="on" display="inline"><math xmlns="http://www.w3.org/1998/Math/MathML">'
        '<semantics><mi>v</mi><annotation encoding="application/x-tex">v</annotation></semantics></math>'
        '</mjx-assistive-mml></mjx-container> grows.</p><mjx-container class="MathJax" jax="SVG" display="true" '
        'data-latex="v = \\frac{s}{t}"><svg></svg><mjx-assistive-mml><math display="block"><mi>v</mi><mo>=</mo><mi>'
        "s</mi><mi>t</mi></math></mjx-assistive-mml></mjx-container>",
        "Then $v$ grows.\n\n$$\nv = \\frac{s}{t}\n$$",
    ),
    "formulas of MathJax 2 that ran": (
        '<p>The drag <span class="MathJax_Preview" style="color: inherit;"></span><span class="MathJax" '
        'id="MathJax-Element-1-Frame" tabindex="0" data-mathml="&lt;math&gt;&lt;/math&gt;"><nobr '
        'aria-hidden="true"><span class="math"><span class="mi">F</span></span></nobr><span '
        'class="MJX_Assistive_MathML" role="presentation"><math><mi>F</mi></math></span></span><script '
        'type="math/tex" id="MathJax-Element-1">F</script> is</p><div><span class="MathJax_Preview"></span><div '
        'class="MathJax_Display" style="text-align: center;"><span class="MathJax" id="MathJax-Element-2-Frame">'
        '<nobr><span class="math">F=kv2</span></nobr></span></div><script type="math/tex; mode=display" '
        'id="MathJax-Element-2">F = k v^2 % drag</script></div>',
        "The drag $F$ is\n\n$$\nF = k v^2\n$$",
    ),
    "formulas that a script will find": (
        "<p>A hull of length \\(\\ell\\) makes waves; its speed is at most \\[ v = 1.34 \\sqrt{\\ell} \\] so "
        "lengthen it. Boards cost $5 to $9, or 3 for $$10.</p><p>In units: $$ k = 2.43 $$ and</p><p>\\begin{align} "
        "a &amp;= b \\\\ c &amp;= d \\end{align}</p><p>In <code>\\(code\\)</code> there are none, and \\(none here "
        "either\\).</p>",
        "A hull of length $\\ell$ makes waves; its speed is at most\n\n$$\nv = 1.34 \\sqrt{\\ell}\n$$\n\nso\n\n$$\n"
        "\\begin{align} a &= b \\\\ c &= d \\end{align}\n$$\n\nIn `\\(code\\)` none",
    ),
    "formulas as pictures": (
        '<p>Here <img class="latex" src="https://s0.example.com/latex.php?latex=k&amp;bg=ffffff" alt="k &gt; 0"> '
        'holds, and <img src="https://latex.codecogs.com/svg.latex?\\dpi{120}&amp;space;x_{1}" alt="equation"> '
        'too.</p><div class="math"><p><img src="../_images/math/4f.png" alt="\\int_0^1 f"/></p></div><p><img '
        'class="mwe-math-fallback-image-inline tex" alt="y^{2}" src="/svg/2"> ends it; <img src="/oars.jpg" '
        'alt="two oars" width="400" height="300"> is a photograph.</p>',
        "Here $k > 0$ holds, and $x_{1}$ too.\n\n$\\int_0^1 f$\n\n$y^{2}$ ends it; is a photograph.",
    ),
    "formulas of Sphinx with a number": (
        '<div class="math notranslate nohighlight" id="equation-a"><span class="eqno">(1)<a class="headerlink" '
        'href="#equation-a" title="Permalink to this equation">¶</a></span>\\[\\begin{split}a = b\\\\c = '
        'd\\end{split}\\]</div><p>with <span class="math notranslate nohighlight">\\(a \\ne c\\)</span>.</p><div '
        'class="arithmatex">\\[E = mc^2\\]</div><p><span class="math inline">x^2</span> and <span class="math '
        'display">\\[y\\]</span></p>',
        "$$\n\\begin{split}a = b\\\\c = d\\end{split}\n$$\n\nwith $a \\ne c$.\n\n$$\nE = mc^2\n$$\n\n$x^2$ and\n\n"
        "$$\ny\n$$",
    ),
    "lines across the page": (
        "<p>Sand the hull until it is smooth to the hand and to the eye.</p><hr><p>Paint it on a dry day without "
        "wind.</p>",
        "Sand it.\n\n---\n\nPaint it.",
    ),
    "tabs of which one is shown": (
        "<div class='theme-tabs-container tabs-container'><ul role='tablist' class='tabs'><li role='tab' "
        "class='tabs__item'>npm</li><li role='tab' class='tabs__item'>yarn</li></ul><div class='margin-top--md'>"
        "<div role='tabpanel' class='tabItem_x'><p>Fetch the plans:</p><div class='language-bash "
        "codeBlockContainer_x'><div class='codeBlockContent_x'><pre class='prism-code language-bash'><code><span "
        "class='token-line'>npm i oars<br></span></code></pre></div></div></div><div role='tabpanel' "
        "class='tabItem_x' hidden=''><div class='language-bash codeBlockContainer_x'><div "
        "class='codeBlockContent_x'><pre class='prism-code language-bash'><code><span class='token-line'>yarn add "
        "oars<br></span></code></pre></div></div></div></div></div><div class='vp-code-group'><div class='tabs'>"
        "<input type='radio' name='g' id='t1' checked><label data-title='oars.js' for='t1'>oars.js</label></div>"
        "<div class='blocks'><div class='language-js vp-adaptive-theme active'><button title='Copy Code' "
        "class='copy'></button><span class='lang'>js</span><pre class='shiki'><code><span class='line'>row()</span>"
        "\n<span class='line'></span>\n<span class='line'>rest()</span></code></pre><div "
        "class='line-numbers-wrapper' aria-hidden='true'><span class='line-number'>1</span><br></div></div></div>"
        "</div>",
        "```bash\nnpm i oars\n```\n\n```bash\nyarn add oars\n```\n\n```js\nrow()\n\nrest()\n```",
    ),
    "code of posts": (
        "<pre class='ab ac'><span id='1' class='x'>$ cd boat<br>$ ls<br><br>oars</span></pre><div "
        "class='gatsby-highlight' data-language='js'><pre class='language-js'><code class='language-js'><span "
        "class='gatsby-highlight-code-line'>row()</span>rest()\n</code></pre></div><pre class='lang-py "
        "s-code-block'><code class='hljs language-python'>row()\n</code></pre><div class='hcb_wrap'><pre "
        "class='prism line-numbers lang-php' data-lang='PHP'><code>row();</code></pre></div><pre "
        "class='EnlighterJSRAW' data-enlighter-language='java' data-enlighter-theme=''>int oars;</pre>",
        "```\n$ cd boat\n$ ls\n\noars\n```\n\n```js\nrow()\nrest()\n```\n\n```py\nrow()\n```\n\n```php\nrow();\n"
        "```\n\n```java\nint oars;\n```",
    ),
    "code in rows inside a pre": (
        "<pre><code class='hljs python'><table class='hljs-ln'><tbody><tr><td class='hljs-ln-line hljs-ln-numbers' "
        "data-line-number='1'><div class='hljs-ln-n' data-line-number='1'></div></td><td class='hljs-ln-line "
        "hljs-ln-code' data-line-number='1'>for oar in oars:</td></tr><tr><td class='hljs-ln-line hljs-ln-numbers' "
        "data-line-number='2'><div class='hljs-ln-n' data-line-number='2'></div></td><td class='hljs-ln-line "
        "hljs-ln-code' data-line-number='2'>    dip(oar)</td></tr></tbody></table></code></pre><div "
        "class='group/codeblock'><button>Copy</button><pre class='overflow-auto'><code class='inline-grid'><span "
        "class='highlight-line'><span class='highlight-line-content'>row</span></span><span class='highlight-line'>"
        "<span class='highlight-line-content'>rest</span></span></code></pre></div>",
        "```python\nfor oar in oars:\n    dip(oar)\n```\n\n```\nrow\nrest\n```",
    ),
    "code of an API's pages": (
        "<div class='block'>Moves the boat.<pre> Boat b = new Boat();\n b.row();\n</pre></div><dl class='notes'>"
        "<dt>Parameters:</dt><dd><code>n</code> - oars</dd></dl><details class='code-fold'><summary>Code</summary>"
        "<div class='sourceCode cell-code' id='cb2'><pre class='sourceCode r code-with-copy'><code "
        "class='sourceCode r'><span id='cb2-1'><a href='#cb2-1' aria-hidden='true' tabindex='-1'></a>row(2)</span>"
        "</code><button title='Copy to Clipboard' class='code-copy-button'><i class='bi'></i></button></pre></div>"
        "</details><div class='cell-output cell-output-stdout'><pre><code>[1] 2</code></pre></div>",
        "```\n Boat b = new Boat();\n b.row();\n```\n\n**Parameters:**\n\n`n` - oars\n\n```r\nrow(2)\n```\n\n```\n"
        "[1] 2\n```",
    ),
    "lists and tables of manuals": (
        "<div class='ulist'><ul><li><p>Oak</p></li><li><p>Ash</p></li></ul></div><div class='procedure'><ol "
        "class='procedure' type='1'><li class='step'><p>Cut</p><ol class='substeps' type='a'><li class='step'><p>"
        "Mark</p></li></ol></li></ol></div><div class='table'><p class='title'><strong>Table 1. Woods</strong></p>"
        "<div class='table-contents'><table class='table' border='1'><colgroup><col></colgroup><tbody><tr><td>"
        "Oak</td><td>hard</td></tr><tr><td>Pine</td><td>soft</td></tr></tbody></table></div></div><div "
        "class='table-wrap'><table class='confluenceTable'><tbody><tr><th class='confluenceTh'><p>Glue</p></th><td "
        "class='confluenceTd'><p>hot</p><p>or cold</p></td></tr></tbody></table></div>",
        "- Oak\n- Ash\n\n1. Cut\n   1. Mark\n\n**Table 1. Woods**\n\n| Oak | hard |\n|---|---|\n| Pine | soft |\n\n"
        "then\n\n| Glue | hot<br>or cold |\n|---|---|",
    ),
    "formulas of forges and forums": (
        "<p>Take <code class='code math js-render-math' data-math-style='inline'>a^2</code> and</p><pre "
        "class='code math js-render-math' data-math-style='display'><code>b^2</code></pre><p>or <span class='math'>"
        "c^2</span></p><div class='math'>\nd^2\n</div><p>and <span class='ztext-math' data-eeimg='1' "
        "data-tex='e^2'>e^2</span>, <img src='https://www.zhihu.com/equation?tex=f%5E2' alt='f^2' eeimg='1'>.</p>",
        "Take $a^2$ and\n\n$$\nb^2\n$$\n\nor $c^2$\n\n$$\nd^2\n$$\n\nand $e^2$, $f^2$.",
    ),
    "a formula of an encyclopedia in its own line": (
        "<dl><dd><span class='mwe-math-element mwe-math-element-inline'><span class='mwe-math-mathml-inline "
        "mwe-math-mathml-a11y' style='display: none;'><math alttext='{\\displaystyle E=mgh}'><semantics><mi>E</mi>"
        "<annotation encoding='application/x-tex'>{\\displaystyle E=mgh}</annotation></semantics></math></span>"
        "<img src='https://math.example.net/svg/ab' class='mwe-math-fallback-image-inline' aria-hidden='true' "
        "alt='{\\displaystyle E=mgh}'></span></dd></dl>",
        "$$\nE=mgh\n$$",
    ),
}
