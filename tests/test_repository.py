"""The one setting of the project's address: with it every link is there, without it none dangles."""

import re

import pytest

from book._ext import repository
from book._ext.myst import read
from book._ext.wheel import wheel_name
from tests.notebooks import ROOT

RUN = ROOT / "book" / "run.md"
STEMS = ["01-neuron", "02-rate"]


def test_without_an_address_nothing_points_to_a_repository():
    texts = repository.Repository().texts(STEMS)
    said = "\n".join(texts.values())
    for word in ("git clone", "github", "mybinder", "blob", "None"):
        assert word not in said
    assert "make book" in texts["clone"]
    assert all(text.strip() for text in texts.values())


@pytest.mark.parametrize("address", ["https://github.com/owner/name", "https://git.example.org/owner/name"])
def test_with_an_address_every_chapter_has_its_links(address):
    where = repository.Repository(address, "main")
    texts = where.texts(STEMS)
    assert f"git clone {address}\ncd name\nmake book" in texts["clone"]
    for stem in STEMS:
        assert where.binder(stem) in texts["binder"]
        assert where.binder(stem).endswith(f"/notebooks?urlpath=lab/tree/{stem}.ipynb")
        if where.is_github:
            assert (
                f"(https://colab.research.google.com/github/owner/name/blob/notebooks/{stem}.ipynb)" in texts["colab"]
            )
            assert "/v2/gh/owner/name/notebooks" in where.binder(stem)
        else:
            assert where.colab(stem) == ""
            assert "Upload notebook" in texts["colab"]
            assert "/v2/git/https%3A%2F%2Fgit.example.org%2Fowner%2Fname/notebooks" in where.binder(stem)


def test_the_page_uses_every_text_and_names_the_package_as_it_is():
    text = RUN.read_text(encoding="utf-8")
    assert set(re.findall(r"\{\{ (\w+) \}\}", text)) == set(repository.Repository().texts([]))
    assert set(re.findall(r"netmod-[\w.-]+\.whl", text)) == {wheel_name(ROOT)}
    labels = read(RUN).labels
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= labels


def test_the_setting_is_read_from_the_configuration(tmp_path):
    (tmp_path / "_config.yml").write_text("repository: {url: https://github.com/a/b/, branch: dev}\n")
    assert repository.of(tmp_path) == repository.Repository("https://github.com/a/b", "dev")
    (tmp_path / "_config.yml").write_text("title: x\n")
    assert repository.of(tmp_path) == repository.Repository()
