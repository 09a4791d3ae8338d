"""A page of a recipe kind, with a frame around its content."""

from __future__ import annotations

URL = "https://example.org/a/page.html"
LONG = "Fold the paper along the middle, press the edge down with a nail, and open it again before you go on. "
RECIPE = f"""<!doctype html><html lang="en"><head><title>Boat - Site</title><link rel="license"
href="https://creativecommons.org/licenses/by-sa/4.0/"></head><body>
<header class="site-header"><img src="/logo.png"><nav><a href="/">Home</a> <a href="/all">All pages</a></nav></header>
<div class="breadcrumb"><a href="/">Home</a> / <a href="/boats">Boats</a></div>
<main><article><h1>A paper boat</h1><p>{LONG * 2}</p>
<ol><li>Fold it.<br><img src="1.jpg" alt="fold"></li>
<li>Turn it.<figure><img src="2.jpg"><figcaption>Turned</figcaption>
</figure></li><li>Pull.<img data-src="3.jpg" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></li></ol>
<table><tr><th>Size</th><th>Paper</th></tr><tr><td>big</td><td>A3</td></tr></table>
<pre><code>a
  b</code></pre><dl><dt>Bow</dt><dd>the front</dd></dl>
<p>{LONG}</p><div class="share-buttons"><a href="#"><img src="/icons/fb.png" width="16" height="16"></a></div></article>
<div class="related"><h3>Related</h3><ul><li><a href="/x">Plane</a></li><li><a href="/y">Hat</a></li></ul></div></main>
<aside class="sidebar"><p>{LONG}</p></aside>
<footer><p>Copyright, all the people who made this site, and others</p></footer></body></html>"""
