"""The one setting of where the project lives, and all that hangs on it: clone, Colab, Binder, edit links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import yaml

NOTEBOOKS = "notebooks"
"""The branch that holds the students' notebooks and the package."""


@dataclass(frozen=True)
class Repository:
    """The address of the project ("" if none is set) and its main branch."""

    url: str = ""
    branch: str = "main"

    @property
    def path(self) -> str:
        """Owner and name."""
        return urlsplit(self.url).path.strip("/")

    @property
    def is_github(self) -> bool:
        """Whether Colab can open it."""
        return urlsplit(self.url).netloc == "github.com"

    def colab(self, stem: str) -> str:
        """Return the address of a notebook in Colab; "" where there is none."""
        if not self.is_github:
            return ""
        return f"https://colab.research.google.com/github/{self.path}/blob/{NOTEBOOKS}/{stem}.ipynb"

    def binder(self, stem: str) -> str:
        """Return the address of a notebook in Binder; "" where there is none."""
        if not self.url:
            return ""
        where = f"gh/{self.path}" if self.is_github else f"git/{quote(self.url, safe='')}"
        return f"https://mybinder.org/v2/{where}/{NOTEBOOKS}?urlpath=lab/tree/{stem}.ipynb"

    def texts(self, stems: Iterable[str]) -> dict[str, str]:
        """Return what run.md says about cloning, Colab and Binder; `stems` are the notebooks."""
        colab = ", ".join(f"[{stem}]({self.colab(stem)})" for stem in stems if self.colab(stem))
        binder = ", ".join(f"[{stem}]({self.binder(stem)})" for stem in stems if self.binder(stem))
        by_hand = (
            "open [Colab](https://colab.research.google.com), choose File, Upload notebook, then put the package "
            "into the folder at the left (the folder icon) and run the cells."
        )
        return {
            "clone": f"```\ngit clone {self.url}\ncd {self.path.rpartition('/')[2]}\nmake book\n```"
            if self.url
            else "```\nmake book\n```",
            "colab": f"Open a chapter: {colab}. Its first cell installs the package, which takes a minute."
            if colab
            else f"Download **Notebook** and **Package** from a chapter, {by_hand}",
            "binder": f"Open a chapter: {binder}. The first start takes some minutes."
            if binder
            else "This copy of the book names no public repository, which Binder would need. Use Colab, or a Python.",
        }


def of(root: Path) -> Repository:
    """Return the repository that the book's configuration names."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    setting = config.get("repository") or {}
    return Repository(str(setting.get("url") or "").rstrip("/"), str(setting.get("branch") or "main"))
