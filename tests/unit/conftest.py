"""For the tests of the runner and the command a small book in a folder of its own; axes to draw on."""

import json
import sys
from pathlib import Path

import pytest

from bosonpeak.paths import project_root

# some tests read functions of the workflow's scripts, which import one another by name
sys.path.insert(0, str(project_root() / "workflow" / "scripts"))

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---

"""

GOOD = f"""{HEADER}# A good chapter

```{{code-cell}} ipython3
:tags: [parameters]

n = 60
width = 0.5
scale = "book"
levels = [0.1, 0.2]
fixed = True
structure = None
label = "a"
```

## Where it is

```{{code-cell}} ipython3
import os, sys
print(n, width, scale, levels, fixed, structure)
print(os.path.basename(os.getcwd()), sys.prefix)
```

```{{code-cell}} ipython3
from IPython.display import display
from bosonpeak.archive.files import seal
payload = seal({{"chapter": "good", "scale": scale, "records": [{{"id": "good/first", "value": n}}]}})
display({{"application/vnd.bosonpeak.claims+json": payload, "text/plain": "claims"}}, raw=True)
```
"""

BAD = f"""{HEADER}# A bad chapter

```{{code-cell}} ipython3
:tags: [parameters]
n = 1
```

## The part that breaks

```{{note}}
# no heading
```

```{{code-cell}} ipython3
print("before")
```

```{{code-cell}} ipython3
1 / (n - n)
```

## Never reached

```{{code-cell}} ipython3
print("after")
```
"""

KILLED = f"""{HEADER}# A killed chapter

## The part that dies

```{{code-cell}} ipython3
import os
os._exit(3)
```
"""


@pytest.fixture
def small_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root of a project with the chapters good and bad, a page that dies, a plain page, and the scale ci."""
    (tmp_path / "data" / "claims").mkdir(parents=True)
    scales = tmp_path / "book" / "scales"
    scales.mkdir(parents=True)
    book = tmp_path / "book"
    (book / "good.md").write_text(GOOD, encoding="utf-8")
    (book / "bad.md").write_text(BAD, encoding="utf-8")
    (book / "killed.md").write_text(KILLED, encoding="utf-8")
    (book / "plain.md").write_text("# Only text\n\n---\n\nNothing runs here.\n", encoding="utf-8")
    (scales / "ci.yml").write_text(json.dumps({"good": {"n": 12}}), encoding="utf-8")
    monkeypatch.setenv("BOSONPEAK_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def axes():
    """Of a figure of its own."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)
