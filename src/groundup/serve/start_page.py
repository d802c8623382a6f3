"""The page at /: which models are here, and how to call them. A model that is small enough has a page of its own."""

import html
from collections.abc import Sequence
from urllib.parse import quote

from groundup.serve.served import Served

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; connect-src 'self'">
<title>groundup</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }}
textarea, select, button {{ font: inherit; }}
textarea {{ width: 100%; box-sizing: border-box; min-height: 5rem; }}
output {{ display: block; white-space: pre-wrap; min-height: 4rem; margin-top: 1rem; }}
pre {{ overflow-x: auto; border: 1px solid; padding: .5rem; }}
</style></head><body>
<h1>Models on this server</h1>
<form id="ask"><p><label>Model <select id="model">{options}</select></label></p>
<p><label for="prompt">Text</label><textarea id="prompt" dir="auto" required></textarea></p>
<p><button>Answer</button> <button type="button" id="stop" disabled>Stop</button></p></form>
<output id="answer" dir="auto" aria-live="polite"></output>
{pages}<h2>From a program</h2>
<pre>from openai import OpenAI

client = OpenAI(base_url=BASE + "/v1", api_key="none")
print(client.completions.create(model="{first}", prompt="Hello", max_tokens=50).choices[0].text)</pre>
<script>
const $ = id => document.getElementById(id);
let going = null;
$("stop").onclick = () => going && going.abort();
$("ask").onsubmit = async event => {{
  event.preventDefault();
  if (going) going.abort();
  const mine = going = new AbortController();
  $("answer").textContent = "";
  $("stop").disabled = false;
  try {{
    const response = await fetch("/v1/completions", {{
      method: "POST", signal: mine.signal, headers: {{"Content-Type": "application/json"}},
      body: JSON.stringify({{model: $("model").value, prompt: $("prompt").value, stream: true}})}});
    if (!response.ok) throw new Error((await response.json()).error.message);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "";;) {{
      const {{value, done}} = await reader.read();
      if (done) break;
      const events = (rest + value).split("\\n\\n");
      rest = events.pop();
      for (const event of events) {{
        if (event === "data: [DONE]") continue;
        const chunk = JSON.parse(event.slice(6));
        if (chunk.error) throw new Error(chunk.error.message);
        $("answer").append(chunk.choices[0].text);
      }}
    }}
  }} catch (error) {{
    if (error.name !== "AbortError") $("answer").append("\\n" + error.message);
  }} finally {{
    if (going === mine) {{ going = null; $("stop").disabled = true; }}
  }}
}};
</script></body></html>
"""


def start_page(models: Sequence[Served]) -> str:
    """The page, as HTML; names are text, never markup."""
    names = [html.escape(one.name, quote=True) for one in models]
    options = "".join(f'<option value="{name}">{name}</option>' for name in names)
    links = [(quote(one.name, safe=""), html.escape(one.name)) for one in models if one.page]
    shown = "".join(f'<li><a href="page/{link}">{name}</a></li>' for link, name in links)
    pages = f"<h2>In your browser</h2>\n<p>These run in the page itself and show how they work:</p><ul>{shown}</ul>\n"
    return _PAGE.format(options=options, first=names[0], pages=pages if links else "")
